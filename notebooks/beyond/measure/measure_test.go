package measure

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/beyond/values"
	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/local/backend"
	"firsttoken/train/transformer"
)

// W and T of the tests' models and texts.
const W, T = 16, 32

// tiny is a model of four layers, local and global in turn, in which every head of every layer rests
// on token 0 wherever it sees it: token 0's state points along one axis alone, where others have
// nothing, keys read that axis, and queries ask for it by their bias. Nothing is turned by position.
func tiny(t *testing.T) *transformer.Model {
	t.Helper()
	c := transformer.Tiny()
	c.Layers, c.Bias = 4, transformer.Bias{QKV: true}
	c.Kinds = map[string]transformer.Kind{"L": {Window: W, NoRope: true}, "G": {NoRope: true}}
	c.Tile = "LG"
	p, err := transformer.RandomParams(&c, dtypes.Float32, 0.1, 3)
	require.NoError(t, err)
	embed := tensors.MustCopyFlatData[float32](p.Embed)
	for i := range c.Width {
		embed[i] = 0
	}
	for id := range c.Vocab {
		embed[id*c.Width] = 0
	}
	embed[0] = 30
	p.Embed = tensors.FromFlatDataAndDimensions(embed, c.Vocab, c.Width)
	for l := range p.Layers {
		w := &p.Layers[l]
		key := tensors.MustCopyFlatData[float32](w.Key)
		for k := range c.KVHeads { // [K·Dh, D]: number 0 of each head is the axis
			key[k*c.HeadDim*c.Width] = 2
		}
		w.Key = tensors.FromFlatDataAndDimensions(key, w.Key.Shape().Dimensions...)
		bias := make([]float32, c.Heads*c.HeadDim)
		for h := range c.Heads {
			bias[h*c.HeadDim] = 2
		}
		w.QueryBias = tensors.FromFlatDataAndDimensions(bias, len(bias))
	}
	b, _, err := backend.Open()
	require.NoError(t, err)
	m, err := transformer.New(b, c, p)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

// texts begin with token 0, which they have nowhere else.
func texts(n, length int) [][]int32 {
	rng := rand.New(rand.NewPCG(5, uint64(n)))
	out := make([][]int32, n)
	for i := range out {
		out[i] = make([]int32, length)
		for t := 1; t < length; t++ {
			out[i][t] = 1 + rng.Int32N(63)
		}
	}
	return out
}

// The five metrics against whole patterns, in both kinds of layers and in texts that are padded.
func TestMetricsEqualPatterns(t *testing.T) {
	m := tiny(t)
	for _, length := range []int{T, T - 3} {
		ids := texts(1, length)[0]
		traces, err := probe.Run(m, [][]int32{ids}, probe.Options{Metrics: []ondevice.Metric{ondevice.ValueNorm}, Own: metrics(W), MetricsOnly: true})
		require.NoError(t, err)
		for l := range 2 {
			patterns, err := probe.Patterns(m, ids, []probe.Head{{Layer: l, Head: 3}})
			require.NoError(t, err)
			quantity := func(name string) []float32 { return traces[0].Own[name].Values[l][3] }
			masses := make([]float64, length)
			for q, row := range patterns[0] {
				largest, read := 0, 0.0
				for k, a := range row {
					if a > row[largest] {
						largest = k
					}
					read += a * float64(traces[0].ValueNorm[l][1][k])
					if q >= W {
						masses[k] += a
					}
				}
				require.Equal(t, float32(largest), quantity(argMax)[q])
				require.InDelta(t, read, quantity(readNorm)[q], 1e-5)
				require.LessOrEqual(t, quantity(zNorm)[q], quantity(readNorm)[q]+1e-6, "the triangle inequality")
				back := 0.0
				if q >= W-1 {
					back = row[q-W+1]
				}
				require.InDelta(t, back, quantity(oldest(W))[q], 1e-6)
			}
			for k, mass := range masses {
				require.InDelta(t, mass, quantity(massFrom(W))[k], 1e-5)
			}
		}
	}
}

// Heads made to rest on token 0 do so while it is in the window, and no longer; global ones and those
// without windows go on.
func TestTexts(t *testing.T) {
	docs := texts(3, T) // the last for attention alone
	out, err := Texts(tiny(t), nil, docs, 2)
	require.NoError(t, err)
	require.Equal(t, []any{W, T, 2, "LGLG", 4}, []any{out.Window, out.T, out.Bin, out.Kinds, out.Heads})
	require.Len(t, out.Runs, 8)
	is, hidden, wide := out.Runs[values.AsIs], out.Runs[values.Hidden], out.Runs[values.Wide]
	require.Len(t, is.Early, 3)
	require.Len(t, wide.Beyond, 2)
	require.Nil(t, hidden.Beyond)
	require.Greater(t, is.Early[2][0], values.Epsilon)
	for doc := range docs[:2] {
		for i := range 4 * 4 {
			require.Greater(t, is.Early[doc][i], values.Epsilon)
			require.Greater(t, is.Late[doc][i], values.Epsilon)
			require.Greater(t, wide.Beyond[doc][i], values.Epsilon)
			if i/4%2 == 0 { // a local layer
				require.Zero(t, is.Beyond[doc][i])
				require.Less(t, is.Any[doc][i], values.Epsilon)
			} else {
				require.Greater(t, is.Beyond[doc][i], values.Epsilon)
			}
		}
		require.Len(t, is.Loss[doc], T/2)
		require.Len(t, out.Runs[values.Later].Loss[doc], (T-W/2)/2)
		for b := range T / 2 {
			first := is.Local[values.First][doc][b]
			require.Zero(t, is.Local[values.OnSecond][doc][b])
			require.Equal(t, b > 0, hidden.Local[values.First][doc][b] == 0, "row 0 sees itself")
			if b < W/2 {
				require.Equal(t, 1.0, is.Local[values.OnFirst][doc][b])
				require.Greater(t, first, values.Epsilon)
				require.InDelta(t, first, is.Local[values.Largest][doc][b], 1e-6)
				require.InDelta(t, wide.Local[values.First][doc][b], first, 1e-3)
			} else {
				require.Zero(t, first)
			}
			require.LessOrEqual(t, is.Local[values.Passed][doc][b], is.Local[values.Read][doc][b])
			require.LessOrEqual(t, is.Global[values.Entropy][doc][b], 1.0)
		}
		require.Empty(t, is.Massive[doc])
		require.Less(t, is.Most[doc], 0.2)
		require.Equal(t, is.Loss[doc], out.Runs[values.Second].Loss[doc], "there is none to hide")
	}
	require.Equal(t, map[string]float64{values.First: 1}, out.Looks[0].Lags)
	require.Empty(t, out.Looks[0].Tokens)
	require.Zero(t, out.Looks[1].Lags[values.First])
	require.Len(t, out.Looks[1].Tokens, tokensShown)
	for i, first := range []float64{1, 0} {
		require.Len(t, out.Looks[i].Layers, 2)
		for j, l := range out.Looks[i].Layers {
			require.Equal(t, []any{2*j + 1, 4.0, first, 0.0}, []any{l.Layer, l.Heads, l.First, l.Massive})
		}
	}
	require.Positive(t, out.Looks[1].Layers[0].Share)
}

// Sink scores are means over the rows that see a key; a key that too few see is not searched.
func TestScores(t *testing.T) {
	w := &work{out: &values.Measured{Window: 4, Kinds: "L"}}
	trace := &sinks.Trace{L: 1, H: 1, T: 8, FirstMass: sinks.Cube(1, 1, 8), Own: map[string]*sinks.Own{massFrom(4): {Dims: "LHS", Values: sinks.Cube(1, 1, 8)}}}
	copy(trace.FirstMass[0][0], []float32{1, 0.5, 0.25, 0.75})
	copy(trace.Own[massFrom(4)].Values[0][0], []float32{0, 0.9, 0.2, 0.6, 1, 0.4, 0.4, 0.5})
	run := values.Run{Early: make([][]float64, 1), Late: make([][]float64, 1), Beyond: make([][]float64, 1), Any: make([][]float64, 1)}
	(&reading{work: w, t: trace}).scores(&run)
	require.Equal(t, []float64{0.75}, run.Early[0])
	require.Equal(t, []float64{0.5}, run.Late[0])
	require.Equal(t, []float64{0}, run.Beyond[0])
	require.Equal(t, []float64{0.25}, run.Any[0], "key 4, of the four rows from 4 to 7; keys 1 and 7 are seen by one")
}

func TestRefuses(t *testing.T) {
	m := tiny(t)
	for want, docs := range map[string][][]int32{
		"take a multiple of 2, at least 24":      texts(2, 20),
		"texts of 25 tokens":                     texts(2, 25),
		"text 2 has 26 tokens, the first has 24": {texts(1, 24)[0], texts(1, 26)[0]},
	} {
		_, err := Texts(m, nil, docs, 2)
		require.ErrorContains(t, err, want)
	}
	for _, s := range []Study{{N: 4, Priced: 4}, {Model: "gemma3", N: 4, Priced: 1}, {Model: "gemma3", N: 3, Priced: 4}} {
		_, _, err := s.Measure()
		require.ErrorContains(t, err, "a model is needed, and 2 passages or more that are priced")
	}

	c := transformer.Tiny()
	require.ErrorContains(t, (&work{out: &values.Measured{T: 32}}).layers(&c), "0 layers with a window of 0 tokens and 2 without")
}

// A token whose stream is as large as half of ⟨bos⟩'s is massive; the nearest of its kind stands in as
// a control, and hiding a key changes what later queries see, of its own text alone.
func TestMassive(t *testing.T) {
	trace := &sinks.Trace{T: 6, IDs: []int32{0, 7, 8, 7, 9, 7}, ResidMax: [][]float32{{9, 9, 9, 9, 9, 9}, {20, 9, 8, 8, 12, 6}, {40, 3, 8, 30, 20, 6}}}
	w := &work{texts: [][]int32{trace.IDs}, priced: 1, out: &values.Measured{Runs: map[string]values.Run{}}}
	r := &reading{work: w, t: trace}
	block, most := r.findMassive()
	require.Equal(t, 2, block)
	require.Equal(t, 0.5, most)
	require.Equal(t, []values.Massive{{Row: 3, Token: "7", Share: 0.75}}, r.listed())
	w.out.Runs[values.AsIs] = values.Run{Massive: [][]values.Massive{{{Row: 3}, {Row: 4}}}}
	massive, others := w.second()
	require.Equal(t, [][]int{{3, 4}}, massive)
	require.Equal(t, [][]int{{1, 5}}, others, "another 7, and for the 9 its neighbour")

	m, docs := tiny(t), texts(2, 8)
	edit := hide{"some", [][]int{nil, {3}}}
	require.ErrorContains(t, edit.Check(nil, docs[:1]), "keys of 2 documents for 1")
	before, err := probe.Run(m, docs, probe.Options{})
	require.NoError(t, err)
	after, err := probe.Run(m, docs, probe.Options{Interventions: []probe.Intervention{edit}})
	require.NoError(t, err)
	require.Equal(t, before[0].Loss, after[0].Loss)
	require.Equal(t, before[1].Loss[:3], after[1].Loss[:3])
	require.NotEqual(t, before[1].Loss[4:], after[1].Loss[4:])
}

// Rows are counted by what their largest weight is on: ⟨bos⟩, a massive token, another, or themselves.
func TestLook(t *testing.T) {
	trace := &sinks.Trace{L: 1, H: 1, K: 1, T: 6, IDs: []int32{0, 7, 8, 7, 9, 7}, ValueNorm: [][][]float32{{{9, 1, 3, 2, 2, 2}}},
		Own: map[string]*sinks.Own{argMax: {Dims: "LHT", Values: [][][]float32{{{0, 0, 1, 1, 2, 5}}}}}}
	w := &work{texts: [][]int32{trace.IDs}, local: []int{0}, followed: [][]bool{{true}}, out: &values.Measured{Window: 4, Kinds: "L"}, watched: [2]watch{{from: 1, to: 3}, {from: 3, to: 6}}}
	r := &reading{work: w, t: trace, massive: map[int]float64{1: 0.9}}
	r.look()
	within, beyond := w.watched[0].look(w), w.watched[1].look(w)
	require.Equal(t, map[string]float64{values.First: 0.5, "token before": 0.5}, within.Lags)
	require.Equal(t, []values.Token{{Text: "7", Share: 0.5, Base: 0.6, Value: 0.5}}, within.Tokens, "1 over the mean of 1 and 3")
	require.Equal(t, []values.Layer{{Layer: 1, Heads: 1, First: 0.5, Massive: 0.5}}, within.Layers)
	require.Equal(t, []values.Layer{{Layer: 1, Heads: 1, Massive: 0.3333, Text: "8", Share: 0.3333, Value: 1.5}}, beyond.Layers, "3 over the mean of 1, 3, 2 and 2")
	require.Equal(t, 0.3333, beyond.Lags["own token"])
}

func TestRounded(t *testing.T) {
	for x, want := range map[float64]float64{0: 0, 0.123456: 0.1235, 12345.6: 12350, -1.99996: -2, 3e-9: 3e-9} {
		require.InDelta(t, want, rounded(x), 1e-12+1e-9*math.Abs(want))
	}
}
