package pretrained

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/go-huggingface/models/gguf"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/safetensors"
	"firsttoken/train/transformer"
)

// renameTensors changes all tensors' names of a single weights file.
func renameTensors(t *testing.T, f hfFiles, name func(string) string) {
	t.Helper()
	changeTensors(t, f, func(x []safetensors.Tensor) []safetensors.Tensor {
		for i := range x {
			x[i].Name = name(x[i].Name)
		}
		return x
	})
}

// changeTensors rewrites a single weights file.
func changeTensors(t *testing.T, f hfFiles, change func([]safetensors.Tensor) []safetensors.Tensor) {
	t.Helper()
	h, data := parseSafetensors(t, f[weightsFile])
	var list []safetensors.Tensor
	for _, x := range h.Tensors {
		list = append(list, safetensors.Tensor{Name: x.Name, DType: x.DType, Shape: x.Shape, Data: slices.Clone(data[x.Offset : x.Offset+x.Size])})
	}
	var out bytes.Buffer
	require.NoError(t, safetensors.Write(&out, nil, change(list)))
	f[weightsFile] = out.Bytes()
}

// setFields changes fields of a JSON object; nil of Go removes one.
func setFields(t *testing.T, f hfFiles, file string, fields map[string]any) {
	t.Helper()
	var all map[string]any
	require.NoError(t, json.Unmarshal(f[file], &all))
	for name, value := range fields {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	f[file] = jsonOf(t, all)
}

const lfsPointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"

// null is a field that is there and null.
var null = json.RawMessage("null")

// TestOddFiles is what the hub really holds: folders that load as the plain one does, that
// load so with a warning, or that are refused with a remedy.
func TestOddFiles(t *testing.T) {
	b := goBackend(t)
	lastLogits := func(m *Loaded) []float32 {
		out, err := m.Forward(transformer.Batch{IDs: [][]int32{{1, 2, 3, 4}}}, transformer.Pass{Last: true})
		require.NoError(t, err)
		return out.LogitsLast[0]
	}
	plain := map[bool][]float32{}
	for _, tied := range []bool{true, false} {
		files, _ := newTiny(tied).hf(t, all(safetensors.F32), 1)
		m, err := Load(b, files.write(t), Options{})
		require.NoError(t, err)
		require.Empty(t, m.Warnings)
		plain[tied] = lastLogits(m)
		m.Close()
	}
	config := func(fields map[string]any) func(f hfFiles) {
		return func(f hfFiles) { setFields(t, f, configFile, fields) }
	}
	vocab := func(old, new string) func(f hfFiles) {
		return func(f hfFiles) { f[vocabFile] = replace(t, f[vocabFile], old, new) }
	}
	addOutput := func(change func([]byte)) func(f hfFiles) {
		return func(f hfFiles) {
			changeTensors(t, f, func(list []safetensors.Tensor) []safetensors.Tensor {
				i := slices.IndexFunc(list, func(x safetensors.Tensor) bool { return x.Name == "model.embed_tokens.weight" })
				output := list[i]
				output.Name, output.Data = "lm_head.weight", slices.Clone(output.Data)
				change(output.Data)
				return append(list, output)
			})
		}
	}
	added := func(names ...string) func(f hfFiles) {
		return func(f hfFiles) {
			rest := ""
			for i, name := range names {
				rest += fmt.Sprintf(`,{"id":%d,"content":%q,"single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}`, 5+i, name)
			}
			f[vocabFile] = replace(t, f[vocabFile], `"special":true}`, `"special":true}`+rest)
		}
	}
	for _, c := range []struct {
		name   string
		tied   bool
		change func(f hfFiles)
		warns  string // "" for none
		error  string // "" for none
		differ bool   // from the plain model's logits
	}{
		// Configurations.
		{name: "what a re-upload adds", change: config(map[string]any{"unsloth_fixed": true, "unsloth_version": "2026.1", "auto_map": map[string]any{"AutoModel": "x.Y"},
			"max_sequence_length": 128, "_name_or_path": "a/b", "transformers_version": "5.0.0"})},
		{name: "null fields", change: config(map[string]any{"rope_scaling": null, "pretraining_tp": null, "quantization_config": null, "sliding_window": null,
			"a_field_of_tomorrow": null})},
		{name: "defaults of generation", change: config(map[string]any{"do_sample": true, "temperature": 0.7, "top_p": 0.9, "num_beams": 1, "pruned_heads": map[string]any{},
			"output_attentions": false, "torchscript": false, "is_encoder_decoder": false, "tie_encoder_decoder": false})},
		{name: "switches at their default", change: config(map[string]any{"mlp_bias": false, "rope_interleaved": false, "use_sliding_window": false, "residual_multiplier": 1.0})},
		{name: "switch not at its default", change: config(map[string]any{"residual_multiplier": 0.5}), error: "field residual_multiplier is unknown: it may change the computation (it is 0.5)"},
		{name: "an encoder and a decoder", change: config(map[string]any{"is_encoder_decoder": true}), error: "field is_encoder_decoder is unknown"},
		{name: "a field of another architecture", change: config(map[string]any{"num_experts": 8}), error: "field num_experts is unknown: it may change the computation (it is 8)"},
		{name: "quantised", change: config(map[string]any{"quantization_config": map[string]any{"quant_method": "gptq"}}), error: "take the model that they were made from, or a GGUF file"},

		// Output matrices.
		{name: "a copy of the embedding as output", tied: true, change: addOutput(func([]byte) {})},
		{name: "another output", tied: true, change: addOutput(func(x []byte) { x[2] ^= 0x10 }), warns: "tie_word_embeddings is true, but lm_head.weight is not the embedding: it is used", differ: true},
		{name: "no output", tied: true, change: config(map[string]any{"tie_word_embeddings": false}),
			error: "tensor lm_head.weight is missing: where the output is the embedding, set tie_word_embeddings to true in config.json"},

		// Names of tensors.
		{name: "compiled", change: func(f hfFiles) { renameTensors(t, f, func(n string) string { return "_orig_mod." + n }) }, warns: "begin with _orig_mod., as torch.compile leaves them"},
		{name: "compiled and parallel", change: func(f hfFiles) { renameTensors(t, f, func(n string) string { return "module._orig_mod." + n }) }, warns: "begin with _orig_mod."},
		{name: "base model", tied: true, change: func(f hfFiles) { renameTensors(t, f, func(n string) string { return strings.TrimPrefix(n, "model.") }) },
			warns: "lack the prefix model., as those of a base model"},
		{name: "unknown prefix", change: func(f hfFiles) { renameTensors(t, f, func(n string) string { return "student." + n }) },
			error: "… and 32 more; there are others, such as student.lm_head.weight"},
		{name: "stale buffers", change: func(f hfFiles) {
			changeTensors(t, f, func(list []safetensors.Tensor) []safetensors.Tensor {
				for _, name := range []string{"model.rotary_emb.inv_freq", "model.layers.0.self_attn.rotary_emb.inv_freq", "model.layers.31.self_attn.rotary_emb.inv_freq"} {
					list = append(list, safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: []int{1}, Data: make([]byte, 4)})
				}
				return list
			})
		}},

		// Tokenizers.
		{name: "saved truncation", change: vocab(`"truncation":null`, `"truncation":{"direction":"Right","max_length":512,"strategy":"LongestFirst","stride":0}`),
			warns: `tokenizer.json has truncation saved`},
		{name: "saved padding", change: vocab(`"padding":null`, `"padding":{"strategy":"BatchLongest","pad_id":0}`), warns: "tokenizer.json has padding saved"},
		{name: "added tokens beyond the rows", change: func(f hfFiles) {
			// 48 rows: 43 names to fill them up, and one more.
			var names []string
			for i := range 44 {
				names = append(names, fmt.Sprintf("<extra_%d>", i))
			}
			added(names...)(f)
		}, warns: "the tokenizer has 1 added tokens beyond the embedding's 48 rows (<extra_43>): texts that spell one are refused"},

		// Files that are not there.
		{name: "pointer for weights", change: func(f hfFiles) { f[weightsFile] = []byte(lfsPointer) }, error: "model.safetensors is a git-lfs pointer of 130 bytes in place of the file: run `git lfs pull`"},
		{name: "pointer for the tokenizer", change: func(f hfFiles) { f[vocabFile] = []byte(lfsPointer) }, error: "tokenizer.json is a git-lfs pointer"},
		{name: "pointer for the configuration", change: func(f hfFiles) { f[configFile] = []byte(lfsPointer) }, error: "config.json is a git-lfs pointer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, _ := newTiny(c.tied).hf(t, all(safetensors.F32), 1)
			c.change(files)
			m, err := Load(b, files.write(t), Options{})
			if c.error != "" {
				require.ErrorContains(t, err, c.error)
				return
			}
			require.NoError(t, err)
			defer m.Close()
			if c.warns == "" {
				require.Empty(t, m.Warnings)
			} else {
				require.Contains(t, strings.Join(m.Warnings, "\n"), c.warns)
			}
			same := slices.Equal(plain[c.tied], lastLogits(m))
			require.Equal(t, c.differ, !same, "logits as those of the plain model")
		})
	}
}

// TestOddGGUF: the same for GGUF files.
func TestOddGGUF(t *testing.T) {
	b := goBackend(t)
	for _, c := range []struct {
		name    string
		change  func(g *ggufBuilder)
		options Options
		error   string
	}{
		{name: "does not say how words are cut", change: func(g *ggufBuilder) { g.set("tokenizer.ggml.pre", nil) }, error: "say it with -pre, or Options.Pre, one of"},
		{name: "says default", change: func(g *ggufBuilder) { g.set("tokenizer.ggml.pre", "default") }, error: `tokenizer.ggml.pre is "default"`},
		{name: "does not say, but the user does", change: func(g *ggufBuilder) { g.set("tokenizer.ggml.pre", nil) }, options: Options{Pre: "gpt-2"}},
		{name: "says, and is believed", change: func(*ggufBuilder) {}, options: Options{Pre: "llama-bpe"}},
		{name: "the user says what is not known", change: func(*ggufBuilder) {}, options: Options{Pre: "gpt2"}, error: `pre = "gpt2": must be one of ["dbrx"`},
		{name: "one part", change: func(g *ggufBuilder) { g.set("split.count", uint16(2)) }, error: "is part 1 of 2 of a split GGUF file: put them together with"},
		{name: "the only part", change: func(g *ggufBuilder) { g.set("split.count", uint16(1)) }},
		{name: "metadata of other programs", change: func(g *ggufBuilder) { g.set("general.license", "mit"); g.set("quantize.imatrix.file", "x") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, _ := newTiny(true).gguf(all(gguf.TensorTypeF32))
			c.change(g)
			path := g.write(t)
			m, err := Load(b, path, c.options)
			if c.error != "" {
				require.ErrorContains(t, err, c.error)
				_, err = LoadTokenizer(path, c.options)
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			defer m.Close()
			require.Equal(t, "gpt2", m.Tokenizer.Kind())
			tok, err := LoadTokenizer(path, c.options)
			require.NoError(t, err)
			require.Equal(t, m.Tokenizer.Fingerprint(), tok.Fingerprint())
		})
	}
	_, err := Load(b, writeFile(t, "x.gguf", []byte(lfsPointer)), Options{})
	require.ErrorContains(t, err, "x.gguf is a git-lfs pointer of 130 bytes")
}
