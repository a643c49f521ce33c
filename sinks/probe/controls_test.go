package probe_test

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/stretchr/testify/require"

	"firsttoken/sinks/probe"
	"firsttoken/train/local/backend"
	"firsttoken/train/transformer"
)

// deep is a random model with blocks to skip.
func deep(t *testing.T) *transformer.Model {
	config := transformer.Tiny()
	config.Layers = 4
	b, _, err := backend.Open()
	require.NoError(t, err)
	p, err := transformer.RandomParams(&config, dtypes.Float32, 0.4, 11)
	require.NoError(t, err)
	m, err := transformer.New(b, config, p)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

// Costs that are always right end the search where it begins, so that what it asked for is known:
// losses from the middle of the model on are those of whole passes.
func TestControlsMeasureWholePasses(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: searches for controls")
	}
	m := deep(t)
	docs := documents(14, 20, 14, 17, 40)
	c := probe.DefaultControls()
	c.Layer, c.To, c.Seed, c.Few = 1, 3, 7, 2
	c.Norms, c.Fractions = [2]float64{2, 8}, [2]float64{0.25, 1}
	var seen [][]float32
	sizes, err := c.Size(m, docs, make([]float64, len(docs)), func(losses []float32) float64 {
		seen = append(seen, losses)
		return 0
	})
	require.NoError(t, err)
	require.InDelta(t, 2, sizes.Norm, 1e-9)
	require.InDelta(t, 0.25, sizes.Fraction, 1e-9)
	require.InDelta(t, 0.4+0.4+2+0.4+0.4+1, sizes.Passes, 1e-9, "two looks at two documents each; then all, the noise in both draws")
	require.Len(t, seen, 2+2+2*5+2+2+5)
	for first, lists := range map[int][][]probe.Intervention{4: c.Noise(2), 4 + 10 + 4: c.Weaker(0.25)} {
		for draw, list := range lists {
			traces, err := probe.Run(m, docs, probe.Options{Interventions: list})
			require.NoError(t, err)
			for i, trace := range traces {
				require.InDeltaSlice(t, trace.Loss, seen[first+draw*len(docs)+i], 1e-4)
			}
		}
	}
}

func TestControlsRefuse(t *testing.T) {
	m, docs, none := deep(t), documents(9, 9), func([]float32) float64 { return 0 }
	for want, change := range map[string]func(*probe.Controls){
		"blocks must ascend": func(c *probe.Controls) { c.Layer = 3 },
		"MLPs up to block 5": func(c *probe.Controls) { c.To = 4 },
		"0 draws":            func(c *probe.Controls) { c.Draws = 0 },
		"noise: perturb":     func(c *probe.Controls) { c.Norms[0] = 0 },
		"MLPs: perturb":      func(c *probe.Controls) { c.Fractions[1] = 0 },
	} {
		c := probe.DefaultControls()
		c.Layer, c.To = 1, 3
		change(&c)
		_, err := c.Size(m, docs, make([]float64, 2), none)
		require.ErrorContains(t, err, want)
	}
	c := probe.DefaultControls()
	c.To = 3
	_, err := c.Size(m, docs, make([]float64, 3), none)
	require.ErrorContains(t, err, "2 documents, but what 3 are to cost")
	_, err = c.Size(m, [][]int32{{64}, {1}}, make([]float64, 2), none)
	require.ErrorContains(t, err, "outside the vocabulary")
}
