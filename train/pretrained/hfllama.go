package pretrained

import (
	"strings"

	"firsttoken/train/transformer"
)

// Llama and those that are Llama but for a switch or two.
var (
	llamaFamily = hfArchitecture{
		class: "LlamaForCausalLM", layout: hfLayout, defaults: headsOfTheirOwn,
		only: map[string]any{"hidden_act": "silu", "rope_interleaved": false, "pretraining_tp": 1},
		read: func(h *hfConfig, c *transformer.Config) {
			bias := h.is("attention_bias", false)
			c.Bias = transformer.Bias{QKV: bias, Out: bias, MLP: h.is("mlp_bias", false)}
		},
	}
	// Mistral's window is that of all layers.
	mistralFamily = hfArchitecture{
		class: "MistralForCausalLM", layout: hfLayout,
		defaults: func(c *transformer.Config) { headsOfTheirOwn(c); c.KVHeads = 8 },
		only:     map[string]any{"hidden_act": "silu"},
		read: func(h *hfConfig, c *transformer.Config) {
			window := 4096
			if _, given := h.fields["sliding_window"]; given {
				window = 0
				h.get("sliding_window", &window)
			}
			tile(c, strings.Repeat("L", c.Layers), map[string]transformer.Kind{"L": {Window: window}})
		},
	}
	// Qwen 2 and 2.5: queries, keys and values with a bias.
	qwen2Family = hfArchitecture{
		class: "Qwen2ForCausalLM", layout: hfLayout,
		defaults: func(c *transformer.Config) { headsOfTheirOwn(c); c.KVHeads = 32 },
		only:     map[string]any{"hidden_act": "silu", "use_mrope": false},
		read: func(h *hfConfig, c *transformer.Config) {
			c.Bias.QKV = true
			h.qwenWindows(c)
		},
	}
	qwen3Family = hfArchitecture{
		class: "Qwen3ForCausalLM", layout: hfLayout,
		defaults: func(c *transformer.Config) { c.KVHeads, c.HeadDim = 32, 128 },
		only:     map[string]any{"hidden_act": "silu"},
		read: func(h *hfConfig, c *transformer.Config) {
			bias := h.is("attention_bias", false)
			c.Bias = transformer.Bias{QKV: bias, Out: bias}
			c.QKNorm = transformer.QKNormHead
			h.gatedQwen(c)
			h.qwenWindows(c)
		},
		arrange: besideQueries,
	}
	olmo2Family = hfArchitecture{
		class: "Olmo2ForCausalLM", layout: olmo2Layout,
		defaults: func(c *transformer.Config) { headsOfTheirOwn(c); c.NormEps = 1e-5 },
		only:     map[string]any{"hidden_act": "silu"},
		read: func(h *hfConfig, c *transformer.Config) {
			bias := h.is("attention_bias", false)
			c.Bias = transformer.Bias{QKV: bias, Out: bias}
			c.QKNorm, c.Placement = transformer.QKNormWidth, transformer.PlacementPost
		},
	}
	// SmolLM3 turns nothing in every fourth layer.
	smollm3Family = hfArchitecture{
		class: "SmolLM3ForCausalLM", layout: hfLayout,
		defaults: func(c *transformer.Config) { headsOfTheirOwn(c); c.KVHeads, c.RopeBase, c.TiedOutput = 4, 2e6, true },
		only:     map[string]any{"hidden_act": "silu", "use_sliding_window": false, "sliding_window": nil},
		read: func(h *hfConfig, c *transformer.Config) {
			bias := h.is("attention_bias", false)
			c.Bias = transformer.Bias{QKV: bias, Out: bias, MLP: h.is("mlp_bias", false)}
			if types, ok := h.layerTypes(c); ok && strings.Contains(types, "L") {
				h.bad("field layer_types: sliding_attention is not supported for this family")
			}
			h.noRope(c)
		},
	}
)

// qwenWindows reads Qwen's windows: off unless use_sliding_window, and then in the layers
// from max_window_layers on.
func (h *hfConfig) qwenWindows(c *transformer.Config) {
	window, from := 4096, 28
	h.get("sliding_window", &window)
	h.get("max_window_layers", &from)
	if !h.is("use_sliding_window", false) {
		window, from = 0, c.Layers
	}
	letters, ok := h.layerTypes(c)
	if !ok {
		from = min(max(from, 0), c.Layers)
		letters = strings.Repeat("G", from) + strings.Repeat("L", c.Layers-from)
	}
	if window == 0 && strings.Contains(letters, "L") {
		h.bad("field layer_types has sliding_attention, but use_sliding_window is off: one of them is meant")
	}
	tile(c, letters, map[string]transformer.Kind{"L": {Window: window}, "G": {}})
}

// noRope reads which layers turn nothing: 0 in no_rope_layers, or every so many-th layer.
func (h *hfConfig) noRope(c *transformer.Config) {
	every, list := 4, []int{}
	h.get("no_rope_layer_interval", &every)
	if !h.get("no_rope_layers", &list) {
		for l := range c.Layers {
			turns := 1
			if every > 0 && (l+1)%every == 0 {
				turns = 0
			}
			list = append(list, turns)
		}
	}
	if len(list) != c.Layers {
		h.bad("field no_rope_layers has %d entries for %d layers", len(list), c.Layers)
	}
	letters := ""
	for _, turns := range list {
		letters += map[bool]string{true: "N", false: "R"}[turns == 0]
	}
	tile(c, letters, map[string]transformer.Kind{"N": {NoRope: true}, "R": {}})
}
