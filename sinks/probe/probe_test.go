package probe_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// shared is a small random model with peaky attention, shared by all tests since
// compiling it is what takes time.
var shared = sync.OnceValues(func() (*transformer.Model, error) { return tiny.Random(transformer.Tiny(), 0.4, 11) })

func model(t *testing.T) *transformer.Model {
	t.Helper()
	m, err := shared()
	require.NoError(t, err)
	return m
}

// documents draws documents of the given lengths.
func documents(lens ...int) [][]int32 {
	rng := rand.New(rand.NewPCG(12, 13))
	docs := make([][]int32, len(lens))
	for i, n := range lens {
		docs[i] = make([]int32, n)
		for t := range docs[i] {
			docs[i][t] = rng.Int32N(64)
		}
	}
	return docs
}

func run(t *testing.T, docs [][]int32, o probe.Options) []*sinks.Trace {
	t.Helper()
	traces, err := probe.Run(model(t), docs, o)
	require.NoError(t, err)
	for _, trace := range traces {
		_, err := trace.Check()
		require.NoError(t, err)
	}
	return traces
}

// Every metric of a trace, against what the explicit patterns give; layers,
// heads and documents land where they belong.
func TestTraceEqualsPatterns(t *testing.T) {
	m := model(t)
	docs := documents(9, 16, 12)
	traces := run(t, docs, probe.Options{Metrics: ondevice.All(), Model: "tiny", Tokenizer: tokenizer.NewBytes()})
	var heads []probe.Head
	for l := range m.Config.Layers {
		for h := range m.Config.Heads {
			heads = append(heads, probe.Head{Layer: l, Head: h})
		}
	}
	for i, ids := range docs {
		trace := traces[i]
		require.Equal(t, ids, trace.IDs)
		require.Equal(t, tokenizer.NewBytes().Token(ids[0]), trace.Tokens[0])
		require.Equal(t, sinks.BOSNone, trace.BOS)
		require.Equal(t, [5]int{len(ids), 2, 4, 2, 32}, [5]int{trace.T, trace.L, trace.H, trace.K, trace.D})
		patterns, err := probe.Patterns(m, ids, heads)
		require.NoError(t, err)
		for j, at := range heads {
			checkHead(t, trace, at, patterns[j])
		}
		require.Len(t, trace.Loss, len(ids)-1)
		require.Len(t, trace.Top1, len(ids))
		require.Len(t, trace.LogitsLast, 64)
		require.Equal(t, int(trace.Top1[len(ids)-1]), argMax(trace.LogitsLast))
		for l := range m.Config.Layers + 1 {
			require.Positive(t, trace.ResidMedian[l])
			require.Less(t, trace.ResidMedian[l], slices.Max(trace.ResidMax[l]))
			for p := range ids { // ‖x‖∞ ≤ ‖x‖₂ ≤ √D ‖x‖∞
				require.LessOrEqual(t, trace.ResidMax[l][p], trace.ResidNorm[l][p])
				require.LessOrEqual(t, float64(trace.ResidNorm[l][p]), math.Sqrt(32)*float64(trace.ResidMax[l][p]))
			}
		}
	}
}

func argMax(x []float32) int { return slices.Index(x, slices.Max(x)) }

func checkHead(t *testing.T, trace *sinks.Trace, at probe.Head, pattern [][]float64) {
	t.Helper()
	require.NoError(t, sinks.CheckPattern(pattern))
	l, h, n := at.Layer, at.Head, trace.T
	key := make([]float64, n)
	for q, row := range pattern {
		require.InDelta(t, row[0], trace.FirstMass[l][h][q], 1e-6, at)
		require.InDelta(t, row[q], trace.Diagonal[l][h][q], 1e-6, at)
		require.InDelta(t, sinks.RowSum(row), trace.RowSum[l][h][q], 1e-5, at)
		require.InDelta(t, sinks.RowMax(row), trace.RowMax[l][h][q], 1e-6, at)
		require.InDelta(t, sinks.RowEntropy(row), trace.RowEntropy[l][h][q], 1e-5, at)
		for s, a := range row {
			key[s] += a
		}
	}
	for s := range key {
		require.InDelta(t, key[s], trace.KeyMass[l][h][s], 1e-5, at)
	}
	score, err := sinks.SinkScore(pattern, sinks.Options{})
	require.NoError(t, err)
	scores, err := trace.SinkScore(sinks.Options{})
	require.NoError(t, err)
	require.InDelta(t, score, scores[l][h], 1e-6, at)
}

// How documents are grouped must not show beyond rounding, nor change their order.
func TestBatchingDoesNotShow(t *testing.T) {
	docs := documents(12, 5, 9, 16, 8)
	whole := run(t, docs, probe.Options{})
	for _, tokens := range []int{1, 32} {
		parts := run(t, docs, probe.Options{BatchTokens: tokens})
		for i := range docs {
			require.Equal(t, docs[i], parts[i].IDs)
			near(t, whole[i], parts[i], 1e-4)
		}
	}
}

// near compares all numbers of two traces.
func near(t *testing.T, want, got *sinks.Trace, tolerance float64) {
	t.Helper()
	numbers := func(tr *sinks.Trace) map[string][][][]float32 {
		return map[string][][][]float32{
			"FirstMass": tr.FirstMass, "KeyMass": tr.KeyMass, "RowEntropy": tr.RowEntropy, "EffectiveFirst": tr.EffectiveFirst,
			"HeadWrite": tr.HeadWrite, "ValueWrite": tr.ValueWrite, "ValueNorm": tr.ValueNorm,
			"residual stream": {tr.ResidNorm, tr.ResidMax, tr.AttnWrite, tr.MLPWrite},
		}
	}
	measured := numbers(got)
	for name, cube := range numbers(want) {
		for i := range cube {
			for j := range cube[i] {
				require.InDeltaSlice(t, cube[i][j], measured[name][i][j], tolerance, "%s [%d][%d]", name, i, j)
			}
		}
	}
	if len(want.Loss) > 0 {
		require.InDeltaSlice(t, want.Loss, got.Loss, tolerance)
	}
	require.InDeltaSlice(t, want.LogitsLast, got.LogitsLast, tolerance)
}

// Each hands every trace over once, as its batch ends, and stops at an error.
func TestEachStreams(t *testing.T) {
	docs := documents(8, 5, 7, 8)
	stop := errors.New("enough")
	var progress []int
	seen := map[int]bool{}
	o := probe.Options{
		BatchTokens: 16, Metrics: []ondevice.Metric{ondevice.FirstMass}, MetricsOnly: true,
		Progress: func(done, total int) { progress = append(progress, done, total) },
	}
	err := probe.Each(model(t), docs, o, func(i int, trace *sinks.Trace) error {
		require.False(t, seen[i])
		seen[i] = true
		require.Equal(t, docs[i], trace.IDs)
		require.Nil(t, trace.Loss)
		require.Nil(t, trace.LogitsLast)
		require.Nil(t, trace.RowSum)
		return nil
	})
	require.NoError(t, err)
	require.Len(t, seen, len(docs))
	require.Equal(t, []int{2, 4, 4, 4}, progress)

	calls := 0
	err = probe.Each(model(t), docs, o, func(int, *sinks.Trace) error { calls++; return stop })
	require.ErrorIs(t, err, stop)
	require.Equal(t, 1, calls)
}

// Without losses everything else stays, bit for bit.
func TestSkipLoss(t *testing.T) {
	docs := documents(8, 5)
	whole := run(t, docs, probe.Options{})
	for i, got := range run(t, docs, probe.Options{SkipLoss: true}) {
		require.Nil(t, got.Loss)
		require.Nil(t, got.Top1)
		got.Loss, got.Top1 = whole[i].Loss, whole[i].Top1
		require.Equal(t, whole[i], got)
	}
}

func TestOneToken(t *testing.T) {
	trace := run(t, [][]int32{{7}}, probe.Options{})[0]
	require.Empty(t, trace.Loss)
	require.InDelta(t, 1, trace.FirstMass[0][0][0], 1e-6)
}

func TestTraceSurvivesItsFile(t *testing.T) {
	trace := run(t, documents(9), probe.Options{
		Model: "tiny", Tokenizer: tokenizer.NewBytes(),
		Provenance: map[string]string{"document": "drawn"}, Interventions: []probe.Intervention{probe.MaskKey{Pos: 0}},
	})[0]
	path := filepath.Join(t.TempDir(), "trace.safetensors")
	require.NoError(t, trace.Save(path))
	loaded, err := sinks.Load(path)
	require.NoError(t, err)
	require.Equal(t, trace, loaded)
	require.Equal(t, map[string]string{"document": "drawn", "intervention 1": "mask key 1, layers all"}, loaded.Provenance)
}

func TestRunRefuses(t *testing.T) {
	m := model(t)
	good := documents(5, 9)
	long := documents(m.Config.Context + 1)[0]
	cases := map[string]struct {
		docs    [][]int32
		o       probe.Options
		problem string
	}{
		"no documents":      {nil, probe.Options{}, "no documents"},
		"empty document":    {[][]int32{{1}, {}}, probe.Options{}, "document 2 of 2 is empty: a prompt needs at least one token"},
		"beyond vocabulary": {[][]int32{{1}, {2, 64}}, probe.Options{}, "document 2 of 2, token 2: id 64 is outside the vocabulary [0, 64)"},
		"negative id":       {[][]int32{{-1}}, probe.Options{}, "document 1 of 1, token 1: id -1"},
		"too long":          {[][]int32{{1}, long}, probe.Options{}, "document 2 of 2 has 129 tokens, the model's context is 128: shorten it"},
		"metric":            {good, probe.Options{Metrics: []ondevice.Metric{"Mass"}}, `metric "Mass" is unknown`},
		"batch":             {good, probe.Options{BatchTokens: -1}, "BatchTokens = -1: use 0"},
		"nil":               {good, probe.Options{Interventions: []probe.Intervention{nil}}, "intervention 1 is nil"},
		// Places are checked for every document before the first is run.
		"position": {good, probe.Options{Interventions: []probe.Intervention{probe.MaskKey{Pos: 5}}}, "mask key 6, layers all: document 1 has 5 tokens"},
		"negative position": {good, probe.Options{Interventions: []probe.Intervention{probe.ZeroValue{Pos: -1}}},
			"zero value 0, layers all: document 1 has 5 tokens"},
		"layer":     {good, probe.Options{Interventions: []probe.Intervention{probe.ZeroValue{Layers: []int{0, 2}}}}, "zero value 1, layers [1 3]: the model has 2 layers"},
		"no layers": {good, probe.Options{Interventions: []probe.Intervention{probe.MaskKey{Layers: []int{}}}}, "no layers: use nil for all"},
		"head":      {good, probe.Options{Interventions: []probe.Intervention{probe.AblateHead{Layer: 1, Head: 4}}}, "ablate layer 2 head 5: the model has 4 heads"},
		"head's layer": {good, probe.Options{Interventions: []probe.Intervention{probe.AblateHead{Layer: -1}}},
			"ablate layer 0 head 1: the model has 2 layers"},
		"part": {good, probe.Options{Interventions: []probe.Intervention{probe.SkipUpdate{}}}, `part "": must be "attention" or "MLP"`},
		"update": {good, probe.Options{Interventions: []probe.Intervention{probe.SkipUpdate{Layer: 2, Part: probe.MLP}}},
			"skip the MLP update of token 1 in layer 3: the model has 2 layers"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			called := false
			err := probe.Each(m, c.docs, c.o, func(int, *sinks.Trace) error { called = true; return nil })
			require.ErrorContains(t, err, c.problem)
			require.ErrorContains(t, err, "probe: ")
			require.False(t, called)
		})
	}
}

// Look is Run and Patterns in one pass: the same numbers, bit for bit apart from
// what another fusion of the same sums may round.
func TestLookIsRunAndPatterns(t *testing.T) {
	fullOnly(t, "SmolLM2, three ways")
	m := model(t)
	ids := []int32{3, 1, 4, 1, 5, 9, 2, 6}
	heads := []probe.Head{{Layer: 1, Head: 3}, {Layer: 0, Head: 2}, {Layer: 1, Head: 0}}
	o := probe.Options{Interventions: []probe.Intervention{probe.MaskKey{Pos: 0}}}
	trace, patterns, err := probe.Look(m, ids, heads, o)
	require.NoError(t, err)
	want, err := probe.Patterns(m, ids, heads, o.Interventions...)
	require.NoError(t, err)
	require.Len(t, patterns, len(heads))
	for i, h := range heads {
		for row := range want[i] {
			require.InDeltaSlice(t, want[i][row], patterns[i][row], 1e-6)
		}
		checkHead(t, trace, h, patterns[i])
	}
	require.InDeltaSlice(t, run(t, [][]int32{ids}, o)[0].Loss, trace.Loss, 1e-6)

	_, _, err = probe.Look(m, ids, []probe.Head{{Layer: 2}}, o)
	require.ErrorContains(t, err, "layer 3, head 1")
}

func TestPatternsRefuses(t *testing.T) {
	m := model(t)
	for problem, call := range map[string]func() error{
		"no heads chosen": func() error { _, err := probe.Patterns(m, []int32{1}, nil); return err },
		"layer 3, head 1: the model has 2 layers of 4 heads": func() error {
			_, err := probe.Patterns(m, []int32{1}, []probe.Head{{Layer: 2}})
			return err
		},
		"is empty": func() error { _, err := probe.Patterns(m, nil, []probe.Head{{}}); return err },
		"document 1 has 1 tokens": func() error {
			_, err := probe.Patterns(m, []int32{1}, []probe.Head{{}}, probe.MaskKey{Pos: 1})
			return err
		},
	} {
		require.ErrorContains(t, call(), problem)
	}
}

// fullOnly leaves a test out of the short ones, and says why: `make check` is for every few
// minutes, `make test` for everything.
func fullOnly(t *testing.T, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("not with -short: ", why)
	}
}
