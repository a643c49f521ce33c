package corpus_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
	"firsttoken/train/corpus/shard"
)

// unique ids make every token of the text recognisable: document d is base, base+1, …, and no two
// documents follow each other.
type uniqueText struct {
	file      *shard.File
	specials  corpus.Specials
	documents [][]int32
	document  []int // [V] of each id, −1 for specials
}

func randomLengths(rng *rand.Rand, documents, longest int) []int {
	lengths := make([]int, documents)
	for d := range lengths {
		lengths[d] = 1 + rng.IntN(longest)
	}
	return lengths
}

func newUniqueText(t testing.TB, lengths []int) uniqueText {
	t.Helper()
	var u uniqueText
	next := int32(0)
	for _, n := range lengths {
		doc := make([]int32, n)
		for i := range doc {
			doc[i] = next
			u.document = append(u.document, len(u.documents))
			next++
		}
		u.documents = append(u.documents, doc)
		next++ // a gap, so that neighbours in numbers are neighbours in a document
		u.document = append(u.document, -1)
	}
	u.specials = corpus.Specials{BOS: next, EOS: next + 1}
	u.document = append(u.document, -1, -1)
	path := filepath.Join(t.TempDir(), "unique.tokens")
	w, err := shard.Create(path, len(u.document))
	require.NoError(t, err)
	for _, doc := range u.documents {
		require.NoError(t, w.Add(doc))
	}
	require.NoError(t, w.Commit())
	u.file, err = shard.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, u.file.Close()) })
	return u
}

// item is a token of the reference's stream.
type item struct {
	id       int32
	document int
	role     string // "text", "bos", "eos"
}

// stream is the concatenation of documents in the order given, written as the definition reads.
func (u uniqueText) stream(p corpus.Packing, order []int) []item {
	var s []item
	for _, d := range order {
		if p.BOS == corpus.BOSDocument {
			s = append(s, item{u.specials.BOS, d, "bos"})
		}
		for _, id := range u.documents[d] {
			s = append(s, item{id, d, "text"})
		}
		if p.EOS {
			s = append(s, item{u.specials.EOS, d, "eos"})
		}
	}
	return s
}

// requireWindow checks a window that begins at place at of the stream against the definitions of
// Packing.
func (u uniqueText) requireWindow(t *testing.T, p corpus.Packing, stream []item, at int, w corpus.Batch) {
	t.Helper()
	fixed := p.BOS == corpus.BOSFixed
	segment, position, last := int32(0), int32(0), -1
	for i := range w.T {
		// place of the input in the stream, −1 for a fixed ⟨bos⟩
		here := at + i
		if fixed {
			here--
		}
		where := fmt.Sprintf("%s, window at %d, position %d", p, at, i)
		if fixed && i == 0 {
			require.Equal(t, u.specials.BOS, w.Tokens[0], where)
			require.Zero(t, w.Segments[0], where)
			require.Zero(t, w.Positions[0], where)
			if at < len(stream) {
				require.Equal(t, stream[at].id, w.Targets[0], where)
				require.EqualValues(t, 1, w.Weights[0], where)
			}
			continue
		}
		if here >= len(stream) {
			require.Equal(t, corpus.SegmentPadding, w.Segments[i], where)
			require.Zero(t, w.Weights[i], where)
			continue
		}
		in := stream[here]
		require.Equal(t, in.id, w.Tokens[i], where)
		if in.document != last {
			last = in.document
			segment++
			position = 0
			if fixed {
				position = 1
			}
		}
		require.Equal(t, segment, w.Segments[i], where)
		if p.Positions == corpus.PositionsRestarted {
			require.Equal(t, position, w.Positions[i], where)
		} else {
			require.EqualValues(t, i, w.Positions[i], where)
		}
		position++
		if here+1 == len(stream) {
			require.Zero(t, w.Weights[i], where)
			continue
		}
		target := stream[here+1]
		require.Equal(t, target.id, w.Targets[i], where)
		counts := target.role != "bos" &&
			(target.document == in.document || p.Mask == corpus.MaskCausal) &&
			!(fixed && i == w.T-1)
		require.Equal(t, counts, w.Weights[i] == 1, where)
		require.Contains(t, []float32{0, 1}, w.Weights[i], where)
	}
}

func TestHeldOutWindows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, p := range corpus.Packings() {
		for _, T := range []int{2, 3, 8, 64} {
			u := newUniqueText(t, randomLengths(rng, 1+rng.IntN(12), 9))
			if u.file.Tokens() < 2 {
				continue
			}
			w, err := corpus.HeldOutWindows(u.file, p, u.specials, T)
			require.NoError(t, err)
			order := make([]int, len(u.documents))
			for d := range order {
				order[d] = d
			}
			stream := u.stream(p, order)
			stride := T
			if p.BOS == corpus.BOSFixed {
				stride--
			}
			// As few windows as hold all targets: none is for the last token alone.
			targets := len(stream) - 1
			if p.BOS == corpus.BOSFixed {
				targets++
			}
			require.Equal(t, (targets+stride-1)/stride, w.Windows(), p)
			b, err := w.Batch(0, w.Windows()+2)
			require.NoError(t, err)
			counted := map[int32]int{}
			for i := range b.B {
				u.requireWindow(t, p, stream, i*stride, b.Row(i))
				for j, weight := range b.Row(i).Weights {
					if weight == 1 {
						counted[b.Row(i).Targets[j]]++
					}
				}
			}
			// No target counts twice, and which are left out is known: the first of all, unless a
			// ⟨bos⟩ precedes it, and under intra-document masking all firsts that no ⟨bos⟩ of any
			// kind precedes.
			left := 0
			for d, doc := range u.documents {
				for i, id := range doc {
					require.LessOrEqual(t, counted[id], 1, "%s: id %d", p, id)
					if counted[id] == 0 {
						require.Zero(t, i, "%s: token %d of document %d does not count", p, i, d)
						left++
					}
				}
			}
			switch {
			case p.BOS == corpus.BOSDocument, p.BOS == corpus.BOSFixed && p.Mask == corpus.MaskCausal:
				require.Zero(t, left, p)
			case p.Mask == corpus.MaskCausal:
				require.Equal(t, 1, left, p)
			case p.BOS == corpus.BOSNone:
				require.Equal(t, len(u.documents), left, p)
			default: // fixed: firsts that begin a window count
				require.Less(t, left, len(u.documents), p)
			}
			require.NotContains(t, counted, u.specials.BOS, p)
		}
	}
}

// Over a number of windows that is a whole number of epochs, each token is an input once an epoch.
func TestTrainingWindowsTile(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, p := range corpus.Packings() {
		u := newUniqueText(t, randomLengths(rng, 2+rng.IntN(6), 7))
		T := 2 + rng.IntN(12)
		w, err := corpus.TrainingWindows(u.file, p, u.specials, T, 9)
		require.NoError(t, err)
		order := make([]int, len(u.documents))
		for d := range order {
			order[d] = d
		}
		epoch, stride := len(u.stream(p, order)), T
		if p.BOS == corpus.BOSFixed {
			stride--
		}
		// epoch windows of stride tokens are stride epochs.
		inputs := map[int32]int{}
		for i := range epoch {
			b, err := w.Batch(i, 1)
			require.NoError(t, err)
			for j, id := range b.Tokens {
				if j > 0 || p.BOS != corpus.BOSFixed {
					inputs[id]++
				}
				require.NotEqual(t, corpus.SegmentPadding, b.Segments[j])
				// Within a document, the target is the next token, and only there is the next
				// number.
				if d := u.document[id]; d >= 0 && id+1 < int32(len(u.document)) && u.document[id+1] == d {
					require.Equal(t, id+1, b.Targets[j], p)
				}
			}
		}
		for d, doc := range u.documents {
			for _, id := range doc {
				require.Equal(t, stride, inputs[id], "%s, T = %d: id %d of document %d", p, T, id, d)
			}
		}
	}
}

// Training windows are the stream of epochs, cut and shuffled within each epoch.
func TestTrainingWindowsFollowTheStream(t *testing.T) {
	const epochs = 4
	rng := rand.New(rand.NewPCG(5, 6))
	for _, p := range corpus.Packings() {
		u := newUniqueText(t, randomLengths(rng, 20, 20))
		T := 2 + rng.IntN(20)
		stride := T
		if p.BOS == corpus.BOSFixed {
			stride--
		}
		w, err := corpus.TrainingWindows(u.file, p, u.specials, T, 11)
		require.NoError(t, err)
		var stream []item
		for e := range int64(epochs) {
			order := w.Order(e)
			require.ElementsMatch(t, w.Order(0), order)
			for _, in := range u.stream(p, order) {
				in.document += int(e) * len(order) // the same document again is another
				stream = append(stream, in)
			}
		}
		require.NotEqual(t, w.Order(0), w.Order(1), "each epoch has its order")
		n := len(stream) * (epochs - 1) / epochs / stride // windows that end within the stream
		places := make([]int, n)
		for i := range places {
			at := int(w.Place(int64(i)))
			places[i] = at
			b, err := w.Batch(i, 1)
			require.NoError(t, err)
			u.requireWindow(t, p, stream, at, b)
		}
		require.False(t, slices.IsSorted(places), p)
		// In each epoch, the windows that begin in it, each once.
		epoch := len(stream) / epochs
		i := 0
		for e := range epochs - 1 {
			var want []int
			for at := (e*epoch + stride - 1) / stride * stride; at < (e+1)*epoch; at += stride {
				want = append(want, at)
			}
			got := places[i:min(i+len(want), n)]
			if len(got) == len(want) {
				require.ElementsMatch(t, want, got, "%s, epoch %d", p, e)
			}
			i += len(got)
		}
		require.Greater(t, i, n/2)
	}
}

func TestTrainingWindowsDependOnSeedAndStepAlone(t *testing.T) {
	u := newUniqueText(t, randomLengths(rand.New(rand.NewPCG(7, 8)), 40, 30))
	p := corpus.DefaultPacking()
	open := func(seed uint64) *corpus.Windows {
		w, err := corpus.TrainingWindows(u.file, p, u.specials, 8, seed)
		require.NoError(t, err)
		return w
	}
	batch := func(w *corpus.Windows, step, b int) corpus.Batch {
		out, err := w.Batch(step, b)
		require.NoError(t, err)
		return out
	}
	w := open(1)
	steps := 3 * w.Windows() / 4 // of 4 windows each: three epochs
	var want []corpus.Batch
	for step := range steps {
		want = append(want, batch(w, step, 4))
	}
	// Backwards, from a new reader each time, and from many goroutines of one reader.
	for step := steps - 1; step >= 0; step -= 7 {
		require.Equal(t, want[step], batch(open(1), step, 4))
		require.Equal(t, want[step], batch(w, step, 4))
	}
	var wg sync.WaitGroup
	got := make([]corpus.Batch, steps)
	for step := range steps {
		wg.Go(func() { got[step], _ = w.Batch(step, 4) })
	}
	wg.Wait()
	require.Equal(t, want, got)
	// Micro-batches hold the windows of the batch.
	for i := range 4 {
		require.Equal(t, want[5].Row(i), batch(w, 5*4+i, 1))
	}
	// Other seeds and epochs have another order.
	require.NotEqual(t, want[0].Tokens, batch(open(2), 0, 4).Tokens)
	firstOfEpoch := func(e int) (ids []int32) {
		for i := range w.Windows() {
			ids = append(ids, batch(w, e*w.Windows()+i, 1).Tokens[0])
		}
		return ids
	}
	require.NotEqual(t, firstOfEpoch(0), firstOfEpoch(1))
}

// Windows shorter and longer read the same number of tokens a step when B·T is the same, and fixed
// ⟨bos⟩ costs one a window.
func TestEqualBudgets(t *testing.T) {
	u := newUniqueText(t, randomLengths(rand.New(rand.NewPCG(9, 10)), 50, 40))
	for _, T := range []int{4, 16, 64} {
		w, err := corpus.TrainingWindows(u.file, corpus.DefaultPacking(), u.specials, T, 1)
		require.NoError(t, err)
		b, err := w.Batch(2, 64/T)
		require.NoError(t, err)
		require.Equal(t, []int{64 / T, T, 64}, []int{b.B, b.T, len(b.Tokens)})
		require.Equal(t, T, w.T())
		require.Equal(t, len(u.document), w.V())
	}
}

func TestWindowsRefusals(t *testing.T) {
	f := testShard(t, "abc", "de")
	fixed := corpus.Packing{Mask: corpus.MaskCausal, BOS: corpus.BOSFixed, Positions: corpus.PositionsContinued}
	for _, c := range []struct {
		file     *shard.File
		packing  corpus.Packing
		specials corpus.Specials
		t        int
		says     string
	}{
		{f, corpus.Packing{}, testSpecials, 8, "Packing.Mask"},
		{f, corpus.DefaultPacking(), corpus.Specials{BOS: testBOS, EOS: -1}, 8, `packing "causal, eos" needs EOS, but its id -1 is outside the vocabulary [0, 28)`},
		{f, fixed, corpus.Specials{BOS: testV}, 8, "needs BOS"},
		{f, corpus.DefaultPacking(), testSpecials, 0, "windows of 0 tokens"},
		{f, fixed, testSpecials, 1, "windows of 1 tokens leave no room for text"},
		{testShard(t, "a"), fixed, testSpecials, 8, "1 tokens: windows need at least an input and a target"},
	} {
		_, err := corpus.TrainingWindows(c.file, c.packing, c.specials, c.t, 0)
		require.ErrorContains(t, err, c.says)
		_, err = corpus.HeldOutWindows(c.file, c.packing, c.specials, c.t)
		require.ErrorContains(t, err, c.says)
	}
	w, err := corpus.TrainingWindows(f, fixed, testSpecials, 4, 0)
	require.NoError(t, err)
	_, err = w.Batch(-1, 1)
	require.ErrorContains(t, err, "at step -1")
	_, err = w.Batch(0, 0)
	require.ErrorContains(t, err, "a batch of 0 windows")
}

// A text shorter than a window: the window holds several epochs.
func TestTinyText(t *testing.T) {
	f := testShard(t, "ab", "c")
	w, err := corpus.TrainingWindows(f, corpus.DefaultPacking(), testSpecials, 32, 1)
	require.NoError(t, err)
	b, err := w.Batch(3, 2)
	require.NoError(t, err)
	for _, count := range []struct {
		id   int32
		want int
	}{{0, 64 / 5}, {2, 64 / 5}} {
		n := 0
		for _, id := range b.Tokens {
			if id == count.id {
				n++
			}
		}
		require.InDelta(t, count.want, n, 2)
	}
}

func BenchmarkBatch(b *testing.B) {
	u := newUniqueText(b, randomLengths(rand.New(rand.NewPCG(1, 1)), 2000, 4000))
	for _, p := range corpus.PaperPackings() {
		b.Run(p.String(), func(b *testing.B) {
			w, err := corpus.TrainingWindows(u.file, p, u.specials, 128, 1)
			require.NoError(b, err)
			for step := 0; b.Loop(); step++ {
				if _, err := w.Batch(step, 32); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
