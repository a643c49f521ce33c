package needle

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/stats"
	"firsttoken/sinks/streams"
	"firsttoken/sinks/tasks"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
)

var all, window = streams.Setting{Policy: streams.All}, streams.Setting{Policy: "window", Entries: 8}

func TestTable(t *testing.T) {
	found := func(right float64, held float64) Found {
		return Found{Result: tasks.Result{Scores: []float64{right, -1}}, Held: held}
	}
	table := Table{"all": {{found(0, 1), found(-2, 1)}, {found(0, 1), found(0, 1)}, {found(0, 1), found(0, 1)}},
		"window-8": {{found(-2, 0), found(-2, .5)}, {found(-2, 0), found(0, .5)}, {found(-2, 0), found(0, .5)}}}
	depths, err := table.Depths(window, Right)
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{0, 200. / 3}, depths, 1e-9)
	e, err := table.Mean(window, Held, stats.Percent)
	require.NoError(t, err)
	require.InDelta(t, 25, e.Value, 1e-9)
	less, err := table.Less(window, all, Right)
	require.NoError(t, err)
	require.InDelta(t, (-50.-50-50)/3, less.Value, 1e-9)
	_, err = table.Mean(streams.Setting{Policy: "tova", Entries: 8}, Margin, stats.Range{})
	require.ErrorContains(t, err, "tova-8 was not measured")
}

func TestHeld(t *testing.T) {
	share, err := held([][][]int32{{{0, 3}, {1, 2}}, {{3}, {4}}}, 3)
	require.NoError(t, err)
	require.InDelta(t, .5, share, 1e-9)
	_, err = held(nil, -1)
	require.ErrorContains(t, err, "not in its prompt")
}

// Needles stand where they should, in prompts of the length asked for; what is held of a window
// tells whether the word stood in it; and with everything kept the answers are those of one pass.
func TestAsk(t *testing.T) {
	if testing.Short() {
		t.Skip("reads texts with SmolLM2")
	}
	b, _, err := backend.Open()
	require.NoError(t, err)
	m, err := pretrained.Load(b, "smollm2", pretrained.Options{})
	require.NoError(t, err)
	defer m.Close()
	s := Study{Model: "smollm2", Haystacks: 2, Depths: []float64{0, 1}, Tokens: 128, Distractors: 1, Seed: 12, Block: 32}
	prompts, err := s.prompts(m.Tokenizer)
	require.NoError(t, err)
	require.Len(t, prompts, 2)
	for _, row := range prompts {
		for d, p := range row {
			require.Len(t, p.IDs, 128)
			at := slices.Index(p.IDs, p.Answers[p.Right][0])
			require.Equal(t, d == 1, at > 64, "depth %g: token %d", s.Depths[d], at)
		}
	}
	whole, err := tasks.Score(m.Model, prompts[0], tasks.Options{Front: "without"})
	require.NoError(t, err)
	for d, p := range prompts[0] {
		everything, err := ask(m.Model, p, all, 32)
		require.NoError(t, err)
		require.InDelta(t, 1, everything.Held, 1e-9)
		require.InDeltaSlice(t, whole[d].Scores, everything.Scores, 2e-3)
		last, err := ask(m.Model, p, streams.Setting{Policy: "window", Entries: 40}, 32)
		require.NoError(t, err)
		require.InDelta(t, s.Depths[d], last.Held, 1e-9)
	}
	s.Tokens = 24
	_, err = s.prompts(m.Tokenizer)
	require.ErrorContains(t, err, "only 0 of 2 haystacks will do")
}
