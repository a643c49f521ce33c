package corpus_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
	"firsttoken/train/corpus/synthetic"
)

func TestTaskWindows(t *testing.T) {
	fixed := corpus.Packing{Mask: corpus.MaskCausal, BOS: corpus.BOSFixed, Positions: corpus.PositionsContinued}
	bare := corpus.Packing{Mask: corpus.MaskCausal, BOS: corpus.BOSNone, Positions: corpus.PositionsContinued}
	for _, kind := range []corpus.Kind{corpus.KindBackcopy, corpus.KindTriggerMean} {
		d := load(t, corpus.DefaultSpec(kind), t.TempDir())
		require.Nil(t, d.Tokenizer)
		require.Equal(t, d.Task.V(), d.V())
		for _, p := range []corpus.Packing{fixed, bare} {
			s, err := d.Training(p, 32, 1)
			require.NoError(t, err)
			require.Equal(t, []int{32, d.V(), 0}, []int{s.T(), s.V(), s.Windows()})
			batch := func(s corpus.Stream, step, b int) corpus.Batch {
				out, err := s.Batch(step, b)
				require.NoError(t, err)
				return out
			}
			b := batch(s, 3, 4)
			for i := range b.B {
				row := b.Row(i)
				require.Equal(t, batch(s, 12+i, 1), row, "micro-batches hold the windows of the batch")
				require.Equal(t, p.BOS == corpus.BOSFixed, row.Tokens[0] == d.Task.BOS())
				for j := range row.T {
					require.EqualValues(t, 1, row.Weights[j])
					require.EqualValues(t, j, row.Positions[j])
					require.Equal(t, p.BOS == corpus.BOSFixed && j == 0, row.Segments[j] == 0)
					require.True(t, row.Targets[j] >= 0 && int(row.Targets[j]) < d.V())
				}
				if kind == corpus.KindBackcopy {
					require.Equal(t, row.Tokens[1:], row.Targets[:row.T-1])
				}
			}
			other, err := d.Training(p, 32, 2)
			require.NoError(t, err)
			require.NotEqual(t, b.Tokens, batch(other, 3, 4).Tokens)

			held, err := d.HeldOut(p, 32)
			require.NoError(t, err)
			all := batch(held, 0, held.Windows()+1)
			require.NotEqual(t, batch(s, 0, 4).Tokens, all.Tokens[:4*32])
			require.EqualValues(t, 1, all.Row(held.Windows() - 1).Weights[31])
			last := all.Row(held.Windows())
			require.Equal(t, make([]float32, 32), last.Weights)
			require.Equal(t, corpus.SegmentPadding, last.Segments[0])
		}
	}
}

func TestTaskRefuses(t *testing.T) {
	d := load(t, corpus.DefaultSpec(corpus.KindBackcopy), t.TempDir())
	accepted := 0
	for _, p := range corpus.Packings() {
		if _, err := d.Training(p, 32, 1); err == nil {
			accepted++
		} else {
			require.ErrorContains(t, err, `use "causal, bos fixed" or "causal"`)
		}
	}
	require.Equal(t, 2, accepted)
	_, err := d.HeldOut(corpus.Packing{}, 32)
	require.ErrorContains(t, err, "Packing.Mask")
	causal := corpus.PaperPackings()[0]
	_, err = d.Training(causal, 1, 1)
	require.ErrorContains(t, err, "windows of 1 tokens")
	s, err := d.Training(causal, 32, 1)
	require.NoError(t, err)
	_, err = s.Batch(-1, 1)
	require.ErrorContains(t, err, "at step -1")
}

// The stream's batches are drawn as often from each state as the task says: their mean loss under a
// perfect model is the oracle's.
func TestTaskStreamMeetsTheOracle(t *testing.T) {
	spec := corpus.DefaultSpec(corpus.KindBackcopy)
	spec.Backcopy = &synthetic.BackcopyConfig{Tokens: 3, Triggers: 2, Peak: 0}
	d := load(t, spec, t.TempDir())
	s, err := d.Training(corpus.PaperPackings()[1], 4, 1)
	require.NoError(t, err)
	b, err := s.Batch(0, 5000)
	require.NoError(t, err)
	// One plain token, so only its successor is uncertain, uniform over three.
	uncertain := 0.0
	for _, id := range b.Tokens {
		if id == 0 {
			uncertain++
		}
	}
	const log3 = 1.0986122886681098
	require.InDelta(t, d.Task.OracleLoss(true, 4), log3*uncertain/float64(len(b.Tokens)), 0.01)
}
