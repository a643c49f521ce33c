package pretrained

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"firsttoken/train/transformer"
)

// hfArchitecture is what the model_type of a config.json decides.
type hfArchitecture struct {
	class  string // the one entry of architectures
	layout layout
	// defaults are the transformers library's for fields that are absent.
	defaults func(c *transformer.Config)
	// read reads the fields that not every architecture has, once the others are read.
	read func(h *hfConfig, c *transformer.Config)
}

// hfArchitectures are those that the decoder can run, by model_type.
var hfArchitectures = map[string]hfArchitecture{
	"llama": {
		class: "LlamaForCausalLM", layout: hfLayout,
		defaults: func(c *transformer.Config) {
			c.KVHeads = c.Heads
			if c.Heads > 0 {
				c.HeadDim = c.Width / c.Heads
			}
		},
		read: func(h *hfConfig, _ *transformer.Config) {
			h.must("hidden_act", "silu")
			for _, off := range []string{"mlp_bias", "rope_interleaved"} {
				h.must(off, false)
			}
			h.must("pretraining_tp", 1)
		},
	},
	"gemma": {
		class: "GemmaForCausalLM", layout: gemmaLayout,
		defaults: func(c *transformer.Config) { c.KVHeads, c.HeadDim, c.TiedOutput = 16, 256, true },
		read:     readGemma,
	},
}

// gemmaLayout is Llama's but for the norms, which Gemma stores as gain − 1.
var gemmaLayout = layout{name: hfLayout.name, ignored: hfLayout.ignored, gainLessOne: true}

// readGemma reads what is Gemma's own: the first Gemma, not Gemma 2 or 3, whose
// model_type is another.
//
// The gate is GELU in the tanh form, as Google's code has it, even where hidden_act
// says gelu: the first checkpoints were published so. The transformers library takes
// the tanh form for them too: version 4.46 wherever hidden_activation is null, version
// 5.24, which knows hidden_act alone, by treating its gelu as a legacy name.
func readGemma(h *hfConfig, c *transformer.Config) {
	const tanh = "gelu_pytorch_tanh"
	c.Activation, c.ScaleEmbed = transformer.ActivationGELUTanh, true
	if act := tanh; h.get("hidden_act", &act) && act != tanh && act != "gelu" {
		h.bad("field hidden_act = %s is not supported: only gelu and %s are", act, tanh)
	}
	h.must("hidden_activation", tanh)
	h.must("use_bidirectional_attention", false)
	if c.RopeScale != nil {
		h.bad("rotary scaling is not supported: Gemma has none")
	}
}

// architecture finds the architecture that a config.json names.
func (h *hfConfig) architecture() (hfArchitecture, error) {
	var modelType string
	var classes []string
	h.get("model_type", &modelType)
	h.get("architectures", &classes)
	a, ok := hfArchitectures[modelType]
	if ok && (classes == nil || slices.Equal(classes, []string{a.class})) {
		return a, nil
	}
	var known []string
	for _, name := range slices.Sorted(maps.Keys(hfArchitectures)) {
		known = append(known, fmt.Sprintf("%s (%s)", name, hfArchitectures[name].class))
	}
	return a, fmt.Errorf("model_type %q, architectures %q: supported are %s", modelType, classes, strings.Join(known, " and "))
}
