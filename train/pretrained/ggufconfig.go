package pretrained

import (
	"errors"
	"fmt"

	"firsttoken/train/transformer"
)

// config reads the architecture from the metadata. Every llama.* key must be
// known, since an unknown one may change the computation.
func (g *ggufFile) config() (transformer.Config, error) {
	var c transformer.Config
	if arch := g.file.Architecture(); arch != "llama" {
		return c, fmt.Errorf("metadata key general.architecture = %q is not supported: only llama is (Gemma can be read from a safetensors folder)", arch)
	}
	m := readMetadata(g.file, "llama.")
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
		m.bad("metadata key llama.attention.value_length = %d differs from the key length %d", v, c.HeadDim)
	}
	if r := m.natural("rope.dimension_count", c.HeadDim); r != c.HeadDim {
		m.bad("metadata key llama.rope.dimension_count = %d: rotating only a part of a head of %d is not supported", r, c.HeadDim)
	}
	if embed, ok := g.file.GetTensorInfo("token_embd.weight"); ok && len(embed.Shape) == 2 {
		c.Vocab = int(embed.Shape[1])
	}
	if v := m.natural("vocab_size", c.Vocab); v != c.Vocab {
		m.bad("metadata key llama.vocab_size = %d, but token_embd.weight has %d rows", v, c.Vocab)
	}
	_, untied := g.file.GetTensorInfo("output.weight")
	c.TiedOutput = !untied
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
