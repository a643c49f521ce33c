package pretrained

import (
	"regexp"

	"firsttoken/train/transformer"
)

// GPT-2, GPT-NeoX (Pythia) and OPT: LayerNorm, a bias on every product and MLPs without a
// gate.

// gpt sets what the three share.
func gpt(c *transformer.Config) {
	headsOfTheirOwn(c)
	c.Norm, c.NormEps, c.PlainMLP = transformer.NormLayer, 1e-5, true
	c.Bias = transformer.Bias{QKV: true, Out: true, MLP: true}
	c.RopeBase = 10000 // of no use where positions are learned, but never 0
}

// learned says that positions come from a table as long as the context.
func learned(c *transformer.Config) { c.LearnedPositions = c.Context }

// stack are the sources of queries, keys and values that one tensor holds.
func stack(sources map[string]source, tensor string, s source) {
	for part, role := range []string{"query", "key", "value"} {
		s.part, s.parts = part, 3
		for _, end := range [][2]string{{"", ".weight"}, {"_bias", ".bias"}} {
			s.tensor = tensor + end[1]
			sources[role+end[0]] = s
		}
	}
}

var neoxFamily = hfArchitecture{
	class: "GPTNeoXForCausalLM", layout: neoxLayout(), defaults: gpt,
	fields:   map[string]string{"num_key_value_heads": "", "head_dim": "", "rms_norm_eps": "layer_norm_eps", "rope_theta": "rotary_emb_base"},
	only:     map[string]any{"attention_bias": true},
	harmless: []string{"classifier_dropout", "hidden_dropout", "is_decoder"},
	read: func(h *hfConfig, c *transformer.Config) {
		c.Parallel = h.is("use_parallel_residual", true)
		h.activation("hidden_act", c, "gelu")
		share := 0.25
		if h.partial != nil {
			share = *h.partial
		}
		h.get("rotary_pct", &share)
		if r := int(float64(c.HeadDim) * share); r != c.HeadDim {
			c.RotaryDim = r
		}
		if c.RotaryDim == 0 && share <= 0 {
			h.bad("field rotary_pct = %g: must be above 0", share)
		}
	},
}

func neoxLayout() layout {
	const block = "gpt_neox.layers.%d."
	names := map[string]string{"embed": "gpt_neox.embed_in.weight", "output": "embed_out.weight"}
	for role, tensor := range map[string]string{
		"norm": "gpt_neox.final_layer_norm", "attn_norm": block + "input_layernorm", "mlp_norm": block + "post_attention_layernorm",
		"out": block + "attention.dense", "up": block + "mlp.dense_h_to_4h", "down": block + "mlp.dense_4h_to_h",
	} {
		linear(names, role, tensor)
	}
	sources := named(names)
	stack(sources, block+"attention.query_key_value", source{byHead: true})
	buffers := regexp.MustCompile(`^gpt_neox\.(rotary_emb\.inv_freq|layers\.\d+\.attention\.(bias|masked_bias|rotary_emb\.inv_freq))$`)
	return layout{sources: sources, ignored: buffers.MatchString}
}

var gpt2Family = hfArchitecture{
	class: "GPT2LMHeadModel", layout: gpt2Layout(),
	defaults: func(c *transformer.Config) { gpt(c); learned(c); c.Hidden, c.TiedOutput = 4*c.Width, true },
	fields: map[string]string{
		"hidden_size": "n_embd", "intermediate_size": "n_inner", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
		"max_position_embeddings": "n_positions", "num_key_value_heads": "", "head_dim": "", "rms_norm_eps": "layer_norm_epsilon", "rope": "",
	},
	only: map[string]any{"scale_attn_weights": true, "scale_attn_by_inverse_layer_idx": false, "add_cross_attention": false},
	harmless: []string{
		"attn_pdrop", "embd_pdrop", "resid_pdrop", "n_ctx", "reorder_and_upcast_attn", "summary_activation", "summary_first_dropout",
		"summary_proj_to_labels", "summary_type", "summary_use_proj", "task_specific_params",
	},
	read: func(h *hfConfig, c *transformer.Config) { h.activation("activation_function", c, "gelu_new") },
}

// gpt2Layout: products are stored [in, out], and some files lack the prefix.
func gpt2Layout() layout {
	names := map[string]string{"embed": "wte.weight", "position": "wpe.weight", "output": "lm_head.weight"}
	for role, tensor := range map[string]string{
		"norm": "ln_f", "attn_norm": "h.%d.ln_1", "mlp_norm": "h.%d.ln_2", "out": "h.%d.attn.c_proj", "up": "h.%d.mlp.c_fc", "down": "h.%d.mlp.c_proj",
	} {
		linear(names, role, tensor)
	}
	sources := named(names)
	for _, role := range []string{"out", "up", "down"} {
		s := sources[role]
		s.transposed = true
		sources[role] = s
	}
	stack(sources, "h.%d.attn.c_attn", source{transposed: true})
	return layout{
		sources: sources, prefixes: []string{"transformer.", ""},
		ignored: regexp.MustCompile(`^h\.\d+\.attn\.(bias|masked_bias)$`).MatchString,
	}
}

var optFamily = hfArchitecture{
	class: "OPTForCausalLM", layout: optLayout(),
	defaults: func(c *transformer.Config) { gpt(c); learned(c); c.TiedOutput = true },
	fields:   map[string]string{"intermediate_size": "ffn_dim", "num_key_value_heads": "", "head_dim": "", "rms_norm_eps": "", "rope": ""},
	only: map[string]any{
		"do_layer_norm_before": true, "enable_bias": true, "layer_norm_elementwise_affine": true, "_remove_final_layer_norm": false,
	},
	harmless: []string{"activation_dropout", "dropout", "init_std", "layerdrop", "prefix"},
	read: func(h *hfConfig, c *transformer.Config) {
		h.activation("activation_function", c, "relu")
		width := c.Width
		if h.get("word_embed_proj_dim", &width); width != c.Width {
			h.bad("field word_embed_proj_dim = %d differs from hidden_size = %d: projections of the embedding are not supported", width, c.Width)
		}
	},
}

// optLayout: the table of positions begins with two rows that no token reaches.
func optLayout() layout {
	const block = "decoder.layers.%d."
	names := map[string]string{"embed": "decoder.embed_tokens.weight", "position": "decoder.embed_positions.weight", "output": "lm_head.weight"}
	for role, tensor := range map[string]string{
		"norm": "decoder.final_layer_norm", "attn_norm": block + "self_attn_layer_norm", "mlp_norm": block + "final_layer_norm",
		"query": block + "self_attn.q_proj", "key": block + "self_attn.k_proj", "value": block + "self_attn.v_proj", "out": block + "self_attn.out_proj",
		"up": block + "fc1", "down": block + "fc2",
	} {
		linear(names, role, tensor)
	}
	sources := named(names)
	position := sources["position"]
	position.skip = 2
	sources["position"] = position
	return layout{sources: sources, prefixes: []string{"model.", ""}, ignored: func(string) bool { return false }}
}
