package pretrained

import (
	"math"
	"strings"

	"firsttoken/train/transformer"
)

var gemmaFamily = hfArchitecture{
	class: "GemmaForCausalLM", layout: gemmaLayout,
	defaults: func(c *transformer.Config) { c.KVHeads, c.HeadDim, c.TiedOutput = 16, 256, true },
	only:     map[string]any{"attention_bias": false, "use_bidirectional_attention": false},
	read:     readGemma,
}

const gemmaGELU = "gelu_pytorch_tanh"

// readGemma reads what is the first Gemma's own.
//
// The gate is GELU in the tanh form, as Google's code has it, even where hidden_act
// says gelu: the first checkpoints were published so. The transformers library takes
// the tanh form for them too: version 4.46 wherever hidden_activation is null, version
// 5.24, which knows hidden_act alone, by treating its gelu as a legacy name.
func readGemma(h *hfConfig, c *transformer.Config) {
	c.Activation, c.ScaleEmbed = transformer.ActivationGELUTanh, true
	if act := gemmaGELU; h.get("hidden_act", &act) && act != gemmaGELU && act != "gelu" {
		h.bad("field hidden_act = %s is not supported: only gelu and %s are", act, gemmaGELU)
	}
	h.must("hidden_activation", gemmaGELU)
	if c.RopeScale != nil {
		h.bad("rotary scaling is not supported: Gemma has none")
	}
}

// Gemma 3 without its eyes. Five of six layers are local, with a rotary base of their own.
var gemma3Family = hfArchitecture{
	class: "Gemma3ForCausalLM", layout: gemma3Layout,
	fields: map[string]string{"rope": ""}, // one for each kind of layer
	defaults: func(c *transformer.Config) {
		c.KVHeads, c.HeadDim, c.TiedOutput, c.RopeBase = 4, 256, true, 1e6
	},
	only: map[string]any{
		"attention_bias": false, "use_bidirectional_attention": false, "hidden_activation": gemmaGELU,
		"attn_logit_softcapping": nil, "final_logit_softcapping": nil,
	},
	harmless: []string{"cache_implementation"},
	read:     readGemma3,
}

func readGemma3(h *hfConfig, c *transformer.Config) {
	c.Activation, c.ScaleEmbed = transformer.ActivationGELUTanh, true
	c.QKNorm, c.Placement = transformer.QKNormHead, transformer.PlacementSandwich
	scalar := 256.0
	h.get("query_pre_attn_scalar", &scalar)
	if !(scalar > 0) || math.IsInf(scalar, 0) {
		h.bad("field query_pre_attn_scalar = %g: must be above 0 and finite", scalar)
	}
	c.ScoreScale = scoreScale(scalar, c)

	local := transformer.Kind{Window: 4096, RopeBase: 10000}
	h.get("sliding_window", &local.Window)
	h.get("rope_local_base_freq", &local.RopeBase)
	pattern := 6
	h.get("_sliding_window_pattern", &pattern)
	h.get("sliding_window_pattern", &pattern)
	letters, ok := h.layerTypes(c)
	if !ok && pattern < 1 {
		h.bad("field sliding_window_pattern = %d: must be above 0", pattern)
	} else if !ok {
		letters = everyNth(c.Layers, pattern)
	}
	var byKind map[string]*hfRope
	if h.get("rope_parameters", &byKind) {
		for name, r := range byKind {
			base, scale := &c.RopeBase, &c.RopeScale
			if name == "sliding_attention" {
				base, scale = &local.RopeBase, &local.RopeScale
			} else if name != "full_attention" {
				h.bad("field rope_parameters: %q is no type of layer", name)
				continue
			}
			h.ropeOf("rope_parameters."+name, r, base, scale)
		}
	} else {
		h.rope(c)
	}
	tile(c, letters, map[string]transformer.Kind{"L": local, "G": {}})
}

// everyNth are the letters of layers of which every n-th is global.
func everyNth(layers, n int) string {
	n = min(n, layers+1)
	return strings.Repeat(strings.Repeat("L", n-1)+"G", layers/n+1)[:layers]
}

// scoreScale is 1/√scalar, or 0, which means 1/√Dh, where that is the same.
func scoreScale(scalar float64, c *transformer.Config) float64 {
	if scalar == float64(c.HeadDim) {
		return 0
	}
	return 1 / math.Sqrt(scalar)
}
