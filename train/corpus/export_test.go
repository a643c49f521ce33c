package corpus

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
