// Package tiny makes small random models for tests: in memory, and on disk as the hub has them.
package tiny

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/safetensors"
	"firsttoken/train/local/backend"
	"firsttoken/train/transformer"
)

// BOS is ⟨bos⟩ of the model, after one token a byte.
const BOS = 256

// Context is short enough to be exceeded by a sentence.
const Context = 40

// Random is a model of drawn weights on the default backend. A std from 0.3 on makes its attention
// peaky, as that of trained models is. change may alter the weights before the model has them.
func Random(c transformer.Config, std float64, seed uint64, change ...func(*transformer.Params[*tensors.Tensor])) (*transformer.Model, error) {
	b, _, err := backend.Open()
	if err != nil {
		return nil, err
	}
	p, err := transformer.RandomParams(&c, dtypes.Float32, std, seed)
	if err != nil {
		return nil, err
	}
	for _, f := range change {
		f(p)
	}
	return transformer.New(b, c, p)
}

// Open is Random for one test, which closes it.
func Open(t testing.TB, c transformer.Config, std float64, seed uint64) *transformer.Model {
	t.Helper()
	m, err := Random(c, std, seed)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

// Model writes a folder as Hugging Face has them: a random decoder of two
// layers over bytes. change may alter a weight.
func Model(t testing.TB, change func(name string, flat []float32)) string {
	t.Helper()
	folder := t.TempDir()
	c := transformer.Tiny()
	c.Vocab, c.Context = BOS+1, Context
	p, err := transformer.RandomParams(&c, dtypes.Float32, 0.4, 3)
	require.NoError(t, err)
	var weights []safetensors.Tensor
	p.Each(&c, func(name string, slot **tensors.Tensor, dims []int) {
		flat, err := tensors.CopyFlatData[float32](*slot)
		require.NoError(t, err)
		if change != nil {
			change(name, flat)
		}
		var data []byte
		for _, x := range flat {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
		weights = append(weights, safetensors.Tensor{Name: hubName(name), DType: safetensors.F32, Shape: dims, Data: data})
	})
	require.NoError(t, safetensors.WriteFile(filepath.Join(folder, "model.safetensors"), nil, weights))
	WriteJSON(t, filepath.Join(folder, "config.json"), map[string]any{
		"model_type": "llama", "architectures": []string{"LlamaForCausalLM"}, "hidden_act": "silu",
		"hidden_size": c.Width, "intermediate_size": c.Hidden, "num_hidden_layers": c.Layers,
		"num_attention_heads": c.Heads, "num_key_value_heads": c.KVHeads, "head_dim": c.HeadDim,
		"vocab_size": c.Vocab, "max_position_embeddings": c.Context, "rms_norm_eps": c.NormEps,
		"rope_theta": c.RopeBase, "tie_word_embeddings": c.TiedOutput,
	})
	vocab := map[string]int{}
	for b := range 256 {
		vocab[byteForm(b)] = b
	}
	byteLevel := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
	WriteJSON(t, filepath.Join(folder, "tokenizer.json"), map[string]any{
		"version": "1.0", "truncation": nil, "padding": nil, "normalizer": nil, "post_processor": nil,
		"added_tokens": []any{map[string]any{
			"id": BOS, "content": "<|bos|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true,
		}},
		"pre_tokenizer": byteLevel, "decoder": byteLevel,
		"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": []string{}},
	})
	WriteJSON(t, filepath.Join(folder, "tokenizer_config.json"), map[string]any{"bos_token": "<|bos|>"})
	return folder
}

// byteForm is a byte as byte-level vocabularies write it: itself where that can
// be seen, else the next free character from U+0100 on.
func byteForm(b int) string {
	shows := func(b int) bool { return b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE }
	if shows(b) {
		return string(rune(b))
	}
	hidden := 0
	for i := range b {
		if !shows(i) {
			hidden++
		}
	}
	return string(rune(0x100 + hidden))
}

func hubName(name string) string {
	switch name {
	case "embed":
		return "model.embed_tokens.weight"
	case "norm":
		return "model.norm.weight"
	}
	return strings.NewReplacer("layers.", "model.layers.", ".attn_norm", ".input_layernorm", ".query", ".self_attn.q_proj",
		".key", ".self_attn.k_proj", ".value", ".self_attn.v_proj", ".out", ".self_attn.o_proj", ".mlp_norm", ".post_attention_layernorm",
		".gate", ".mlp.gate_proj", ".up", ".mlp.up_proj", ".down", ".mlp.down_proj").Replace(name) + ".weight"
}

// WriteJSON writes a value to a file.
func WriteJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data, 0o644))
}
