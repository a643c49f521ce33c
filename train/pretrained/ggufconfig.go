package pretrained

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"firsttoken/train/transformer"
)

// ggufArchitectures are those that the decoder can run, by general.architecture, with what
// is their own. llama.cpp's code has it; the files say only the sizes.
var ggufArchitectures = map[string]func(m *metadata, c *transformer.Config){
	"llama": func(*metadata, *transformer.Config) {},
	"qwen2": func(_ *metadata, c *transformer.Config) { c.Bias.QKV = true },
	"qwen3": func(_ *metadata, c *transformer.Config) { c.QKNorm = transformer.QKNormHead },
	"gemma3": func(m *metadata, c *transformer.Config) {
		c.Activation, c.ScaleEmbed = transformer.ActivationGELUTanh, true
		c.QKNorm, c.Placement = transformer.QKNormHead, transformer.PlacementSandwich
		if c.Layers == 62 { // 27B, whose scalar the files do not carry
			c.ScoreScale = scoreScale(float64(c.Width/max(c.Heads, 1)), c)
		}
		local := transformer.Kind{Window: m.natural("attention.sliding_window", required), RopeBase: m.real("rope.freq_base_swa", 10000)}
		if c.Layers >= 1 && c.Layers <= 1<<12 {
			tile(c, everyNth(c.Layers, 6), map[string]transformer.Kind{"L": local, "G": {}})
		}
	},
}

// config reads the architecture from the metadata. Every key of it must be known, since
// an unknown one may change the computation.
func (g *ggufFile) config() (transformer.Config, error) {
	var c transformer.Config
	arch := g.file.Architecture()
	own, known := ggufArchitectures[arch]
	if !known {
		return c, fmt.Errorf("metadata key general.architecture = %q is not supported: supported are %s (others may load from a safetensors folder)",
			arch, strings.Join(slices.Sorted(maps.Keys(ggufArchitectures)), ", "))
	}
	m := readMetadata(g.file, arch+".")
	c.Layers = m.natural("block_count", required)
	c.Context = m.natural("context_length", required)
	c.Width = m.natural("embedding_length", required)
	c.Hidden = m.natural("feed_forward_length", required)
	c.Heads = m.natural("attention.head_count", required)
	c.KVHeads = m.natural("attention.head_count_kv", c.Heads)
	c.NormEps = m.real("attention.layer_norm_rms_epsilon", required)
	c.RopeBase = m.real("rope.freq_base", 10000)
	c.HeadDim = m.natural("attention.key_length", c.Width/max(c.Heads, 1))
	if v := m.natural("attention.value_length", c.HeadDim); v != c.HeadDim {
		m.bad("metadata key %s.attention.value_length = %d differs from the key length %d", arch, v, c.HeadDim)
	}
	if r := m.natural("rope.dimension_count", c.HeadDim); r != c.HeadDim {
		m.bad("metadata key %s.rope.dimension_count = %d: rotating only a part of a head of %d is not supported", arch, r, c.HeadDim)
	}
	if embed, ok := g.file.GetTensorInfo("token_embd.weight"); ok && len(embed.Shape) == 2 {
		c.Vocab = int(embed.Shape[1])
	}
	if v := m.natural("vocab_size", c.Vocab); v != c.Vocab {
		m.bad("metadata key %s.vocab_size = %d, but token_embd.weight has %d rows", arch, v, c.Vocab)
	}
	_, untied := g.file.GetTensorInfo("output.weight")
	c.TiedOutput = !untied
	switch kind := value[string](m, "rope.scaling.type"); kind {
	case "", "none":
	case "linear":
		c.RopeScale = &transformer.RopeScaling{Factor: m.real("rope.scaling.factor", required)}
	default:
		m.bad("metadata key %s.rope.scaling.type = %q is not supported: only linear is", arch, kind)
	}
	own(m, &c)
	m.refuseOthers()
	if _, ok := g.file.GetTensorInfo(ropeFreqs); ok {
		factors, err := g.ropeFactors()
		if err != nil {
			m.problems = append(m.problems, err)
		}
		c.RopeFactors = factors
	}
	if len(m.problems) > 0 {
		return c, errors.Join(m.problems...)
	}
	return c, c.Validate()
}

// ropeFactors reads the rotary frequency divisors that converters of Llama 3.1
// and later store as a tensor.
func (g *ggufFile) ropeFactors() ([]float64, error) {
	t, err := g.reader.ReadTensor(nil, ropeFreqs)
	if err != nil {
		return nil, err
	}
	flat, ok := t.Value().([]float32)
	if !ok {
		return nil, fmt.Errorf("tensor %s is %s: must be a list of F32", ropeFreqs, t.Shape())
	}
	factors := make([]float64, len(flat))
	for i, x := range flat {
		factors[i] = float64(x)
	}
	return factors, nil
}
