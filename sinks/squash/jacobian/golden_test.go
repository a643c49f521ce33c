package jacobian

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/squash"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
)

// TestSmolLM2 holds norms and constants of the first blocks against PyTorch's, in
// float64 (testdata/golden.py).
func TestSmolLM2(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: SmolLM2, column by column")
	}
	if _, err := local.Model("smollm2"); errors.Is(err, local.ErrNotSetUp) {
		t.Skipf("needs SmolLM2, which `make setup` fetches: %v", err)
	}
	b, _, err := backend.Open()
	require.NoError(t, err)
	if b.Name() == "go" {
		t.Skip("SmolLM2 on the pure Go backend takes minutes: `make setup` fetches XLA")
	}
	var want struct {
		IDs          []int32
		Layers, J    int
		Full, Frozen []squash.Norm
		Constants    []struct {
			RMS, MLP    []float64
			OutputValue []float64 `json:"output_value"`
			Pattern     [][][]float64
		}
	}
	data, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &want))

	m, err := pretrained.Load(b, "smollm2", pretrained.Options{})
	require.NoError(t, err)
	defer m.Close()
	d, err := New(m.Model, Options{})
	require.NoError(t, err)
	defer d.Close()
	p, err := d.At(want.IDs, Condition{Layers: want.Layers})
	require.NoError(t, err)
	defer p.Close()
	for kind, norms := range map[Kind][]squash.Norm{Full: want.Full, Frozen: want.Frozen} {
		got, err := p.Norms(kind, want.J)
		require.NoError(t, err)
		for i, n := range norms {
			require.InEpsilon(t, n.Spectral, got[i].Spectral, 1e-3, "%s, token %d", kind, i+1)
			require.InEpsilon(t, n.Frobenius, got[i].Frobenius, 1e-3, "%s, token %d", kind, i+1)
		}
	}
	bound, err := p.Bound()
	require.NoError(t, err)
	require.Len(t, bound, want.Layers)
	loosest := math.Pow(float64(m.Config.Width), 1.0/64)
	for l, c := range want.Constants {
		require.InEpsilonSlice(t, c.RMS, bound[l].RMS, 1e-3)
		require.InEpsilonSlice(t, c.OutputValue, bound[l].OutputValue, 1e-4)
		for h := range c.Pattern {
			for i, row := range c.Pattern[h] {
				require.InDeltaSlice(t, row, bound[l].Pattern[h][i], 1e-3)
			}
		}
		for i, mu := range c.MLP {
			require.GreaterOrEqual(t, bound[l].MLP[i], mu*(1-1e-3))
			require.LessOrEqual(t, bound[l].MLP[i], mu*loosest*(1+1e-3))
		}
	}
}
