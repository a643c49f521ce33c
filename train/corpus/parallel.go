package corpus

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// mapParallel returns f(0), …, f(n−1), computed on all cores.
func mapParallel[T any](n int, f func(i int) T) []T {
	out := make([]T, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				out[i] = f(i)
			}
		})
	}
	wg.Wait()
	return out
}
