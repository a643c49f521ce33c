package corpus

import "context"

// Order is the order of the documents in an epoch, for tests that lay the stream out.
func (w *Windows) Order(epoch int64) []int {
	var order []int
	for _, d := range w.order(epoch).documents {
		order = append(order, int(d))
	}
	return order
}

// Place is where in the stream window n begins.
func (w *Windows) Place(n int64) int64 { return w.place(n) }

// LockShards holds the lock on a folder of shards, as a process that makes them does.
func LockShards(folder string) (unlock func(), err error) {
	return builder{folder: folder}.lock(context.Background())
}
