package pretrained

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/sinks/ondevice"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// gemma3Golden is an entry of testdata/gemma3.json, which gemma3.py computed in float64.
type gemma3Golden struct {
	IDs       []int32
	Top1      []int32
	Margin    []float64 // of the best logit over the second, at each position
	Loss      []float64
	Last8     []float64   // the first 8 logits at the last position
	Std       float64     // of all logits there
	FirstMass [][]float64 `json:"first_mass"` // [L][H] mean over rows
	ResidNorm [][]float64 `json:"resid_norm"` // [L+1] of the first and the last token
}

// TestGemma3Forward holds the file of `make gemma` and the decoder against an independent
// computation, with ⟨bos⟩, without it, and beyond the window of the local layers.
func TestGemma3Forward(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: passes of Gemma 3 over long texts")
	}
	path, err := local.Model("gemma3")
	if errors.Is(err, local.ErrNotSetUp) {
		t.Skip(err) // only `make gemma` fetches it
	}
	require.NoError(t, err)
	b, _, err := backend.Open()
	require.NoError(t, err)
	g, err := openGGUF(path)
	require.NoError(t, err)
	defer g.close()
	c, err := g.config()
	require.NoError(t, err)
	require.Equal(t, transformer.Config{
		Vocab: 262144, Width: 640, Layers: 18, Heads: 4, KVHeads: 1, HeadDim: 256, Hidden: 2048, Context: 32768, NormEps: 1e-6, RopeBase: 1e6,
		TiedOutput: true, Activation: transformer.ActivationGELUTanh, ScaleEmbed: true, QKNorm: transformer.QKNormHead, Placement: transformer.PlacementSandwich,
		Kinds: map[string]transformer.Kind{"L": {Window: 512, RopeBase: 10000}, "G": {}}, Tile: "LLLLLG",
	}, c)
	m, err := assemble(b, c, Options{}, g, ggufLayout("gemma3"), func() (*tokenizer.Tokenizer, error) {
		return tokenizer.FromJSON(strings.NewReader(tinyTokenizer)) // the model's own has tests of its own
	}, nil)
	require.NoError(t, err)
	defer m.Close()
	obs, err := ondevice.Observer(ondevice.FirstMass, ondevice.ResidNorm)
	require.NoError(t, err)
	text, err := os.ReadFile("testdata/gemma3.json")
	require.NoError(t, err)
	var texts []gemma3Golden
	require.NoError(t, json.Unmarshal(text, &texts))
	for _, want := range texts {
		n := len(want.IDs)
		bos := want.IDs[0] == 2
		mass, resid := 0.0, 0.0 // the largest differences; of norms, relative ones
		norms := func(l int, x *tensors.Tensor) {
			flat := tensors.MustCopyFlatData[float32](x)
			for i, at := range []int{0, n - 1} {
				resid = max(resid, math.Abs(float64(flat[at])/want.ResidNorm[l][i]-1))
			}
		}
		out, err := m.Forward(transformer.One(want.IDs), transformer.Pass{
			Predict: true, Last: true, Observer: obs,
			OnEmbed: func(outs []*tensors.Tensor) error { norms(0, outs[0]); return nil },
			OnBlock: func(l int, outs []*tensors.Tensor) error {
				norms(l+1, outs[1])
				flat, width := tensors.MustCopyFlatData[float32](outs[0]), outs[0].Shape().Dim(2)
				for h, mean := range want.FirstMass[l] {
					sum := 0.0
					for _, a := range flat[h*width : h*width+n] {
						sum += float64(a)
					}
					mass = max(mass, math.Abs(sum/float64(n)-mean))
				}
				return nil
			},
		})
		require.NoError(t, err)
		logit, loss := 0.0, 0.0
		for i, x := range want.Last8 {
			logit = max(logit, math.Abs(float64(out.LogitsLast[0][i])-x)/want.Std)
		}
		for i, x := range want.Loss {
			loss = max(loss, math.Abs(float64(out.Loss[0][i])-x))
		}
		for i, id := range want.Top1 {
			if want.Margin[i] > 2e-3 {
				require.Equal(t, id, out.Top1[0][i], "most probable token after token %d", i+1)
			}
		}
		t.Logf("%d tokens, ⟨bos⟩ %t: max |Δ| of logits / std %.1e, loss %.1e, mass on token 1 %.1e, ‖x‖ (relative) %.1e", n, bos, logit, loss, mass, resid)
		// Without ⟨bos⟩ the network amplifies rounding 20 to 70 times.
		tolerance := map[bool][2]float64{true: {1e-3, 1e-4}, false: {3e-2, 2e-3}}[bos]
		require.Less(t, logit, tolerance[0])
		require.Less(t, mass, tolerance[1])
		require.Less(t, loss, 5*tolerance[0])
		require.Less(t, resid, tolerance[0])
	}
}
