package pretrained

import (
	"maps"
	"regexp"

	"firsttoken/train/transformer"
)

// Models of which there are several that differ in how attention rests, and in little else:
//
//   - the flash-linear-attention library's plain transformer, of which zaydzuhri has trained one
//     with softmax and one with softpick (arXiv 2504.20966), 340M parameters each;
//   - Qwen 3 with gated heads (arXiv 2505.06708), QwQZh/gated_attention: 1B parameters without a
//     gate, with one a head and with one a channel.

// flaFamily is model_type "transformer". Fields and names are as in the library's
// models/transformer; the field attn_impl, which says softmax or softpick, is that of the branch
// that the pair was trained with.
var flaFamily = hfArchitecture{
	class: "TransformerForCausalLM", layout: flaLayout(),
	fields: map[string]string{
		"num_attention_heads": "num_heads", "num_key_value_heads": "num_kv_heads", "rms_norm_eps": "norm_eps", "head_dim": "",
	},
	defaults: func(c *transformer.Config) { headsOfTheirOwn(c); c.Hidden = flaHidden(c.Width, 4) },
	only: map[string]any{
		"hidden_act": "swish", "elementwise_affine": true, "window_size": nil, "attnres_block_size": nil,
		"attention_bias": false, // not read there: qkv_bias is
		"qk_norm":        false, // its norm has an ε of its own, 1e-5 whatever norm_eps is
	},
	// How things are computed, and the loss.
	harmless: []string{"fuse_norm", "fuse_swiglu", "fuse_cross_entropy", "fuse_linear_cross_entropy", "use_l2warp"},
	read: func(h *hfConfig, c *transformer.Config) {
		ratio, hidden := 4.0, 0
		if h.get("hidden_ratio", &ratio); !h.get("intermediate_size", &hidden) {
			c.Hidden = flaHidden(c.Width, ratio)
		}
		c.Bias.QKV = h.is("qkv_bias", false)
		attention := "flash_attn"
		h.get("attn_impl", &attention)
		switch attention {
		case "flash_attn", "parallel_attn", "naive_attn":
		case "parallel_softpick_attn", "naive_softpick_attn":
			c.Pattern.Kind = transformer.PatternSoftpick
		default:
			h.bad("field attn_impl = %s is not supported: supported are parallel_attn and parallel_softpick_attn, and flash_attn and naive forms of them", attention)
		}
	},
}

// flaHidden is the width of the MLP where none is given: ⅔ · ratio · D, up to a multiple of 256.
func flaHidden(width int, ratio float64) int {
	return (int(float64(width)*ratio*2/3) + 255) / 256 * 256
}

func flaLayout() layout {
	const block = "model.layers.%d."
	names := map[string]string{
		"embed": "model.embeddings.weight", "norm": "model.norm.weight", "output": "lm_head.weight",
		"attn_norm": block + "attn_norm.weight", "mlp_norm": block + "mlp_norm.weight",
	}
	for role, tensor := range map[string]string{
		"query": "attn.q_proj", "key": "attn.k_proj", "value": "attn.v_proj", "out": "attn.o_proj",
		"gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj",
	} {
		linear(names, role, block+tensor)
	}
	return layout{sources: named(names), ignored: regexp.MustCompile(`^model\.layers\.\d+\.attn\.rotary\.inv_freq$`).MatchString}
}

// gatedQwen reads what the code of the gated models adds to Qwen 3's fields. It reads qkv_bias in
// place of attention_bias, for the output projection as well.
func (h *hfConfig) gatedQwen(c *transformer.Config) {
	bias := c.Bias.QKV
	if h.get("qkv_bias", &bias) {
		c.Bias = transformer.Bias{QKV: bias, Out: bias}
	}
	if !h.is("use_qk_norm", true) {
		c.QKNorm = ""
	}
	head, element := h.is("headwise_attn_output_gate", false), h.is("elementwise_attn_output_gate", false)
	switch {
	case head && element:
		h.bad("fields headwise_attn_output_gate and elementwise_attn_output_gate are both true: one of them is meant")
	case head:
		c.OutGate = transformer.OutGateHead
	case element:
		c.OutGate = transformer.OutGateElement
	}
	if c.OutGate != "" && bias {
		h.bad("field qkv_bias is true beside an output gate: gates with a bias are not supported")
	}
}

// besideQueries is the layout with the gate's rows in q_proj: those of all query heads that share a
// key/value head, behind the queries' own of the same heads. Within such a group both stand in the
// order of the heads.
func besideQueries(c *transformer.Config, lay layout) layout {
	if c.OutGate == "" {
		return lay
	}
	queries, gates := c.Groups()*c.HeadDim, c.Groups()
	if c.OutGate == transformer.OutGateElement {
		gates = queries
	}
	sources := maps.Clone(lay.sources)
	query := sources["query"]
	query.group, query.own = queries+gates, queries
	sources["query"] = query
	sources["out_gate"] = source{tensor: query.tensor, group: queries + gates, own: gates, at: queries}
	lay.sources = sources
	return lay
}
