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
	// arrange changes the layout where that hangs on the configuration; nil: it does not.
	arrange func(c *transformer.Config, lay layout) layout
	// fields are the names of common fields where this family has others; "" for a
	// field that it does without.
	fields map[string]string
	// defaults are the transformers library's for fields that are absent.
	defaults func(c *transformer.Config)
	// only lists fields of the family of which one value is implemented, or changes nothing.
	only map[string]any
	// harmless lists further fields that do not change a forward pass.
	harmless []string
	// read reads the fields that not every architecture has, once the others are read.
	read func(h *hfConfig, c *transformer.Config)
}

// hfArchitectures are those that the decoder can run, by model_type.
var hfArchitectures = map[string]hfArchitecture{
	"llama": llamaFamily, "mistral": mistralFamily, "qwen2": qwen2Family, "qwen3": qwen3Family, "olmo2": olmo2Family, "smollm3": smollm3Family,
	"gemma": gemmaFamily, "gemma3_text": gemma3Family,
	"gpt_neox": neoxFamily, "gpt2": gpt2Family, "opt": optFamily,
	"transformer": flaFamily,
}

// name is what the family calls a common field.
func (a *hfArchitecture) name(field string) string {
	if name, ok := a.fields[field]; ok {
		return name
	}
	return field
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
	return a, fmt.Errorf("model_type %q, architectures %q: supported are %s", modelType, classes, strings.Join(known, ", "))
}

// headsOfTheirOwn is the default where absent fields mean as many key/value heads as
// query heads, each D/H wide.
func headsOfTheirOwn(c *transformer.Config) {
	c.KVHeads = c.Heads
	if c.Heads > 0 {
		c.HeadDim = c.Width / c.Heads
	}
}

// activation reads the function of the MLP; names that the library has for one function
// mean that function.
func (h *hfConfig) activation(field string, c *transformer.Config, fallback string) {
	names := map[string]transformer.Activation{
		"silu": "", "swish": "", "gelu": transformer.ActivationGELU, "relu": transformer.ActivationReLU,
		"gelu_new": transformer.ActivationGELUTanh, "gelu_pytorch_tanh": transformer.ActivationGELUTanh,
	}
	name := fallback
	h.get(field, &name)
	a, known := names[name]
	if !known {
		h.bad("field %s = %s is not supported: supported are %s", field, name, strings.Join(slices.Sorted(maps.Keys(names)), ", "))
	}
	c.Activation = a
}

// is reads a switch.
func (h *hfConfig) is(field string, fallback bool) bool {
	h.get(field, &fallback)
	return fallback
}

// layerKinds are the letters of the layers' kinds in the library's names.
var layerKinds = map[string]string{"full_attention": "G", "sliding_attention": "L"}

// layerTypes reads the list of layer_types into letters, L for a window and G for none;
// false if there is no list.
func (h *hfConfig) layerTypes(c *transformer.Config) (letters string, ok bool) {
	var types []string
	if !h.get("layer_types", &types) {
		return "", false
	}
	for i, t := range types {
		letter, known := layerKinds[t]
		if !known {
			h.bad("field layer_types: layer %d is of type %q: supported are %s", i+1, t, strings.Join(slices.Sorted(maps.Keys(layerKinds)), " and "))
			return "", false
		}
		letters += letter
	}
	if len(types) != c.Layers {
		h.bad("field layer_types has %d entries for %d layers", len(types), c.Layers)
	}
	return letters, true
}

// tile gives the layers their kinds, each by a letter, with the shortest tile that says
// so; layers that are all of the zero kind need none.
func tile(c *transformer.Config, letters string, kinds map[string]transformer.Kind) {
	used := map[string]transformer.Kind{}
	plain := true
	for i := range letters {
		letter := letters[i : i+1]
		used[letter] = kinds[letter]
		plain = plain && kinds[letter] == transformer.Kind{}
	}
	if plain {
		return
	}
	for n := 1; ; n++ {
		if strings.HasPrefix(strings.Repeat(letters[:n], len(letters)/n+1), letters) {
			c.Kinds, c.Tile = used, letters[:n]
			return
		}
	}
}
