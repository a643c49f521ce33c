package pretrained

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/go-huggingface/models/gguf"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/safetensors"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// family is a folder of testdata/families, which families.py or pairs.py wrote, with a tokenizer
// beside it.
func family(t *testing.T, name string) (folder string, ids []int32, logits []float32) {
	t.Helper()
	files := hfFiles{vocabFile: []byte(tinyTokenizer)}
	for _, file := range []string{configFile, weightsFile, "ids.json", "logits.f32"} {
		data, err := os.ReadFile(filepath.Join("testdata/families", name, file))
		require.NoError(t, err)
		files[file] = data
	}
	require.NoError(t, json.Unmarshal(files["ids.json"], &ids))
	logits = make([]float32, len(files["logits.f32"])/4)
	for i := range logits {
		logits[i] = math.Float32frombits(binary.LittleEndian.Uint32(files["logits.f32"][4*i:]))
	}
	return files.write(t), ids, logits
}

// worst is the largest difference of a model's logits from those wanted.
func worst(t *testing.T, m *transformer.Model, ids []int32, want []float32) float64 {
	t.Helper()
	out, err := m.Forward(transformer.One(ids), transformer.Pass{Logits: true})
	require.NoError(t, err)
	require.Len(t, want, len(ids)*m.Config.Vocab)
	worst := 0.0
	for i, row := range out.Logits[0] {
		for v, got := range row {
			worst = max(worst, math.Abs(float64(got-want[i*m.Config.Vocab+v])))
		}
	}
	return worst
}

// families are those that the transformers library wrote, and those of which there are pairs
// trained elsewhere.
func families(t *testing.T) (names []string) {
	t.Helper()
	folders, err := os.ReadDir("testdata/families")
	require.NoError(t, err)
	for _, f := range folders {
		names = append(names, f.Name())
	}
	require.Len(t, names, 14)
	return names
}

// TestFamilies holds each family's folder and decoder against the transformers library's own, or
// NumPy's in float64 where that has none; logits have a spread of 1.4 to 1.9.
func TestFamilies(t *testing.T) {
	b := goBackend(t)
	for _, name := range families(t) {
		t.Run(name, func(t *testing.T) {
			folder, ids, want := family(t, name)
			m, err := Load(b, folder, Options{Weights: "float32"})
			require.NoError(t, err)
			defer m.Close()
			delta := worst(t, m.Model, ids, want)
			t.Logf("max |Δ logits| %.1e", delta)
			require.Less(t, delta, 2e-5)
		})
	}
}

// TestTinyGGUFFamilies loads what llama.cpp writes for other families than Llama: their
// rotary rows are not interleaved, and what is their own follows from the architecture.
func TestTinyGGUFFamilies(t *testing.T) {
	b := goBackend(t)
	for name, change := range map[string]func(c *transformer.Config){
		"qwen2": func(c *transformer.Config) { c.Bias.QKV = true },
		"qwen3": func(c *transformer.Config) { c.QKNorm = transformer.QKNormHead },
		"gemma3": func(c *transformer.Config) {
			c.QKNorm, c.Placement, c.ScaleEmbed = transformer.QKNormHead, transformer.PlacementSandwich, true
			c.Activation, c.RopeBase, c.Layers = transformer.ActivationGELUTanh, 1e6, 8
			c.Kinds, c.Tile = map[string]transformer.Kind{"L": {Window: 3, RopeBase: 10000}, "G": {}}, "LLLLLG"
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newTiny(name != "qwen2").config
			change(&c)
			tiny := newTinyOf(c)
			g, held := tiny.gguf(all(gguf.TensorTypeF32))
			if name == "gemma3" {
				g.set("gemma3.attention.sliding_window", uint32(3))
			}
			m, err := Load(b, g.write(t), Options{})
			require.NoError(t, err)
			defer m.Close()
			requireSame(t, b, c, params(&c, held, func(string) dtypes.DType { return dtypes.Float32 }), m)
		})
	}
}

// Each switch that a family sets matters: with it taken away the logits are others, or
// the weights do not fit.
func TestFamiliesNeedTheirSwitches(t *testing.T) {
	b := goBackend(t)
	for name, off := range map[string]map[string]func(c *transformer.Config){
		"llama": {"scaling": func(c *transformer.Config) { c.RopeScale = nil }},
		"gemma3": {
			"windows": func(c *transformer.Config) { c.Kinds["L"] = transformer.Kind{RopeBase: c.Kinds["L"].RopeBase} },
			"window + 1": func(c *transformer.Config) {
				c.Kinds["L"] = transformer.Kind{Window: 6, RopeBase: c.Kinds["L"].RopeBase}
			},
			"window − 1": func(c *transformer.Config) {
				c.Kinds["L"] = transformer.Kind{Window: 4, RopeBase: c.Kinds["L"].RopeBase}
			},
			"local base":    func(c *transformer.Config) { c.Kinds["L"] = transformer.Kind{Window: 5} },
			"order":         func(c *transformer.Config) { c.Tile = "GLL" },
			"scaling":       func(c *transformer.Config) { c.RopeScale = nil },
			"score scale":   func(c *transformer.Config) { c.ScoreScale = 0 },
			"embed scale":   func(c *transformer.Config) { c.ScaleEmbed = false },
			"norms behind":  func(c *transformer.Config) { c.Placement = "" },
			"query and key": func(c *transformer.Config) { c.QKNorm = "" },
		},
		"mistral":  {"window": func(c *transformer.Config) { c.Kinds, c.Tile = nil, "" }},
		"smollm3":  {"no rotary": func(c *transformer.Config) { c.Kinds, c.Tile = nil, "" }},
		"olmo2":    {"width": func(c *transformer.Config) { c.QKNorm = transformer.QKNormHead }},
		"gpt_neox": {"parallel": func(c *transformer.Config) { c.Parallel = false }, "rotary dim": func(c *transformer.Config) { c.RotaryDim = 0 }, "gelu": func(c *transformer.Config) { c.Activation = transformer.ActivationGELUTanh }},
		"gpt2":     {"gelu": func(c *transformer.Config) { c.Activation = transformer.ActivationGELU }},
		"softpick": {
			"softpick": func(c *transformer.Config) { c.Pattern = transformer.Pattern{} },
			"width":    func(c *transformer.Config) { c.Hidden = 256 },
		},
		"fla": {
			"softmax":        func(c *transformer.Config) { c.Pattern.Kind = transformer.PatternSoftpick },
			"heads in pairs": func(c *transformer.Config) { c.KVHeads = c.Heads },
		},
		"gate_head": {
			"gate":          func(c *transformer.Config) { c.OutGate = "" },
			"query and key": func(c *transformer.Config) { c.QKNorm = "" },
		},
		"gate_element": {
			"gate":      func(c *transformer.Config) { c.OutGate = "" },
			"as a head": func(c *transformer.Config) { c.OutGate = transformer.OutGateHead },
		},
		"opt": {"relu": func(c *transformer.Config) { c.Activation = transformer.ActivationGELU }},
	} {
		folder, ids, want := family(t, name)
		data, err := os.ReadFile(filepath.Join(folder, configFile))
		require.NoError(t, err)
		c, lay, err := parseHFConfig(data)
		require.NoError(t, err)
		for what, change := range off {
			t.Run(name+" "+what, func(t *testing.T) {
				changed := c
				changed.Kinds = map[string]transformer.Kind{}
				for letter, k := range c.Kinds {
					changed.Kinds[letter] = k
				}
				change(&changed)
				f, err := openFolder(b, folder)
				require.NoError(t, err)
				defer f.close()
				m, err := assemble(b, changed, Options{Weights: "float32"}, f, lay, func() (*tokenizer.Tokenizer, error) { return folderTokenizer(folder) }, nil)
				if err != nil {
					require.ErrorContains(t, err, "tensor ")
					return
				}
				defer m.Close()
				require.Greater(t, worst(t, m.Model, ids, want), 1e-4)
			})
		}
	}
}

// Files without the prefix that others have hold the same model.
func TestPrefixes(t *testing.T) {
	b := goBackend(t)
	for name, prefix := range map[string]string{"gpt2": "transformer.", "opt": "model."} {
		folder, ids, want := family(t, name)
		f, err := openFolder(b, folder)
		require.NoError(t, err)
		var list []safetensors.Tensor
		for _, info := range f.shards[0].header.Tensors {
			data, err := f.shards[0].header.Read(f.shards[0].file, info.Name)
			require.NoError(t, err)
			list = append(list, safetensors.Tensor{Name: strings.TrimPrefix(info.Name, prefix), DType: info.DType, Shape: info.Shape, Data: data})
		}
		f.close()
		require.NoError(t, os.WriteFile(filepath.Join(folder, weightsFile), safetensorsFile(t, list), 0o644))
		m, err := Load(b, folder, Options{Weights: "float32"})
		require.NoError(t, err)
		require.Less(t, worst(t, m.Model, ids, want), 2e-5)
		m.Close()
	}
}

// A bias is re-ordered as the rows are that it belongs to.
func TestSplitHalvesOfABias(t *testing.T) {
	bias := tensors.FromValue([]float32{0, 1, 2, 3, 10, 11, 12, 13})
	require.NoError(t, splitHalves(bias, 4))
	require.Equal(t, []float32{0, 2, 1, 3, 10, 12, 11, 13}, bias.Value())
}
