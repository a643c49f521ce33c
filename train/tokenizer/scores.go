package tokenizer

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Merging by scores is SentencePiece's own BPE (Kudo & Richardson 2018), of Llama 2's and
// Gemma's files. There is no list of merges: any two neighbours whose union is a token may
// become that token, the union of the highest score first, leftmost first among equals. So
// a token can be reached through a character that is none, and what is still no token at
// the end is written in bytes. The rules are those of the library's bpe_model.cc.

// setScores ranks the tokens that merging may make. nil: merges are listed.
func (t *Tokenizer) setScores(scores []float32) error {
	if scores == nil {
		return nil
	}
	if len(scores) != len(t.tokens) {
		return fmt.Errorf("%d tokens but %d scores", len(t.tokens), len(scores))
	}
	t.ranks = make([]int32, len(scores))
	var order []int32
	for i, s := range scores {
		if s != s {
			return fmt.Errorf("token %d (%q) has a score that is not a number", i, t.tokens[i])
		}
		t.ranks[i] = -1
		// Unused tokens are steps on the way to others, and come apart again if they stay.
		if t.reachable(int32(i)) || t.kinds[i].base() == kindUnused {
			order = append(order, int32(i))
			t.longest = max(t.longest, len(t.tokens[i]))
		}
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(scores[b], scores[a]) })
	rank := int32(0)
	for i, id := range order {
		if i > 0 && scores[id] != scores[order[i-1]] {
			rank++
		}
		t.ranks[id] = rank
	}
	return nil
}

// piece is the token that text spells, noID if merging cannot make it.
func (t *Tokenizer) piece(text []byte) int32 {
	if len(text) > t.longest {
		return noID
	}
	id, ok := t.ids[string(text)]
	if !ok || t.ranks[id] < 0 {
		return noID
	}
	return id
}

// scoreScratch holds what merging one word by scores needs, for reuse.
type scoreScratch struct {
	text []byte  // the word, spaces as "▁"
	ends []int32 // of each symbol in text, −1 of those that were merged away
	// unused says which halves of text an unused token could be made of when it was last
	// met: start, middle, end.
	unused map[int32][3]int32
}

// byScores encodes one pre-token; complete is as in merge.
func (e *encoder) byScores(word string) (complete bool, err error) {
	t, sc := e.t, e.scratch
	s := &sc.scores
	s.text, s.ends = s.text[:0], s.ends[:0]
	sc.symbols, sc.heap = sc.symbols[:0], sc.heap[:0]
	clear(s.unused)
	for i := 0; i < len(word); {
		r, w := utf8.DecodeRuneInString(word[i:])
		start := len(s.text)
		if r == ' ' {
			s.text = append(s.text, spaceMark...)
		} else {
			s.text = append(s.text, word[i:i+w]...)
		}
		sc.symbols = appendSymbol(sc.symbols, t.piece(s.text[start:]))
		s.ends = append(s.ends, int32(len(s.text)))
		i += w
	}
	sym := sc.symbols
	if len(sym) > 0 {
		sym[len(sym)-1].next = -1
	}
	for i := range len(sym) - 1 {
		t.proposeScored(sc, int32(i))
	}
	for len(sc.heap) > 0 {
		c := sc.pop()
		left := &sym[c.pos]
		// A symbol that grew has another end.
		if left.next < 0 || s.ends[c.pos] != c.left || s.ends[left.next] != c.right {
			continue
		}
		gone := left.next
		left.id, left.next = c.id, sym[gone].next
		s.ends[c.pos], s.ends[gone] = c.right, -1
		if left.next >= 0 {
			sym[left.next].prev = c.pos
			t.proposeScored(sc, c.pos)
		}
		if left.prev >= 0 {
			t.proposeScored(sc, left.prev)
		}
	}
	complete = true
	for i := int32(0); i >= 0 && int(i) < len(sym); i = sym[i].next {
		start := sc.start(i)
		if complete, err = e.scored(word, start, s.ends[i], complete); err != nil {
			return false, err
		}
	}
	return complete, nil
}

// start is where the text of the symbol at pos begins.
func (sc *mergeScratch) start(pos int32) int32 {
	if prev := sc.symbols[pos].prev; prev >= 0 {
		return sc.scores.ends[prev]
	}
	return 0
}

// proposeScored queues the merge of the symbol at pos with its right neighbour, if their
// union is a token.
func (t *Tokenizer) proposeScored(sc *mergeScratch, pos int32) {
	s := &sc.scores
	start, middle, end := sc.start(pos), s.ends[pos], s.ends[sc.symbols[pos].next]
	id := t.piece(s.text[start:end])
	if id == noID {
		return
	}
	sc.push(candidate{pos: pos, rank: t.ranks[id], left: middle, right: end, id: id})
	if t.kinds[id].base() == kindUnused {
		if s.unused == nil {
			s.unused = map[int32][3]int32{}
		}
		s.unused[id] = [3]int32{start, middle, end}
	}
}

// scored appends the token of a stretch of the word's text; an unused one as the tokens of
// its halves, no token at all as those of its bytes.
func (e *encoder) scored(word string, start, end int32, complete bool) (bool, error) {
	t, s := e.t, &e.scratch.scores
	text := s.text[start:end]
	id := t.piece(text)
	if id != noID {
		halves, made := s.unused[id]
		if !made || t.kinds[id].base() != kindUnused {
			e.dst = append(e.dst, id)
			return complete, nil
		}
		complete, err := e.scored(word, halves[0], halves[1], complete)
		if err != nil {
			return false, err
		}
		return e.scored(word, halves[1], halves[2], complete)
	}
	lacks := firstMissing(t, text)
	if lacks < 0 {
		for _, b := range text {
			e.dst = append(e.dst, t.byteID[b])
		}
		return complete, nil
	}
	if !e.o.AllowMissing {
		return false, e.missing(word, wordOffset(word, int(start)+lacks))
	}
	// One unknown token stands for a run.
	if t.unk != noID && !(start > 0 && len(e.dst) > 0 && e.dst[len(e.dst)-1] == t.unk) {
		e.dst = append(e.dst, t.unk)
	}
	return false, nil
}

// wordOffset is the place in the word of a place in its text.
func wordOffset(word string, at int) int {
	for i := range len(word) {
		width := 1
		if word[i] == ' ' {
			width = len(spaceMark)
		}
		if at < width {
			return i
		}
		at -= width
	}
	return len(word)
}
