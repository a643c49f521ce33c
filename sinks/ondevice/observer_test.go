package ondevice_test

import (
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/sinks/ondevice"
	"firsttoken/train/transformer"
)

func TestObserverRefuses(t *testing.T) {
	_, err := ondevice.Observer("FirstMas")
	require.ErrorContains(t, err, `metric "FirstMas" is unknown: use one of [FirstMass`)
	_, err = ondevice.Observer(ondevice.RowSum, ondevice.KeyMass, ondevice.RowSum)
	require.ErrorContains(t, err, `metric "RowSum" is asked for twice`)
}

func TestHeadsRefuses(t *testing.T) {
	for want, heads := range map[string][]int{
		"no heads chosen":           {},
		"head -1: heads count from": {0, -1},
		"head 2 is asked for twice": {2, 1, 2},
	} {
		_, err := ondevice.Heads(heads)
		require.ErrorContains(t, err, want)
	}
}

func TestEmbeddedKeepsOrder(t *testing.T) {
	got := ondevice.Embedded([]ondevice.Metric{ondevice.Resid, ondevice.RowSum, ondevice.ResidNorm})
	require.Equal(t, []ondevice.Metric{ondevice.Resid, ondevice.ResidNorm}, got)
	require.Empty(t, ondevice.Embedded([]ondevice.Metric{ondevice.FirstMass}))
}

// Only the model knows how many heads there are: an error, not a crash.
func TestHeadBeyondTheModel(t *testing.T) {
	o, err := ondevice.Heads([]int{4})
	require.NoError(t, err)
	_, err = tiny.Open(t, transformer.Tiny(), peaky, 7).Forward(transformer.One([]int32{1, 2, 3}), transformer.Pass{Observer: o})
	require.ErrorContains(t, err, "head 4: the model has heads 0 to 3")
}

// Heads come in the order they are asked for, with the numbers that the metrics
// of a graph without any pattern output are made of.
func TestHeadsAgreeWithMetrics(t *testing.T) {
	m := tiny.Open(t, transformer.Tiny(), peaky, 7)
	ids := []int32{5, 9, 2, 63, 0, 5, 5, 17, 30, 1, 2}
	heads := []int{3, 0}
	var patterns, first, isMax []array
	capture := func(into ...*[]array) func(int, []*tensors.Tensor) error {
		return func(_ int, outs []*tensors.Tensor) error {
			for i, slot := range into {
				*slot = append(*slot, read(t, outs[i]))
			}
			return nil
		}
	}
	whole, err := ondevice.Heads(heads)
	require.NoError(t, err)
	_, err = m.Forward(transformer.One(ids), transformer.Pass{Observer: whole, OnBlock: capture(&patterns)})
	require.NoError(t, err)
	reduced, err := ondevice.Observer(ondevice.FirstIsMax, ondevice.FirstMass)
	require.NoError(t, err)
	_, err = m.Forward(transformer.One(ids), transformer.Pass{Observer: reduced, OnBlock: capture(&isMax, &first)})
	require.NoError(t, err)

	for l, p := range patterns {
		require.Equal(t, []int{1, 2, 16, 16}, p.dims)
		for i, h := range heads {
			for q := range ids {
				row := p.at(0, i, q)
				require.InDelta(t, row[0], first[l].at(0, h)[q], 1e-6)
				rest, top := float32(0), isMax[l].at(0, h)[q] == 1
				for _, a := range row[1:] {
					rest = max(rest, a)
				}
				if d := row[0] - rest; d*d > 1e-12 { // a tie may fall either way
					require.Equal(t, d > 0, top, "layer %d head %d row %d", l, h, q)
				}
			}
		}
	}
}
