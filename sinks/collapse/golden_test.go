package collapse_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/collapse"
	"firsttoken/sinks/probe"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
)

// golden is testdata/golden.json, written by testdata/golden.py.
type golden struct {
	Repeat struct {
		IDs      []int32
		Distance []float64
	}
	Cases []struct {
		IDs    []int32
		Wiring string
		Skip   int

		Rank, Relative, Distance, Cosine, Effective []float64
	}
}

// within is the largest difference between two curves, each entry divided by its own size plus
// floor: below floor a number is the rounding of float32.
func within(want, got []float64, floor float64) (worst float64) {
	for i := range want {
		worst = max(worst, math.Abs(got[i]-want[i])/(math.Abs(want[i])+floor))
	}
	return worst
}

// SmolLM2's collapse by depth, under every wiring, equals an independent NumPy computation from the
// same file.
func TestSmolLM2EqualsNumPy(t *testing.T) {
	if _, err := local.Model("smollm2"); errors.Is(err, local.ErrNotSetUp) {
		t.Skip("SmolLM2 is not set up: ", err)
	}
	b, _, err := backend.Open()
	require.NoError(t, err)
	if b.Name() == "go" {
		t.Skip("SmolLM2 on the pure Go backend takes minutes: `make setup` fetches XLA")
	}
	m, err := pretrained.Load(b, "smollm2", pretrained.Options{})
	require.NoError(t, err)
	defer m.Close()
	raw, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(raw, &g))
	require.Len(t, g.Cases, 12)

	for _, w := range []struct {
		name   string
		wiring probe.Wiring
	}{{"full", probe.FullBlock}, {"residual", probe.AttentionResidual}, {"pure", probe.PureAttention}} {
		var docs [][]int32 // each document stands for the two cases in which it occurs
		for _, c := range g.Cases {
			if c.Wiring == w.name && c.Skip == 0 {
				docs = append(docs, c.IDs)
			}
		}
		require.NoError(t, probe.EachWired(m.Model, docs, w.wiring, func(i int, stream [][][]float32) error {
			for _, c := range g.Cases {
				if c.Wiring != w.name || len(c.IDs) != len(docs[i]) {
					continue
				}
				d, err := collapse.ByDepth(stream, collapse.Rows{Skip: c.Skip})
				require.NoError(t, err)
				ranks, err := collapse.EffectiveRanks(stream, collapse.Rows{Skip: c.Skip})
				require.NoError(t, err)
				size := d.Rank[30] / d.Relative[30]
				require.Less(t, within(c.Rank, d.Rank, 1e-3*size), 1e-3)
				require.Less(t, within(c.Relative, d.Relative, 1e-3), 1e-3)
				require.Less(t, within(c.Distance, d.Distance, 1e-3*size), 1e-3)
				require.Less(t, within(c.Cosine, d.Cosine, 1e-3), 1e-3)
				require.Less(t, within(c.Effective, ranks, 0), 1e-3)
				t.Logf("%s, %d tokens, %d left out: relative rank differs by at most %.1e, effective rank by %.1e", w.wiring, len(c.IDs), c.Skip,
					within(c.Relative, d.Relative, 1e-3), within(c.Effective, ranks, 0))
			}
			return nil
		}))
	}

	stream, err := probe.Residuals(m.Model, g.Repeat.IDs)
	require.NoError(t, err)
	l, err := collapse.ByLength(stream[len(stream)-1])
	require.NoError(t, err)
	require.Len(t, l.Distance, len(g.Repeat.Distance))
	require.Less(t, within(g.Repeat.Distance, l.Distance, 0), 5e-3)
}
