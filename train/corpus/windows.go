package corpus

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"

	"firsttoken/train/corpus/shard"
)

// Windows cuts the documents of a shard into windows. It is the [Stream] of text.
//
// Training windows come from an endless stream of epochs. An epoch is every document once, in an
// order drawn from the seed and the number of the epoch; windows tile the stream, across the
// borders of epochs too, so that each token is read exactly once an epoch. The windows that begin
// in an epoch are handed out in an order drawn in the same way: otherwise the windows of a batch
// would be pieces of the same few documents.
//
// Held-out windows are one pass over the documents as they lie, in order, the last window filled up
// with padding.
type Windows struct {
	file     *shard.File
	packing  Packing
	t        int
	bos, eos int32
	training bool
	seed     uint64

	extra  int64 // tokens that packing adds to each document
	stride int64 // tokens of the stream in a window
	epoch  int64 // tokens of the stream in an epoch

	mu     sync.Mutex
	recent []*epochOrder // the last used, most recent first
}

// Specials are the ids of the tokens that packing adds.
type Specials struct{ BOS, EOS int32 }

// TrainingWindows cuts a shard for training into windows of t tokens.
func TrainingWindows(f *shard.File, p Packing, s Specials, t int, seed uint64) (*Windows, error) {
	w, err := newWindows(f, p, s, t)
	if err != nil {
		return nil, err
	}
	w.training, w.seed = true, seed
	return w, nil
}

// HeldOutWindows cuts a shard for evaluation into windows of t tokens.
func HeldOutWindows(f *shard.File, p Packing, s Specials, t int) (*Windows, error) {
	return newWindows(f, p, s, t)
}

func newWindows(f *shard.File, p Packing, s Specials, t int) (*Windows, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	w := &Windows{file: f, packing: p, t: t, bos: s.BOS, eos: s.EOS, stride: int64(t)}
	if p.BOS == BOSDocument {
		w.extra++
	}
	if p.EOS {
		w.extra++
	}
	if p.BOS == BOSFixed {
		w.stride--
	}
	w.epoch = f.Tokens() + w.extra*int64(f.Documents())
	for _, special := range []struct {
		name   string
		id     int32
		wanted bool
	}{{"BOS", s.BOS, p.BOS != BOSNone}, {"EOS", s.EOS, p.EOS}} {
		if special.wanted && (special.id < 0 || int(special.id) >= f.V()) {
			return nil, fmt.Errorf("corpus: packing %q needs %s, but its id %d is outside the vocabulary [0, %d)", p, special.name, special.id, f.V())
		}
	}
	switch {
	case w.stride < 1:
		return nil, fmt.Errorf("corpus: windows of %d tokens leave no room for text with packing %q: use longer ones", t, p)
	case w.epoch < 2:
		return nil, fmt.Errorf("corpus: %d tokens: windows need at least an input and a target", w.epoch)
	}
	return w, nil
}

// T implements [Stream].
func (w *Windows) T() int { return w.t }

// V implements [Stream].
func (w *Windows) V() int { return w.file.V() }

// Windows implements [Stream].
func (w *Windows) Windows() int {
	if w.training {
		return int(w.epoch / w.stride)
	}
	targets := w.epoch
	if w.packing.BOS != BOSFixed {
		targets-- // nothing precedes the first token, and the last needs no window of its own
	}
	return int((targets + w.stride - 1) / w.stride)
}

// Batch implements [Stream].
func (w *Windows) Batch(step, b int) (Batch, error) {
	if err := checkBatch(step, b); err != nil {
		return Batch{}, err
	}
	batch := NewBatch(b, w.t)
	tokens := make([]streamToken, w.stride+1)
	for i := range b {
		if err := w.read(tokens, w.place(int64(step)*int64(b)+int64(i))); err != nil {
			return Batch{}, err
		}
		w.compose(batch.Row(i), tokens)
	}
	return batch, nil
}

// place is where in the stream the window begins that is handed out as number n.
func (w *Windows) place(n int64) int64 {
	if !w.training {
		return n * w.stride
	}
	// The windows that begin in epoch e are those from ⌈e·epoch/stride⌉ on.
	e := n * w.stride / w.epoch
	first := (e*w.epoch + w.stride - 1) / w.stride
	count := ((e+1)*w.epoch+w.stride-1)/w.stride - first
	return (first + newPermutation(count, w.seed, uint64(e)).at(n-first)) * w.stride
}

// streamToken is a token of the stream and the document it belongs to.
type streamToken struct {
	id int32
	// document tells documents of the stream apart: their number in the stream, counted from 1, 0
	// behind its end.
	document int64
	bos      bool // put in before the document, not part of its text
}

// read fills dst with what stands in the stream from place at on.
func (w *Windows) read(dst []streamToken, at int64) error {
	var ids []int32
	for len(dst) > 0 {
		e := at / w.epoch
		if !w.training && e > 0 {
			clear(dst)
			return nil
		}
		order := w.order(e)
		offset := at % w.epoch
		i := order.find(offset)
		from, n := offset-order.starts[i], order.starts[i+1]-order.starts[i]
		part := dst[:min(int64(len(dst)), n-from)]
		text := part
		for j := range part {
			part[j] = streamToken{document: e*int64(len(order.documents)) + int64(i) + 1}
		}
		begin := from
		if w.packing.BOS == BOSDocument {
			if from == 0 {
				part[0].id, part[0].bos = w.bos, true
				text = text[1:]
			} else {
				begin--
			}
		}
		if w.packing.EOS && from+int64(len(part)) == n {
			part[len(part)-1].id = w.eos
			text = text[:len(text)-1]
		}
		ids = slices.Grow(ids[:0], len(text))[:len(text)]
		if err := w.file.Read(ids, int(order.documents[i]), begin); err != nil {
			return err
		}
		for j, id := range ids {
			text[j].id = id
		}
		dst, at = dst[len(part):], at+int64(len(part))
	}
	return nil
}

// compose makes a window of the stream's tokens: the inputs and, behind the last, its target.
func (w *Windows) compose(row Batch, tokens []streamToken) {
	fixed := w.packing.BOS == BOSFixed
	lead := 0 // inputs before the first of the stream
	if fixed {
		lead = 1
		row.Tokens[0], row.Targets[0] = w.bos, tokens[0].id
		if tokens[0].document != 0 {
			row.Weights[0] = 1
		}
	}
	segment, position := int32(0), int32(lead)
	for i, token := range tokens[:len(tokens)-1] {
		t, next := lead+i, tokens[i+1]
		if i == 0 || token.document != tokens[i-1].document {
			segment++
			if w.packing.Positions == PositionsRestarted {
				position = int32(lead)
			}
		}
		row.Tokens[t], row.Targets[t] = token.id, next.id
		row.Segments[t], row.Positions[t] = segment, position
		if token.document == 0 {
			row.Segments[t] = SegmentPadding
		}
		position++
		within := token.document == next.document || w.packing.Mask == MaskCausal
		last := fixed && t == w.t-1
		if within && next.document != 0 && !next.bos && !last {
			row.Weights[t] = 1
		}
	}
}

// epochOrder is the order of the documents in an epoch.
type epochOrder struct {
	epoch     int64
	documents []uint32
	starts    []int64 // where each begins in the epoch, and the end of the last
}

// find returns the place of the document that holds the token at an offset.
func (o *epochOrder) find(offset int64) int {
	return sort.Search(len(o.documents), func(i int) bool { return o.starts[i+1] > offset })
}

// order returns the order of an epoch, from memory if it was lately used: a window needs at most
// two, since one that begins in an epoch may end in the next.
func (w *Windows) order(epoch int64) *epochOrder {
	const kept = 3
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.recent, func(o *epochOrder) bool { return o.epoch == epoch })
	if i == 0 {
		return w.recent[0]
	}
	var o *epochOrder
	if i > 0 {
		o = w.recent[i]
		w.recent = slices.Delete(w.recent, i, i+1)
	} else {
		o = w.draw(epoch)
	}
	w.recent = slices.Insert(w.recent[:min(len(w.recent), kept-1)], 0, o)
	return o
}

func (w *Windows) draw(epoch int64) *epochOrder {
	n := w.file.Documents()
	o := &epochOrder{epoch: epoch, documents: make([]uint32, n), starts: make([]int64, n+1)}
	for i := range o.documents {
		o.documents[i] = uint32(i)
	}
	if w.training {
		rng := rand.New(rand.NewPCG(w.seed, uint64(epoch)))
		rng.Shuffle(n, func(i, j int) { o.documents[i], o.documents[j] = o.documents[j], o.documents[i] })
	}
	for i, d := range o.documents {
		o.starts[i+1] = o.starts[i] + w.file.Len(int(d)) + w.extra
	}
	return o
}
