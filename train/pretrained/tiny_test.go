package pretrained

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	_ "github.com/gomlx/compute/gobackend"
	"github.com/gomlx/go-huggingface/models/gguf"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/safetensors"
	"firsttoken/train/transformer"
)

// tinyModel is a small Llama or Gemma with made-up weights, to be written in any
// format.
type tinyModel struct {
	config  transformer.Config
	weights map[string][]float32 // by the decoder's names
}

// newTiny draws weights large enough for attention to depend on positions. All
// rows are multiples of 32, as quantised types need.
func newTiny(tied bool) *tinyModel {
	return newTinyOf(transformer.Config{
		Vocab: 48, Width: 32, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 8, Hidden: 64,
		Context: 128, NormEps: 1e-5, RopeBase: 10000, TiedOutput: tied,
	})
}

func newTinyOf(c transformer.Config) *tinyModel {
	m := &tinyModel{weights: map[string][]float32{}, config: c}
	rng := rand.New(rand.NewPCG(1, 2))
	m.each(func(role string, dims []int) {
		w := make([]float32, size(dims))
		for i := range w {
			w[i] = float32(rng.NormFloat64() * 0.4)
			if len(dims) == 1 {
				w[i] += 1
			}
		}
		m.weights[role] = w
	})
	return m
}

// isRotary tells the weights whose output is turned, isGain the gains of norms.
func isRotary(role string) bool {
	return strings.HasSuffix(role, ".query") || strings.HasSuffix(role, ".key")
}
func isGain(role string) bool { return role == "norm" || strings.HasSuffix(role, "_norm") }

// tensorOf is the name of the tensor that holds a weight.
func tensorOf(l layout, role string) string {
	s, _ := l.source(role)
	return s.tensor
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// each visits the weights' names and dimensions.
func (m *tinyModel) each(visit func(role string, dims []int)) {
	p := transformer.Params[struct{}]{Layers: make([]transformer.Layer[struct{}], m.config.Layers)}
	p.Each(&m.config, func(role string, _ *struct{}, dims []int) { visit(role, dims) })
}

// params are weights as the loader should give them.
func params(c *transformer.Config, weights map[string][]float32, dtype func(role string) dtypes.DType) *transformer.Params[*tensors.Tensor] {
	p := &transformer.Params[*tensors.Tensor]{Layers: make([]transformer.Layer[*tensors.Tensor], c.Layers)}
	p.Each(c, func(role string, slot **tensors.Tensor, dims []int) {
		*slot = tensors.FromFlatDataAndDimensions(weights[role], dims...)
		if dtype(role) == dtypes.BFloat16 {
			*slot = transformer.ToBFloat16(weights[role], dims...)
		}
	})
	return p
}

// interleave puts half-split rotary rows where GGUF has them: the inverse of what
// the loader does, written the other way round.
func interleave(x []float32, width, headDim int) []float32 {
	out := make([]float32, len(x))
	for r := range len(x) / width {
		head, i := r/headDim, r%headDim
		half, pair := i/(headDim/2), i%(headDim/2)
		to := head*headDim + 2*pair + half
		copy(out[to*width:(to+1)*width], x[r*width:(r+1)*width])
	}
	return out
}

// gguf writes the model, each weight in the type given, and returns the values
// that the file holds. Vectors are never quantised, as converters have it.
func (m *tinyModel) gguf(kind func(role string) gguf.TensorType) (*ggufBuilder, map[string][]float32) {
	c := m.config
	arch := "llama"
	switch {
	case c.ScaleEmbed:
		arch = "gemma3"
	case c.QKNorm != "":
		arch = "qwen3"
	case c.Bias.QKV:
		arch = "qwen2"
	}
	g := &ggufBuilder{keys: []ggufKey{
		{"general.architecture", arch},
		{arch + ".block_count", uint32(c.Layers)},
		{arch + ".context_length", uint32(c.Context)},
		{arch + ".embedding_length", uint32(c.Width)},
		{arch + ".feed_forward_length", uint32(c.Hidden)},
		{arch + ".attention.head_count", uint32(c.Heads)},
		{arch + ".attention.head_count_kv", uint32(c.KVHeads)},
		{arch + ".attention.layer_norm_rms_epsilon", float32(c.NormEps)},
		{arch + ".rope.freq_base", float32(c.RopeBase)},
		{arch + ".rope.dimension_count", uint32(c.HeadDim)},
		{arch + ".vocab_size", uint32(c.Vocab)},
		{"tokenizer.ggml.model", "gpt2"},
		{"tokenizer.ggml.pre", "gpt-2"},
		{"tokenizer.ggml.tokens", []string{"<s>", "a", "b", "Ġ", "ab"}},
		{"tokenizer.ggml.token_type", []int32{3, 1, 1, 1, 1}},
		{"tokenizer.ggml.merges", []string{"a b"}},
		{"tokenizer.ggml.bos_token_id", uint32(0)},
	}}
	held := map[string][]float32{}
	m.each(func(role string, dims []int) {
		k := kind(role)
		if len(dims) == 1 && k.IsQuantized() {
			k = gguf.TensorTypeF32
		}
		name, x := tensorOf(ggufLayout(arch), role), m.weights[role]
		if arch != "llama" || !isRotary(role) {
			data, back := encode(k, x)
			g.tensors, held[role] = append(g.tensors, ggufTensor{name, k, dims, data}), back
			return
		}
		data, back := encode(k, interleave(x, dims[1], c.HeadDim))
		g.tensors = append(g.tensors, ggufTensor{name, k, dims, data})
		held[role] = make([]float32, len(back))
		for r := range dims[0] { // row r of the model is where interleave puts it
			marker := make([]float32, dims[0])
			marker[r] = 1
			from := slices.Index(interleave(marker, 1, c.HeadDim), 1)
			copy(held[role][r*dims[1]:(r+1)*dims[1]], back[from*dims[1]:(from+1)*dims[1]])
		}
	})
	return g, held
}

const tinyTokenizer = `{"version":"1.0","truncation":null,"padding":null,
"added_tokens":[{"id":0,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
"normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
"post_processor":null,"decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
"model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"","end_of_word_suffix":"",
"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":{"a":1,"b":2,"Ġ":3,"ab":4},"merges":["a b"]}}`

// hfFiles are a checkpoint folder's files by name.
type hfFiles map[string][]byte

func (f hfFiles) write(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range f {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o644))
	}
	return dir
}

// hfConfigFields is the config.json of the model, to be made worse.
func (m *tinyModel) hfConfigFields() map[string]any {
	c := m.config
	if c.ScaleEmbed {
		return gemmaConfigFields(&c)
	}
	return map[string]any{
		"architectures": []string{"LlamaForCausalLM"}, "model_type": "llama",
		"vocab_size": c.Vocab, "hidden_size": c.Width, "num_hidden_layers": c.Layers,
		"num_attention_heads": c.Heads, "num_key_value_heads": c.KVHeads, "head_dim": c.HeadDim,
		"intermediate_size": c.Hidden, "max_position_embeddings": c.Context,
		"rms_norm_eps": c.NormEps, "rope_theta": c.RopeBase, "tie_word_embeddings": c.TiedOutput,
		"hidden_act": "silu", "attention_bias": false, "torch_dtype": "float32",
	}
}

// stored is a weight as safetensors files have it.
func (m *tinyModel) stored(role string) []float32 {
	x := m.weights[role]
	if m.config.ScaleEmbed && isGain(role) {
		x = slices.Clone(x)
		for i := range x {
			x[i]--
		}
	}
	return x
}

func jsonOf(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return data
}

var hfKinds = map[safetensors.DType]gguf.TensorType{
	safetensors.F64: gguf.TensorTypeF64, safetensors.F32: gguf.TensorTypeF32,
	safetensors.F16: gguf.TensorTypeF16, safetensors.BF16: gguf.TensorTypeBF16,
}

// hf writes the model into so many shards, and returns the values they hold.
func (m *tinyModel) hf(t testing.TB, kind func(role string) safetensors.DType, shards int) (hfFiles, map[string][]float32) {
	t.Helper()
	files := hfFiles{configFile: jsonOf(t, m.hfConfigFields()), vocabFile: []byte(tinyTokenizer)}
	held := map[string][]float32{}
	parts := make([][]safetensors.Tensor, shards)
	where := map[string]string{}
	shardName := func(i int) string { return fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, shards) }
	i := 0
	m.each(func(role string, dims []int) {
		data, back := encode(hfKinds[kind(role)], m.stored(role))
		held[role] = back
		part := i % shards
		parts[part] = append(parts[part], safetensors.Tensor{Name: tensorOf(hfLayout, role), DType: kind(role), Shape: dims, Data: data})
		where[tensorOf(hfLayout, role)] = shardName(part)
		i++
	})
	for i, part := range parts {
		name := weightsFile
		if shards > 1 {
			name = shardName(i)
		}
		files[name] = safetensorsFile(t, part)
	}
	if shards > 1 {
		files[weightsIndex] = jsonOf(t, map[string]any{"metadata": map[string]any{"total_size": 1}, "weight_map": where})
	}
	return files, held
}

func safetensorsFile(t testing.TB, ts []safetensors.Tensor) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x")
	require.NoError(t, safetensors.WriteFile(path, map[string]string{"format": "pt"}, ts))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

func all[K any](kind K) func(string) K { return func(string) K { return kind } }

// mixed gives neighbouring weights different types.
func mixed[K any](kinds ...K) func(string) K {
	i := -1
	seen := map[string]K{}
	return func(role string) K {
		if _, ok := seen[role]; !ok {
			i++
			seen[role] = kinds[i%len(kinds)]
		}
		return seen[role]
	}
}

// goBackend compiles a tiny model in milliseconds.
func goBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := compute.NewWithConfig("go")
	require.NoError(t, err)
	t.Cleanup(b.Finalize)
	return b
}

// deviceApart is a backend whose memory the host cannot see, like a GPU's.
type deviceApart struct{ compute.Backend }

func (deviceApart) HasSharedBuffers() bool { return false }

// logits of a fixed prompt, all positions.
func logits(t testing.TB, m *transformer.Model) [][]float32 {
	t.Helper()
	out, err := m.Forward(transformer.One([]int32{0, 4, 3, 1, 2, 40, 4}), transformer.Pass{Logits: true})
	require.NoError(t, err)
	return out.Logits[0]
}

// requireSame checks that the loaded model is the one of these weights: each
// weight bit by bit, and the logits.
func requireSame(t testing.TB, b compute.Backend, c transformer.Config, p *transformer.Params[*tensors.Tensor], m *Loaded) {
	t.Helper()
	require.Equal(t, c, m.Config)
	got := map[string]*tensors.Tensor{}
	m.Params().Each(&c, func(role string, slot **tensors.Tensor, _ []int) { got[role] = *slot })
	p.Each(&c, func(role string, slot **tensors.Tensor, _ []int) {
		require.Equal(t, (*slot).Shape().String(), got[role].Shape().String(), role)
		require.True(t, (*slot).Equal(got[role]), role)
	})
	want, err := transformer.New(b, c, p)
	require.NoError(t, err)
	defer want.Close()
	require.Equal(t, logits(t, want), logits(t, m.Model))
}

// TestTinyGGUF loads each type of tensor, tied and untied.
func TestTinyGGUF(t *testing.T) {
	b := goBackend(t)
	const (
		f32, f16, bf16 = gguf.TensorTypeF32, gguf.TensorTypeF16, gguf.TensorTypeBF16
		q40, q41, q80  = gguf.TensorTypeQ4_0, gguf.TensorTypeQ4_1, gguf.TensorTypeQ8_0
	)
	for name, kind := range map[string]func(string) gguf.TensorType{
		"F64": all(gguf.TensorTypeF64), "F32": all(f32), "F16": all(f16), "BF16": all(bf16),
		"Q4_0": all(q40), "Q4_1": all(q41), "Q8_0": all(q80), "mixed": mixed(f32, q80, bf16, q41, f16, q40),
	} {
		for _, tied := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s tied=%t", name, tied), func(t *testing.T) {
				tiny := newTiny(tied)
				g, held := tiny.gguf(kind)
				path := g.write(t)
				m, err := Load(b, path, Options{})
				require.NoError(t, err)
				defer m.Close()
				p := params(&tiny.config, held, func(role string) dtypes.DType { return kept(kind(role).GoMLXDType(), "") })
				requireSame(t, b, tiny.config, p, m)
				require.Equal(t, []string{path}, m.Files)
				requireTinyTokenizer(t, m)
			})
		}
	}
}

// TestTinySafetensors loads each type of tensor, from one file and from shards.
func TestTinySafetensors(t *testing.T) {
	b := goBackend(t)
	for name, kind := range map[string]func(string) safetensors.DType{
		"F64": all(safetensors.F64), "F32": all(safetensors.F32), "F16": all(safetensors.F16), "BF16": all(safetensors.BF16),
		"mixed": mixed(safetensors.F32, safetensors.BF16, safetensors.F16),
	} {
		for _, tied := range []bool{true, false} {
			for _, shards := range []int{1, 3} {
				t.Run(fmt.Sprintf("%s tied=%t shards=%d", name, tied, shards), func(t *testing.T) {
					tiny := newTiny(tied)
					files, held := tiny.hf(t, kind, shards)
					m, err := Load(b, files.write(t), Options{})
					require.NoError(t, err)
					defer m.Close()
					p := params(&tiny.config, held, func(role string) dtypes.DType { return kept(hfTypes[kind(role)], "") })
					requireSame(t, b, tiny.config, p, m)
					require.Len(t, m.Files, shards)
					requireTinyTokenizer(t, m)
				})
			}
		}
	}
}

func requireTinyTokenizer(t *testing.T, m *Loaded) {
	t.Helper()
	require.Equal(t, 5, m.Tokenizer.VocabSize(), "fewer than the embedding's rows: padding")
	text, err := m.Tokenizer.Decode([]int32{4, 3, 1})
	require.NoError(t, err)
	require.Equal(t, "ab a", string(text))
}

// TestWeightTypes keeps weights in another type than the file's.
func TestWeightTypes(t *testing.T) {
	b := goBackend(t)
	tiny := newTiny(true)
	for _, from := range []safetensors.DType{safetensors.F64, safetensors.F32, safetensors.F16, safetensors.BF16} {
		for name, to := range map[string]dtypes.DType{"float32": dtypes.Float32, "bfloat16": dtypes.BFloat16} {
			t.Run(fmt.Sprintf("%s to %s", from, name), func(t *testing.T) {
				files, held := tiny.hf(t, all(from), 1)
				m, err := Load(b, files.write(t), Options{Weights: name, Compute: "bfloat16"})
				require.NoError(t, err)
				defer m.Close()
				c := tiny.config
				c.Compute = "bfloat16"
				requireSame(t, b, c, params(&c, held, all(to)), m)
				provenance, err := m.Provenance()
				require.NoError(t, err)
				require.Equal(t, name, provenance["weight type"])
				require.Equal(t, "bfloat16", provenance["compute"])
			})
		}
	}
}

// TestDeviceApart loads onto a device whose memory is not the host's.
func TestDeviceApart(t *testing.T) {
	b := deviceApart{goBackend(t)}
	tiny := newTiny(false)
	g, ggufHeld := tiny.gguf(mixed(gguf.TensorTypeF16, gguf.TensorTypeQ4_1, gguf.TensorTypeF32))
	files, hfHeld := tiny.hf(t, mixed(safetensors.F16, safetensors.F32), 1)
	for path, held := range map[string]map[string][]float32{g.write(t): ggufHeld, files.write(t): hfHeld} {
		m, err := Load(b, path, Options{})
		require.NoError(t, err)
		got := map[string]*tensors.Tensor{}
		m.Params().Each(&m.Config, func(role string, slot **tensors.Tensor, _ []int) { got[role] = *slot })
		require.Len(t, got, len(held))
		for role, x := range got {
			require.True(t, x.IsOnAnyDevice(), role)
			require.False(t, x.HasLocal(), "%s has a copy on the host too", role)
			require.Equal(t, held[role], tensors.MustCopyFlatData[float32](x), role)
		}
		m.Close()
	}
}

// llama3Factors divide the frequencies of a small head as Llama 3.1 does. The
// formula is that of the converters that write rope_freqs.weight.
func llama3Factors(c *transformer.Config, factor, low, high, context float64) []float32 {
	var out []float32
	for i := range c.HeadDim / 2 {
		wavelength := 2 * math.Pi * math.Pow(c.RopeBase, float64(2*i)/float64(c.HeadDim))
		switch {
		case wavelength < context/high:
			out = append(out, 1)
		case wavelength > context/low:
			out = append(out, float32(factor))
		default:
			smooth := (context/wavelength - low) / (high - low)
			out = append(out, float32(1/((1-smooth)/factor+smooth)))
		}
	}
	return out
}

// TestRopeScaling gives the same model by config.json, in either form, and by
// the tensor of a GGUF file.
func TestRopeScaling(t *testing.T) {
	b := goBackend(t)
	tiny := newTiny(true)
	const factor, low, high, context = 8., 1., 4., 64.
	scaling := map[string]any{
		"rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high,
		"original_max_position_embeddings": int(context),
	}
	files, held := tiny.hf(t, all(safetensors.F32), 1)
	load := func(path string) [][]float32 {
		m, err := Load(b, path, Options{})
		require.NoError(t, err)
		defer m.Close()
		return logits(t, m.Model)
	}
	plain := load(files.write(t))

	fields := tiny.hfConfigFields()
	fields["rope_scaling"] = scaling
	files[configFile] = jsonOf(t, fields)
	scaled := load(files.write(t))
	require.NotEqual(t, plain, scaled)

	c := tiny.config
	c.RopeScale = &transformer.RopeScaling{Factor: factor, LowFreqFactor: low, HighFreqFactor: high, OriginalContext: context}
	direct, err := transformer.New(b, c, params(&c, held, all(dtypes.Float32)))
	require.NoError(t, err)
	defer direct.Close()
	require.Equal(t, logits(t, direct), scaled)

	delete(fields, "rope_scaling")
	delete(fields, "rope_theta")
	inside := maps.Clone(scaling)
	inside["rope_theta"] = c.RopeBase
	fields["rope_parameters"] = inside
	files[configFile] = jsonOf(t, fields)
	require.Equal(t, scaled, load(files.write(t)))

	factors := llama3Factors(&tiny.config, factor, low, high, context)
	require.Equal(t, float32(1), factors[0])
	require.Equal(t, float32(factor), factors[3])
	require.NotContains(t, []float32{1, factor}, factors[1], "a frequency between")
	g, _ := tiny.gguf(all(gguf.TensorTypeF32))
	data, _ := encode(gguf.TensorTypeF32, factors)
	g.tensors = append(g.tensors, ggufTensor{"rope_freqs.weight", gguf.TensorTypeF32, []int{len(factors)}, data})
	for i, row := range load(g.write(t)) {
		require.InDeltaSlice(t, scaled[i], row, 1e-4) // factors are float32 there
	}
}

// TestLinks: the hub's cache is made of them.
func TestLinks(t *testing.T) {
	b := goBackend(t)
	files, _ := newTiny(true).hf(t, all(safetensors.F32), 2)
	from, to := files.write(t), t.TempDir()
	for name := range files {
		require.NoError(t, os.Symlink(filepath.Join(from, name), filepath.Join(to, name)))
	}
	m, err := Load(b, to, Options{})
	require.NoError(t, err)
	m.Close()
}

// TestLoadTokenizer needs no weights and no backend.
func TestLoadTokenizer(t *testing.T) {
	tiny := newTiny(true)
	g, _ := tiny.gguf(all(gguf.TensorTypeF32))
	folder := hfFiles{vocabFile: []byte(tinyTokenizer), vocabConfig: []byte(`{"bos_token":"<s>"}`)}.write(t)
	for _, path := range []string{g.write(t), folder} {
		tok, err := LoadTokenizer(path)
		require.NoError(t, err)
		require.Equal(t, 5, tok.VocabSize())
		bos, ok := tok.BOS()
		require.True(t, ok)
		require.Zero(t, bos)
	}
	_, err := LoadTokenizer(strings.Repeat("x", 300))
	require.ErrorContains(t, err, "loading the tokenizer of")
}

// TestVersion covers what Load reads, and nothing else that lies beside it.
func TestVersion(t *testing.T) {
	// version is Version's names, once it is sure that the files' hashes stand behind them.
	version := func(dir, path string) []string {
		got, err := Version(path)
		require.NoError(t, err)
		for i, line := range got {
			name, sum, _ := strings.Cut(line, " sha256:")
			text, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("%x", sha256.Sum256(text)), sum)
			got[i] = name
		}
		return got
	}
	tiny := newTiny(true)
	g, _ := tiny.gguf(all(gguf.TensorTypeF32))
	path := g.write(t)
	require.Equal(t, []string{filepath.Base(path)}, version(filepath.Dir(path), path))

	for shards, weights := range map[int][]string{
		1: {weightsFile},
		2: {weightsIndex, "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"},
	} {
		files, _ := tiny.hf(t, all(safetensors.F32), shards)
		files["consolidated.safetensors"] = nil
		dir := filepath.Join(t.TempDir(), "[a]*") // not a pattern
		require.NoError(t, os.Rename(files.write(t), dir))
		require.Equal(t, append([]string{configFile, vocabFile}, weights...), version(dir, dir))
		require.NoError(t, os.Remove(filepath.Join(dir, configFile)))
		_, err := Version(dir)
		require.ErrorContains(t, err, "config.json: no such file")
	}
	for _, ref := range []string{t.TempDir(), "smollm3"} {
		_, err := Version(ref)
		require.ErrorContains(t, err, fmt.Sprintf("model %q", ref))
	}
}

// TestMetadataTypes: GGUF writers choose among the format's number types.
func TestMetadataTypes(t *testing.T) {
	for _, layers := range []any{uint8(2), uint16(2), uint32(2), uint64(2), int8(2), int16(2), int32(2), int64(2)} {
		for _, base := range []any{float32(10000), float64(10000)} {
			tiny := newTiny(true)
			g, _ := tiny.gguf(all(gguf.TensorTypeF32))
			g.set("llama.block_count", layers)
			g.set("llama.rope.freq_base", base)
			f, err := openGGUF(g.write(t))
			require.NoError(t, err)
			c, err := f.config()
			f.close()
			require.NoError(t, err)
			require.Equal(t, tiny.config, c, "%T and %T", layers, base)
		}
	}
}

// TestExactlyRepresentable checks the test's own codec on values that need no
// rounding, so that the tests above rest on something.
func TestExactlyRepresentable(t *testing.T) {
	x := make([]float32, 32)
	for i := range x {
		x[i] = float32(i%16-8) / 4 // −2 … 1.75 in steps of ¼: 4 bits
	}
	for _, kind := range []gguf.TensorType{
		gguf.TensorTypeF64, gguf.TensorTypeF32, gguf.TensorTypeF16, gguf.TensorTypeBF16, gguf.TensorTypeQ4_0, gguf.TensorTypeQ4_1,
	} {
		data, back := encode(kind, x)
		require.Equal(t, x, back, kind.String())
		require.Len(t, data, len(x)/kind.BlockSize()*kind.TypeSize(), kind.String())
	}
	require.Equal(t, bfloat16.FromFloat32(1.75).Float32(), x[31])
}
