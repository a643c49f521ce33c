package pretrained

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// source says where a checkpoint keeps one weight. The zero values say: in a tensor of
// its own, as it is.
type source struct {
	tensor     string // its name, %d for the layer
	transposed bool   // stored [in, out]
	lessOne    bool   // holds a gain less 1
	rotary     bool   // its rows are turned in pairs
	// The tensor holds so many weights of this one's shape, of which this is the one
	// at part: one after the other or, byHead, one after the other within each head.
	parts, part int
	byHead      bool
	skip        int // rows before the first that is used
	// The tensor's rows come in groups of so many, of which own rows from row at on are this
	// weight's; 0: all rows are.
	group, own, at int
}

// layout says where a checkpoint's family keeps the weights.
type layout struct {
	sources map[string]source // by role, without the layer: "embed", "query"
	// prefixes may stand before all names; the first under which the embedding is found
	// counts. Nil: none.
	prefixes []string
	// ignored tells tensors that are known and not weights.
	ignored func(name string) bool
	// interleaved is true where rotary pairs are neighbours (i, i+1) in the rows of what
	// is turned; they are re-ordered to (i, i+R/2).
	interleaved bool
}

// source of a weight by its name, such as "layers.3.query".
func (l *layout) source(weight string) (source, bool) {
	layer, role := 0, weight
	if rest, ok := strings.CutPrefix(weight, "layers."); ok {
		number, name, _ := strings.Cut(rest, ".")
		_, _ = fmt.Sscan(number, &layer)
		role = name
	}
	s, ok := l.sources[role]
	if strings.Contains(s.tensor, "%d") {
		s.tensor = fmt.Sprintf(s.tensor, layer)
	}
	s.rotary = s.rotary && l.interleaved
	return s, ok
}

// under returns the layout with the prefix that the names of a checkpoint have.
func (l layout) under(have map[string][]int) layout {
	for _, p := range l.prefixes {
		if _, ok := have[p+l.sources["embed"].tensor]; !ok {
			continue
		}
		sources := maps.Clone(l.sources)
		for role, s := range sources {
			if role != "output" {
				s.tensor = p + s.tensor
				sources[role] = s
			}
		}
		ignored := l.ignored
		l.sources, l.ignored = sources, func(name string) bool {
			rest, ok := strings.CutPrefix(name, p)
			return ok && ignored(rest)
		}
		return l
	}
	return l
}

// turned are the roles whose rows are turned in pairs.
var turned = []string{"query", "key", "query_bias", "key_bias", "query_norm", "key_norm"}

// named makes sources of tensors' names.
func named(names map[string]string) map[string]source {
	sources := map[string]source{}
	for role, name := range names {
		sources[role] = source{tensor: name}
	}
	for _, role := range turned {
		if s, ok := sources[role]; ok {
			s.rotary = true
			sources[role] = s
		}
	}
	return sources
}

// linear adds weight and bias of a product, and normed gain and bias of a norm.
func linear(names map[string]string, role, tensor string) map[string]string {
	names[role], names[role+"_bias"] = tensor+".weight", tensor+".bias"
	return names
}

// hfNames are the names of Llama's safetensors files and of those that follow it.
func hfNames() map[string]string {
	const block = "model.layers.%d."
	names := map[string]string{
		"embed": "model.embed_tokens.weight", "norm": "model.norm.weight", "output": "lm_head.weight",
		"attn_norm": block + "input_layernorm.weight", "mlp_norm": block + "post_attention_layernorm.weight",
		"query_norm": block + "self_attn.q_norm.weight", "key_norm": block + "self_attn.k_norm.weight",
	}
	for role, tensor := range map[string]string{
		"query": "self_attn.q_proj", "key": "self_attn.k_proj", "value": "self_attn.v_proj", "out": "self_attn.o_proj",
		"gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj",
	} {
		linear(names, role, block+tensor)
	}
	return names
}

// with are names with some changed.
func with(names, changed map[string]string) map[string]string {
	maps.Copy(names, changed)
	return names
}

// lessOne marks all gains as stored less 1.
func lessOne(sources map[string]source) map[string]source {
	for role, s := range sources {
		if strings.HasSuffix(role, "norm") {
			s.lessOne = true
			sources[role] = s
		}
	}
	return sources
}

// Old exports carry the rotary frequencies, which follow from the configuration.
var hfIgnored = regexp.MustCompile(`^model\.(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq$`).MatchString

var (
	hfLayout    = layout{sources: named(hfNames()), ignored: hfIgnored}
	gemmaLayout = layout{sources: lessOne(named(hfNames())), ignored: hfIgnored}
	// Gemma 3 has norms on both sides, and OLMo 2 behind only. Their names do not mean
	// what Llama's mean.
	gemma3Layout = layout{ignored: hfIgnored, sources: lessOne(named(with(hfNames(), map[string]string{
		"attn_post_norm": "model.layers.%d.post_attention_layernorm.weight",
		"mlp_norm":       "model.layers.%d.pre_feedforward_layernorm.weight",
		"mlp_post_norm":  "model.layers.%d.post_feedforward_layernorm.weight",
	})))}
	olmo2Layout = layout{ignored: hfIgnored, sources: named(with(hfNames(), map[string]string{
		"attn_post_norm": "model.layers.%d.post_attention_layernorm.weight",
		"mlp_post_norm":  "model.layers.%d.post_feedforward_layernorm.weight",
	}))}
)

// ggufSources are those of GGUF files; llama.cpp has one table for all families. Gains
// are as they multiply.
var ggufSources = func() map[string]source {
	names := map[string]string{
		"embed": "token_embd.weight", "norm": "output_norm.weight", "output": "output.weight",
		"attn_norm": "blk.%d.attn_norm.weight", "query_norm": "blk.%d.attn_q_norm.weight", "key_norm": "blk.%d.attn_k_norm.weight",
		"attn_post_norm": "blk.%d.post_attention_norm.weight", "mlp_norm": "blk.%d.ffn_norm.weight", "mlp_post_norm": "blk.%d.post_ffw_norm.weight",
	}
	for role, tensor := range map[string]string{
		"query": "attn_q", "key": "attn_k", "value": "attn_v", "out": "attn_output", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down",
	} {
		linear(names, role, "blk.%d."+tensor)
	}
	return named(names)
}()

// ggufLayout is that of an architecture's files: llama.cpp re-orders the rotary rows of
// Llama's, and of no other family's here.
func ggufLayout(architecture string) layout {
	return layout{
		sources: ggufSources, interleaved: architecture == "llama",
		ignored: func(name string) bool { return name == ropeFreqs }, // read into the configuration
	}
}
