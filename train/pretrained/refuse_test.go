package pretrained

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/gomlx/go-huggingface/models/gguf"
	"github.com/stretchr/testify/require"

	header "firsttoken/internal/gguf"
	"firsttoken/internal/safetensors"
)

func float32Bytes(x ...float32) []byte {
	data, _ := encode(gguf.TensorTypeF32, x)
	return data
}

// TestGGUFRefuses: what is wrong with the file, and what the error must name.
func TestGGUFRefuses(t *testing.T) {
	b := goBackend(t)
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		name   string
		change func(g *ggufBuilder)
		want   []string
	}{
		{"architecture", func(g *ggufBuilder) { g.set("general.architecture", "phi3") }, []string{"general.architecture", `"phi3"`, "supported are gemma3, llama, qwen2, qwen3"}},
		{"Gemma", func(g *ggufBuilder) { g.set("general.architecture", "gemma") }, []string{`"gemma"`, "others may load from a safetensors folder"}},
		{"no architecture", func(g *ggufBuilder) { g.set("general.architecture", nil) }, []string{`general.architecture = ""`}},
		{"unknown key", func(g *ggufBuilder) { g.set("llama.attention.sliding_window", uint32(64)) },
			[]string{"llama.attention.sliding_window is unknown: it may change the computation"}},
		{"experts", func(g *ggufBuilder) { g.set("llama.expert_count", uint32(8)) }, []string{"llama.expert_count is unknown"}},
		{"all at once", func(g *ggufBuilder) { g.set("llama.one", uint32(1)); g.set("llama.two", uint32(1)) }, []string{"llama.one", "llama.two"}},
		{"key missing", func(g *ggufBuilder) { g.set("llama.block_count", nil) }, []string{"llama.block_count is missing"}},
		{"no epsilon", func(g *ggufBuilder) { g.set("llama.attention.layer_norm_rms_epsilon", nil) }, []string{"llama.attention.layer_norm_rms_epsilon is missing"}},
		{"text for number", func(g *ggufBuilder) { g.set("llama.block_count", "2") }, []string{"llama.block_count is a string: must be an integer"}},
		{"fraction", func(g *ggufBuilder) { g.set("llama.block_count", float32(2.5)) }, []string{"llama.block_count is a float32: must be an integer"}},
		{"list", func(g *ggufBuilder) { g.set("llama.attention.head_count_kv", []int32{2, 1}) }, []string{"llama.attention.head_count_kv is a []int32"}},
		{"negative", func(g *ggufBuilder) { g.set("llama.block_count", int32(-2)) }, []string{"llama.block_count = -2"}},
		{"huge", func(g *ggufBuilder) { g.set("llama.block_count", uint64(1<<63)) }, []string{"llama.block_count = 9223372036854775808"}},
		{"integer for real", func(g *ggufBuilder) { g.set("llama.rope.freq_base", uint32(10000)) }, []string{"llama.rope.freq_base is a uint32"}},
		{"base NaN", func(g *ggufBuilder) { g.set("llama.rope.freq_base", nan) }, []string{"rope_base = NaN"}},
		{"layers beyond the tensors", func(g *ggufBuilder) { g.set("llama.block_count", uint32(4000)) }, []string{"4000 layers", "only 20 tensors"}},
		{"a layer more", func(g *ggufBuilder) { g.set("llama.block_count", uint32(3)) }, []string{"tensor blk.2.attn_norm.weight is missing"}},
		{"a layer less", func(g *ggufBuilder) { g.set("llama.block_count", uint32(1)) }, []string{"tensor blk.1.attn_q.weight is not part"}},
		{"no heads", func(g *ggufBuilder) {
			g.set("llama.attention.head_count", uint32(0))
			g.set("llama.rope.dimension_count", nil)
		}, []string{"heads = 0"}},
		{"heads do not divide", func(g *ggufBuilder) { g.set("llama.attention.head_count_kv", uint32(3)) }, []string{"heads = 4 is not a multiple of kv_heads = 3"}},
		{"value width", func(g *ggufBuilder) { g.set("llama.attention.value_length", uint32(16)) }, []string{"llama.attention.value_length = 16 differs from the key length 8"}},
		{"partly rotated", func(g *ggufBuilder) { g.set("llama.rope.dimension_count", uint32(4)) }, []string{"llama.rope.dimension_count = 4"}},
		{"vocabulary", func(g *ggufBuilder) { g.set("llama.vocab_size", uint32(49)) }, []string{"llama.vocab_size = 49, but token_embd.weight has 48 rows"}},

		{"tensor missing", func(g *ggufBuilder) {
			g.tensors = slices.DeleteFunc(g.tensors, func(x ggufTensor) bool { return x.name == "blk.1.ffn_up.weight" })
		}, []string{"tensor blk.1.ffn_up.weight is missing"}},
		{"tensor extra", func(g *ggufBuilder) {
			g.tensors = append(g.tensors, ggufTensor{"blk.0.attn_q.bias", gguf.TensorTypeF32, []int{2}, float32Bytes(1, 2)})
		}, []string{"tensor blk.0.attn_q.bias is not part"}},
		{"tensor misshaped", func(g *ggufBuilder) { g.tensor("blk.0.attn_k.weight").dims = []int{32, 16} }, []string{"tensor blk.0.attn_k.weight has shape [32 16]: must be [16 32]"}},
		{"many", func(g *ggufBuilder) {
			g.set("llama.embedding_length", uint32(64))
			g.set("llama.attention.key_length", uint32(8))
		}, []string{"token_embd.weight has shape [48 32]: must be [48 64]", "… and 10 more"}},
		{"integers", func(g *ggufBuilder) { g.tensor("output_norm.weight").kind = gguf.TensorTypeI32 }, []string{"tensor output_norm.weight has type I32", "Q4_K"}},
		{"quantisation", func(g *ggufBuilder) { g.tensor("output_norm.weight").kind = gguf.TensorTypeIQ4_NL }, []string{"tensor output_norm.weight has type IQ4_NL"}},
		{"type", func(g *ggufBuilder) { g.tensor("output_norm.weight").kind = 77 }, []string{"tensor output_norm.weight has type unknown(77)"}},
		{"NaN", func(g *ggufBuilder) { copy(g.tensor("blk.1.ffn_up.weight").data[20:], float32Bytes(nan)) }, []string{"tensor blk.1.ffn_up.weight: element 5 is not a finite number"}},
		{"infinity", func(g *ggufBuilder) { copy(g.tensor("token_embd.weight").data, float32Bytes(inf)) }, []string{"tensor token_embd.weight: element 0 is not"}},
		{"NaN in a rotary weight", func(g *ggufBuilder) { copy(g.tensor("blk.0.attn_q.weight").data[4*33:], float32Bytes(nan)) }, []string{"tensor blk.0.attn_q.weight: element 33 is not"}},
		{"infinite scale", func(g *ggufBuilder) {
			x := g.tensor("blk.0.ffn_up.weight")
			x.kind, x.data = gguf.TensorTypeQ8_0, make([]byte, 64*34)
			x.data[34], x.data[35] = 0x00, 0x7c // the second block's scale is +Inf: 0·Inf = NaN
		}, []string{"tensor blk.0.ffn_up.weight: element 32 is not"}},
		{"listed twice", func(g *ggufBuilder) { g.tensors = append(g.tensors, *g.tensor("output_norm.weight")) }, []string{"tensor output_norm.weight occurs twice"}},
		{"key twice", func(g *ggufBuilder) { g.keys = append(g.keys, g.keys[1]) }, []string{`metadata key "llama.block_count" occurs twice`}},

		{"no dimensions", func(g *ggufBuilder) { g.tensor("output_norm.weight").dims = nil }, []string{"tensor output_norm.weight has shape []"}},
		{"zero", func(g *ggufBuilder) { g.tensor("output_norm.weight").dims = []int{0} }, []string{"tensor output_norm.weight has shape [0]"}},
		{"overflow", func(g *ggufBuilder) { g.tensor("output_norm.weight").dims = []int{1 << 31, 1 << 31, 1 << 31, 1 << 31} }, []string{"tensor output_norm.weight has shape"}},
		{"product overflow", func(g *ggufBuilder) { g.tensor("output_norm.weight").dims = []int{1 << 30, 1 << 30, 1 << 30, 16} }, []string{"tensor output_norm.weight has shape"}},
		{"larger than the file", func(g *ggufBuilder) { g.tensor("output_norm.weight").dims = []int{1 << 20} }, []string{"tensor output_norm.weight needs 4194304 bytes", "truncated or damaged"}},
		{"five dimensions", func(g *ggufBuilder) { g.tensor("output_norm.weight").dims = []int{1, 1, 1, 1, 32} }, []string{`tensor "output_norm.weight" has 5 dimensions`}},
		{"rows and blocks", func(g *ggufBuilder) {
			x := g.tensor("blk.0.ffn_up.weight")
			x.kind, x.dims = gguf.TensorTypeQ8_0, []int{32, 48}
		}, []string{"tensor blk.0.ffn_up.weight has shape [48 32]: the rows do not fill blocks of 32"}},
		{"alignment type", func(g *ggufBuilder) { g.set("general.alignment", uint64(math.MaxUint64)) }, []string{"general.alignment is a uint64"}},
		{"alignment", func(g *ggufBuilder) { g.set("general.alignment", uint32(12)) }, []string{"general.alignment = 12: must be a multiple of 8"}},
		{"alignment beyond the file", func(g *ggufBuilder) { g.set("general.alignment", uint32(1<<20)) }, []string{"general.alignment = 1048576 puts the tensors outside the file"}},
		{"a part of several", func(g *ggufBuilder) {
			g.set("split.count", uint16(3))
			g.set("split.no", uint16(1))
		}, []string{"is part 2 of 3 of a split GGUF file", "llama-gguf-split --merge"}},

		{"rope_freqs type", func(g *ggufBuilder) {
			g.tensors = append(g.tensors, ggufTensor{"rope_freqs.weight", gguf.TensorTypeF16, []int{4}, make([]byte, 8)})
		}, []string{"tensor rope_freqs.weight is (Float16)[4]"}},
		{"rope_freqs size", func(g *ggufBuilder) {
			g.tensors = append(g.tensors, ggufTensor{"rope_freqs.weight", gguf.TensorTypeF32, []int{2}, float32Bytes(1, 1)})
		}, []string{"rope_factors has 2 entries: must be head_dim/2 = 4"}},
		{"rope_freqs zero", func(g *ggufBuilder) {
			g.tensors = append(g.tensors, ggufTensor{"rope_freqs.weight", gguf.TensorTypeF32, []int{4}, float32Bytes(1, 1, 0, 1)})
		}, []string{"rope_factors[2] = 0"}},

		{"more tokens than rows", func(g *ggufBuilder) {
			tokens, types := []string{}, []int32{}
			for i := range 49 {
				tokens, types = append(tokens, fmt.Sprintf("t%d", i)), append(types, 1)
			}
			g.set("tokenizer.ggml.tokens", tokens)
			g.set("tokenizer.ggml.token_type", types)
			g.set("tokenizer.ggml.merges", nil)
		}, []string{"the tokenizer has 49 tokens, the embedding only 48 rows"}},
		{"tokenizer model", func(g *ggufBuilder) { g.set("tokenizer.ggml.model", "t5") }, []string{"tokenizer.ggml.model", `"t5"`}},
		{"no scores", func(g *ggufBuilder) { g.set("tokenizer.ggml.model", "llama") }, []string{"tokenizer.ggml.scores is missing"}},
		{"text changed before", func(g *ggufBuilder) {
			g.set("tokenizer.ggml.model", "llama")
			g.set("tokenizer.ggml.remove_extra_whitespaces", true)
		}, []string{"tokenizer.ggml.remove_extra_whitespaces = true is not supported"}},
		{"tokens not text", func(g *ggufBuilder) { g.set("tokenizer.ggml.tokens", []int32{1}) }, []string{"tokenizer.ggml.tokens is a []int32: must be a []string"}},
		{"bos not a number", func(g *ggufBuilder) { g.set("tokenizer.ggml.bos_token_id", "<s>") }, []string{"tokenizer.ggml.bos_token_id is a string"}},
		{"bos wraps around", func(g *ggufBuilder) { g.set("tokenizer.ggml.bos_token_id", uint64(1<<32)) }, []string{"tokenizer.ggml.bos_token_id = 4294967296"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, _ := newTiny(true).gguf(all(gguf.TensorTypeF32))
			for i := range g.tensors { // so that changes do not reach other tests
				g.tensors[i].data = slices.Clone(g.tensors[i].data)
			}
			c.change(g)
			path := g.write(t)
			_, err := Load(b, path, Options{})
			for _, want := range append(c.want, path) {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

// TestGGUFOrder: the library would read one tensor for another from a file whose
// tensors are not listed in the order of their offsets.
func TestGGUFOrder(t *testing.T) {
	x := []ggufTensor{
		{"a", gguf.TensorTypeF32, []int{8}, float32Bytes(1, 1, 1, 1, 1, 1, 1, 1)},
		{"b", gguf.TensorTypeF32, []int{8}, float32Bytes(2, 2, 2, 2, 2, 2, 2, 2)},
	}
	g := ggufBuilder{tensors: x}
	data := append(g.header([]uint64{32, 0}), append(x[1].data, x[0].data...)...)
	_, err := openGGUF(writeFile(t, "x.gguf", data))
	require.ErrorContains(t, err, "is not listed in the order of its offset")

	data = append(g.header([]uint64{0, 16}), append(x[0].data, x[1].data...)...)
	_, err = openGGUF(writeFile(t, "x.gguf", data))
	require.ErrorContains(t, err, "tensors a and b overlap")

	data = append(g.header([]uint64{0, math.MaxUint64 - 15}), append(x[0].data, x[1].data...)...)
	_, err = openGGUF(writeFile(t, "x.gguf", data))
	require.ErrorContains(t, err, "tensor b needs 32 bytes at offset 18446744073709551600")
}

// TestGGUFHostileHeader: counts and lengths that are not believed.
func TestGGUFHostileHeader(t *testing.T) {
	le := binary.LittleEndian
	head := func(version uint32, tensors, keys uint64) []byte {
		return le.AppendUint64(le.AppendUint64(le.AppendUint32([]byte("GGUF"), version), tensors), keys)
	}
	key := func(kind uint32, rest ...byte) []byte {
		return append(le.AppendUint32(appendString(head(3, 0, 1), "k"), kind), rest...)
	}
	u64 := func(x uint64) []byte { return le.AppendUint64(nil, x) }
	array := func(kind uint32, count uint64) []byte { return append(le.AppendUint32(nil, kind), u64(count)...) }
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "does not begin with GGUF"},
		{"another format", []byte("PK\x03\x04 and more"), "does not begin with GGUF"},
		{"version 1", head(1, 0, 0), "version 1 is not supported"},
		{"big-endian", head(3<<24, 0, 0), "version 50331648 is not supported"},
		{"tensor count", head(3, math.MaxUint64, 0), "18446744073709551615 tensors"},
		{"key count", head(3, 0, 1<<40), "1099511627776 metadata keys"},
		{"counts without content", head(3, header.MaxTensors, header.MaxKeys), "the file has 0 left"},
		{"key length", append(head(3, 0, 1), u64(1<<19)...), "needs 524288 more bytes, the file has 0 left"},
		{"key length negative", append(head(3, 0, 1), u64(math.MaxUint64)...), "a string of 18446744073709551615 bytes"},
		{"string length", key(8, u64(1<<62)...), `metadata key "k": a string of`},
		{"value type", key(13, 0), `metadata key "k": value type 13 is unknown`},
		{"array count", key(9, array(4, math.MaxUint64)...), `metadata key "k": the header needs`},
		{"array of many", key(9, array(12, 1<<24)...), "the file has 0 left"},
		{"array of strings", key(9, array(8, 1<<20)...), "the file has 0 left"},
		{"array of arrays", key(9, append(array(9, 1), array(4, 0)...)...), "arrays of arrays"},
		{"array type", key(9, array(99, 0)...), "99"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeFile(t, "x.gguf", c.data)
			bytes := allocated(func() {
				_, err := openGGUF(path)
				require.ErrorContains(t, err, c.want)
			})
			require.Less(t, bytes, uint64(1<<20), "bytes allocated for a file of %d", len(c.data))
		})
	}
}

// allocated is how many bytes f allocates on Go's heap.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestTruncated: every prefix of a good file is an error, never a panic, and
// never asks for more memory than the file could fill.
func TestTruncated(t *testing.T) {
	tiny := newTiny(true)
	g, _ := tiny.gguf(all(gguf.TensorTypeQ4_0))
	ggufPath := g.write(t)
	ggufHeader := len(g.header(make([]uint64, len(g.tensors))))
	files, _ := tiny.hf(t, all(safetensors.BF16), 1)
	folderPath := files.write(t)
	hfPath, hfHeader := filepath.Join(folderPath, weightsFile), 8+int(binary.LittleEndian.Uint64(files[weightsFile]))
	for _, c := range []struct {
		path         string
		header, size int
		open         func() error
	}{
		{ggufPath, ggufHeader, len(g.bytes()), func() error { _, err := openGGUF(ggufPath); return err }},
		{hfPath, hfHeader, len(files[weightsFile]), func() error { _, err := openFolder(nil, folderPath); return err }},
	} {
		for n := c.size - 1; n >= 0; n-- {
			if n > c.header && n%97 != 0 && n != c.size-1 {
				continue // the tensors' bytes are all alike
			}
			require.NoError(t, os.Truncate(c.path, int64(n)))
			var err error
			bytes := allocated(func() { err = c.open() })
			require.Error(t, err, "prefix of %d bytes", n)
			require.Less(t, bytes, uint64(1<<20), "prefix of %d bytes", n)
		}
	}
}

// TestCutWhileReading: a file that is cut short after its header was read.
func TestCutWhileReading(t *testing.T) {
	b := goBackend(t)
	tiny := newTiny(true)
	g, _ := tiny.gguf(all(gguf.TensorTypeF32))
	files, _ := tiny.hf(t, all(safetensors.F32), 1)
	folderPath := files.write(t)
	ggufPath := g.write(t)

	gf, err := openGGUF(ggufPath)
	require.NoError(t, err)
	defer gf.close()
	require.NoError(t, os.Truncate(ggufPath, int64(len(g.bytes())-4)))
	_, err = gf.read("output_norm.weight")
	require.ErrorContains(t, err, "output_norm.weight")

	hf, err := openFolder(b, folderPath)
	require.NoError(t, err)
	defer hf.close()
	last := hf.shards[0].header.Tensors[len(hf.shards[0].header.Tensors)-1]
	require.NoError(t, os.Truncate(filepath.Join(folderPath, weightsFile), last.Offset+last.Size-4))
	_, err = hf.read(last.Name)
	require.ErrorContains(t, err, "EOF")
}

// TestFolderRefuses: what is wrong with a folder, and what the error must name.
func TestFolderRefuses(t *testing.T) {
	b := goBackend(t)
	tensor := func(files hfFiles, name string, change func(x *safetensors.Tensor)) {
		h, data := parseSafetensors(t, files[weightsFile])
		var out []safetensors.Tensor
		for _, info := range h.Tensors {
			x := safetensors.Tensor{Name: info.Name, DType: info.DType, Shape: info.Shape, Data: data[info.Offset : info.Offset+info.Size]}
			if x.Name == name {
				change(&x)
			}
			out = append(out, x)
		}
		files[weightsFile] = safetensorsFile(t, out)
	}
	const up = "model.layers.1.mlp.up_proj.weight"
	for _, c := range []struct {
		name   string
		shards int
		change func(files hfFiles)
		want   []string
	}{
		{"no config", 1, func(f hfFiles) { delete(f, configFile) }, []string{"config.json", "a model folder holds"}},
		{"no tokenizer", 1, func(f hfFiles) { delete(f, vocabFile) }, []string{"tokenizer.json: no such file"}},
		{"no weights", 1, func(f hfFiles) { delete(f, weightsFile) }, []string{"model.safetensors: no such file"}},
		{"huge config", 1, func(f hfFiles) { f[configFile] = make([]byte, maxJSONConfig+1) }, []string{"config.json is larger than"}},
		{"config", 1, func(f hfFiles) { f[configFile] = replace(t, f[configFile], `"silu"`, `"gelu"`) }, []string{"config.json: field hidden_act = gelu"}},
		{"tokenizer", 1, func(f hfFiles) { f[vocabFile] = replace(t, f[vocabFile], `"BPE"`, `"Unigram"`) }, []string{"tokenizer.json", "Unigram"}},
		{"special tokens", 1, func(f hfFiles) { f[vocabConfig] = []byte(`{"bos_token":"<bos>"}`) }, []string{"tokenizer_config.json", `"<bos>"`}},
		{"layers beyond the tensors", 1, func(f hfFiles) {
			f[configFile] = replace(t, f[configFile], `"num_hidden_layers":2`, `"num_hidden_layers":4000`)
		}, []string{"4000 layers, but there are only 21 tensors"}},
		{"fewer rows than tokens", 1, func(f hfFiles) {
			f[configFile] = replace(t, f[configFile], `"vocab_size":48`, `"vocab_size":4`)
			tensor(f, "model.embed_tokens.weight", func(x *safetensors.Tensor) { x.Shape, x.Data = []int{4, 32}, x.Data[:4*32*4] })
			tensor(f, "lm_head.weight", func(x *safetensors.Tensor) { x.Shape, x.Data = []int{4, 32}, x.Data[:4*32*4] })
		}, []string{"the tokenizer has 5 tokens, the embedding only 4 rows"}},
		{"tensor missing", 1, func(f hfFiles) { tensor(f, up, func(x *safetensors.Tensor) { x.Name = "model.rope" }) },
			[]string{up + " is missing", "tensor model.rope is not part"}},
		{"rotary cache", 1, func(f hfFiles) {
			tensor(f, up, func(x *safetensors.Tensor) { x.Name = "model.layers.1.self_attn.rotary_emb.inv_freq" })
		}, []string{up + " is missing"}},
		{"tensor misshaped", 1, func(f hfFiles) { tensor(f, up, func(x *safetensors.Tensor) { x.Shape = []int{32, 64} }) }, []string{up + " has shape [32 64]: must be [64 32]"}},
		{"integers", 1, func(f hfFiles) { tensor(f, up, func(x *safetensors.Tensor) { x.DType = safetensors.I32 }) }, []string{up + " has type I32"}},
		{"NaN", 1, func(f hfFiles) {
			tensor(f, up, func(x *safetensors.Tensor) { copy(x.Data[12:], float32Bytes(float32(math.NaN()))) })
		}, []string{up + ": element 3 is not a finite number"}},
		{"too large for float32", 1, func(f hfFiles) {
			tensor(f, "model.norm.weight", func(x *safetensors.Tensor) { x.DType, x.Data = safetensors.F64, doubles(32, 1e300) })
		}, []string{"model.norm.weight: element 0 is not a finite number"}},
		{"duplicate in shards", 3, func(f hfFiles) { f["model-00002-of-00003.safetensors"] = f["model-00001-of-00003.safetensors"] },
			[]string{"is in", "model-00001-of-00003.safetensors and in", "model-00002-of-00003.safetensors"}},
		{"shard missing", 3, func(f hfFiles) { delete(f, "model-00002-of-00003.safetensors") }, []string{"model-00002-of-00003.safetensors: no such file"}},
		{"shard elsewhere", 3, func(f hfFiles) {
			f[weightsIndex] = jsonOf(t, map[string]any{"weight_map": map[string]string{"x": "../secret.safetensors"}})
		}, []string{weightsIndex, `"../secret.safetensors" of tensor x lies outside the folder`}},
		{"shard absolute", 3, func(f hfFiles) {
			f[weightsIndex] = jsonOf(t, map[string]any{"weight_map": map[string]string{"x": "/etc/passwd"}})
		}, []string{`"/etc/passwd"`, "lies outside"}},
		{"index of another shard", 3, func(f hfFiles) {
			f[weightsIndex] = replace(t, f[weightsIndex], `"model.norm.weight":"model-00002`, `"model.norm.weight":"model-00003`)
		}, []string{"tensor model.norm.weight should be in model-00003-of-00003.safetensors and is not"}},
		{"index not JSON", 3, func(f hfFiles) { f[weightsIndex] = []byte(`{"weight_map":[]}`) }, []string{weightsIndex, "weight_map"}},
		{"index empty", 3, func(f hfFiles) { f[weightsIndex] = []byte(`{}`) }, []string{weightsIndex, "weight_map is missing or empty"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, _ := newTiny(false).hf(t, all(safetensors.F32), c.shards)
			c.change(files)
			_, err := Load(b, files.write(t), Options{})
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func doubles(n int, x float64) []byte {
	var data []byte
	for range n {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x))
	}
	return data
}

func parseSafetensors(t *testing.T, data []byte) (*safetensors.Header, []byte) {
	t.Helper()
	file, err := os.Open(writeFile(t, "x", data))
	require.NoError(t, err)
	defer file.Close()
	h, err := safetensors.ParseHeader(file, int64(len(data)))
	require.NoError(t, err)
	return h, data
}

// TestNotAModel: what ref may not be.
func TestNotAModel(t *testing.T) {
	b := goBackend(t)
	quietHub(t, closedPort())
	t.Setenv("HF_HUB_OFFLINE", "1")
	pipe := filepath.Join(t.TempDir(), "pipe.gguf")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	unreadable := writeFile(t, "secret.gguf", []byte("GGUF"))
	require.NoError(t, os.Chmod(unreadable, 0))
	for _, c := range []struct{ ref, want string }{
		{"", "no model"},
		{"smollm3", `no model "smollm3": set-up fetches gemma3, smollm2, and there is no file or folder of that name: a model of the Hugging Face hub is named with its owner, owner/smollm3`},
		{"missing.gguf", "missing.gguf: no such file or directory: give a GGUF file, a folder"},
		{"a/b/c", "there is no file or folder of that name, the hub's cache does not have it whole, and $HF_HUB_OFFLINE is set"},
		{"/a/b/c", "give a GGUF file, a folder"},
		{t.TempDir(), "config.json: no such file or directory: a model folder holds"},
		{writeFile(t, "model.bin", []byte("not a model")), "does not begin with GGUF"},
		{pipe, "is not a regular file"},
		{unreadable, "secret.gguf"},
	} {
		if c.ref == unreadable && os.Geteuid() == 0 {
			continue // root reads everything; the file is no model either way
		}
		_, err := Load(b, c.ref, Options{})
		require.ErrorContains(t, err, fmt.Sprintf("loading model %q", c.ref))
		require.ErrorContains(t, err, c.want)
	}
	_, err := Load(b, "smollm2", Options{Weights: "int8"})
	require.ErrorContains(t, err, `weights = "int8": must be float32 or bfloat16`)
	_, err = Load(b, "smollm2", Options{Compute: "float16"})
	require.ErrorContains(t, err, `compute = "float16"`)
}
