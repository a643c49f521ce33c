package corpus

import (
	"bytes"
	"cmp"
	"container/heap"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Sample draws n documents uniformly, without replacement, or all of them if the source has fewer.
//
// The documents are ordered by a hash of seed and text and the first n are taken, in that order. So
// the result does not depend on the order of the source, and a smaller sample is the beginning of a
// larger one of the same seed: results on 1,000 documents stay comparable when 10,000 are tried.
func Sample(src Source, n int, seed uint64) (Source, error) {
	if n < 1 {
		return nil, fmt.Errorf("corpus: a sample of %d documents was asked for: give a number of at least 1", n)
	}
	return sample{src, n, seed}, nil
}

type sample struct {
	Source
	n    int
	seed uint64
}

func (s sample) Recipe() string {
	return derived(s.Source, fmt.Sprintf("sample of %d, seed %d", s.n, s.seed))
}

func (s sample) Documents() iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		// A heap of the n best so far, worst on top: one pass, n documents in memory.
		var best drawHeap
		for d, err := range s.Source.Documents() {
			if err != nil {
				yield(Document{}, err)
				return
			}
			x := draw{keyed("sample", s.seed, d.Text), d}
			if len(best) < s.n {
				heap.Push(&best, x)
			} else if x.compare(best[0]) < 0 {
				best[0] = x
				heap.Fix(&best, 0)
			}
		}
		slices.SortFunc(best, draw.compare)
		for _, x := range best {
			if !yield(x.doc, nil) {
				return
			}
		}
	}
}

// draw is a document with its place in the random order.
type draw struct {
	key digest
	doc Document
}

// compare orders by key, copies of one text by name.
func (a draw) compare(b draw) int {
	return cmp.Or(bytes.Compare(a.key[:], b.key[:]), strings.Compare(a.doc.Name, b.doc.Name))
}

type drawHeap []draw

func (h drawHeap) Len() int           { return len(h) }
func (h drawHeap) Less(i, j int) bool { return h[i].compare(h[j]) > 0 }
func (h drawHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *drawHeap) Push(x any)        { *h = append(*h, x.(draw)) }
func (h *drawHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
