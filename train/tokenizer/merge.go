package tokenizer

// mergeRule says that a pair of tokens becomes the token id; lower ranks first.
type mergeRule struct{ rank, id int32 }

func pair(left, right int32) uint64 { return uint64(uint32(left))<<32 | uint64(uint32(right)) }

// symbol is one token of a word being merged, in a doubly linked list.
type symbol struct{ id, prev, next int32 }

// candidate is a merge that was possible when it was found: the symbol at pos
// with its right neighbour.
type candidate struct {
	pos, rank   int32
	left, right int32 // the pair, to see later whether it still stands there; by scores, where its halves end
	id          int32
}

func (c candidate) before(d candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.pos < d.pos
}

// mergeScratch holds the buffers of one merge, for reuse.
type mergeScratch struct {
	symbols []symbol
	heap    []candidate
	scores  scoreScratch
}

// appendSymbol lays out one more token of a word.
func appendSymbol(sym []symbol, id int32) []symbol {
	n := int32(len(sym))
	return append(sym, symbol{id: id, prev: n - 1, next: n + 1})
}

// appendMerged merges the tokens in sc.symbols, of single bytes or characters, and
// appends the result to dst. The queue keeps it at O(n log n) for a word of n
// bytes, so a megabyte without a space is no trap.
func (t *Tokenizer) appendMerged(dst []int32, sc *mergeScratch) []int32 {
	sym := sc.symbols
	if len(sym) > 0 {
		sym[len(sym)-1].next = -1
	}
	sc.heap = sc.heap[:0]
	for i := range len(sym) - 1 {
		t.propose(sc, int32(i))
	}
	for len(sc.heap) > 0 {
		c := sc.pop()
		s := &sym[c.pos]
		if s.id != c.left || s.next < 0 || sym[s.next].id != c.right {
			continue // an earlier merge took one of the two
		}
		gone := &sym[s.next]
		s.id, s.next = c.id, gone.next
		gone.id = noID
		if s.next >= 0 {
			sym[s.next].prev = c.pos
			t.propose(sc, c.pos)
		}
		if s.prev >= 0 {
			t.propose(sc, s.prev)
		}
	}
	for i := int32(0); i >= 0 && int(i) < len(sym); i = sym[i].next {
		dst = append(dst, sym[i].id)
	}
	return dst
}

// propose queues the merge of the symbol at pos with its right neighbour, if
// there is such a merge.
func (t *Tokenizer) propose(sc *mergeScratch, pos int32) {
	left, right := sc.symbols[pos].id, sc.symbols[sc.symbols[pos].next].id
	if m, ok := t.merges[pair(left, right)]; ok {
		sc.push(candidate{pos: pos, rank: m.rank, left: left, right: right, id: m.id})
	}
}

// push and pop are a binary heap. container/heap would box every candidate.
func (sc *mergeScratch) push(c candidate) {
	h := append(sc.heap, c)
	i := len(h) - 1
	for i > 0 {
		p := (i - 1) / 2
		if !c.before(h[p]) {
			break
		}
		h[i] = h[p]
		i = p
	}
	h[i] = c
	sc.heap = h
}

func (sc *mergeScratch) pop() candidate {
	h := sc.heap
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	i := 0
	for {
		c := 2*i + 1
		if c >= len(h) {
			break
		}
		if c+1 < len(h) && h[c+1].before(h[c]) {
			c++
		}
		if !h[c].before(last) {
			break
		}
		h[i] = h[c]
		i = c
	}
	if len(h) > 0 {
		h[i] = last
	}
	sc.heap = h
	return top
}
