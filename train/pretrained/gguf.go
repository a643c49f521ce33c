package pretrained

import (
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-huggingface/models/gguf"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// ggufFile is an opened, checked GGUF file.
type ggufFile struct {
	path    string
	file    *gguf.File
	reader  *gguf.Reader
	backend compute.Backend
	factors []float64 // rotary frequency divisors from the file, or nil
}

// openGGUF parses and checks a file's header. Nothing it says is believed
// before it fits into the file.
func openGGUF(path string) (*ggufFile, error) {
	if err := checkGGUF(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := checkTensors(f, info.Size()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r, err := gguf.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &ggufFile{path: path, file: f, reader: r}, nil
}

func (g *ggufFile) close() { _ = g.reader.Close() }

// checkTensors verifies names, shapes and offsets against the file's size.
func checkTensors(f *gguf.File, size int64) error {
	seen := map[string]bool{}
	for _, ti := range f.TensorInfos {
		if seen[ti.Name] {
			return fmt.Errorf("tensor %s occurs twice", ti.Name)
		}
		seen[ti.Name] = true
		elements := uint64(1)
		for _, d := range ti.Shape {
			if d == 0 || d > 1<<31 || elements > (1<<40)/d {
				return fmt.Errorf("tensor %s has shape %v: no tensor is that large", ti.Name, ti.Shape)
			}
			elements *= d
		}
		block := ti.Type.BlockSize()
		if block <= 0 || ti.Type.TypeSize() <= 0 {
			return fmt.Errorf("tensor %s has the unknown type %s", ti.Name, ti.Type)
		}
		if elements%uint64(block) != 0 {
			return fmt.Errorf("tensor %s: %d elements do not fill blocks of %d", ti.Name, elements, block)
		}
		bytes := ti.NumBytes()
		if bytes <= 0 || ti.Offset > uint64(size) || f.DataOffset() > size ||
			int64(ti.Offset) > size-f.DataOffset()-bytes {
			return fmt.Errorf("tensor %s needs %d bytes at offset %d, the file ends at %d: it is truncated or damaged; download it again",
				ti.Name, bytes, f.DataOffset()+int64(ti.Offset), size)
		}
	}
	return nil
}

// config reads the architecture from the metadata. Every llama.* key must be
// known, since an unknown one may change the computation.
func (g *ggufFile) config() (transformer.Config, error) {
	var c transformer.Config
	if arch := g.file.Architecture(); arch != "llama" {
		return c, fmt.Errorf("%s: architecture %q is not supported: only llama is", g.path, arch)
	}
	var problems []error
	number := func(key string, fallback float64) float64 {
		kv, ok := g.file.GetKeyValue("llama." + key)
		if !ok {
			if math.IsNaN(fallback) {
				problems = append(problems, fmt.Errorf("metadata key llama.%s is missing", key))
			}
			return fallback
		}
		switch kv.Raw().(type) {
		case float32, float64:
			return kv.Float64()
		case uint8, uint16, uint32, uint64, int8, int16, int32, int64:
			return float64(kv.Int64())
		}
		problems = append(problems, fmt.Errorf("metadata key llama.%s is a %T: must be a number", key, kv.Raw()))
		return fallback
	}
	need := math.NaN()
	c.Layers = int(number("block_count", need))
	c.Context = int(number("context_length", need))
	c.Width = int(number("embedding_length", need))
	c.Hidden = int(number("feed_forward_length", need))
	c.Heads = int(number("attention.head_count", need))
	c.KVHeads = int(number("attention.head_count_kv", float64(c.Heads)))
	c.NormEps = shortest(number("attention.layer_norm_rms_epsilon", need))
	c.RopeBase = number("rope.freq_base", 10000)
	if c.Heads > 0 {
		c.HeadDim = int(number("attention.key_length", float64(c.Width/c.Heads)))
	}
	if v := int(number("attention.value_length", float64(c.HeadDim))); v != c.HeadDim {
		problems = append(problems, fmt.Errorf("llama.attention.value_length = %d differs from the key length %d", v, c.HeadDim))
	}
	if r := int(number("rope.dimension_count", float64(c.HeadDim))); r != c.HeadDim {
		problems = append(problems, fmt.Errorf("llama.rope.dimension_count = %d: rotating part of a head (%d) is not supported", r, c.HeadDim))
	}
	if embed, ok := g.file.GetTensorInfo("token_embd.weight"); ok && len(embed.Shape) == 2 {
		c.Vocab = int(embed.Shape[1])
	}
	if v := int(number("vocab_size", float64(c.Vocab))); v != c.Vocab {
		problems = append(problems, fmt.Errorf("llama.vocab_size = %d, token_embd.weight has %d rows", v, c.Vocab))
	}
	_, untied := g.file.GetTensorInfo("output.weight")
	c.TiedOutput = !untied
	known := []string{
		"block_count", "context_length", "embedding_length", "feed_forward_length", "vocab_size",
		"attention.head_count", "attention.head_count_kv", "attention.layer_norm_rms_epsilon",
		"attention.key_length", "attention.value_length", "rope.freq_base", "rope.dimension_count",
	}
	for _, kv := range g.file.KeyValues {
		if key, ok := strings.CutPrefix(kv.Key, "llama."); ok && !slices.Contains(known, key) {
			problems = append(problems, fmt.Errorf("metadata key %s is unknown: it may change the computation", kv.Key))
		}
	}
	if _, ok := g.file.GetTensorInfo("rope_freqs.weight"); ok {
		factors, err := g.ropeFactors()
		if err != nil {
			problems = append(problems, err)
		}
		c.RopeFactors = factors
	}
	if len(problems) > 0 {
		return c, fmt.Errorf("%s: %w", g.path, errors.Join(problems...))
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("%s: %w", g.path, err)
	}
	return c, nil
}

// shortest is the shortest decimal that rounds to the same float32: 1e-5 rather
// than 9.99999974e-06, so that a configuration reads as its authors wrote it.
func shortest(x float64) float64 {
	var y float64
	if _, err := fmt.Sscan(fmt.Sprint(float32(x)), &y); err != nil {
		return x
	}
	return y
}

// ropeFactors reads the rotary frequency divisors that converters of Llama 3.1
// and later store as a tensor.
func (g *ggufFile) ropeFactors() ([]float64, error) {
	t, err := g.reader.ReadTensor(nil, "rope_freqs.weight")
	if err != nil {
		return nil, err
	}
	flat, ok := t.Value().([]float32)
	if !ok {
		return nil, fmt.Errorf("tensor rope_freqs.weight has type %s: must be F32", t.Shape())
	}
	factors := make([]float64, len(flat))
	for i, x := range flat {
		factors[i] = float64(x)
	}
	return factors, nil
}

func (g *ggufFile) dims() map[string][]int {
	m := map[string][]int{}
	for _, ti := range g.file.TensorInfos {
		_, dims := ti.GoMLXShape()
		m[ti.Name] = dims
	}
	return m
}

func (g *ggufFile) read(name string) (*tensors.Tensor, error) {
	t, err := g.reader.ReadTensor(g.backend, name)
	if err != nil {
		return nil, err
	}
	return floats(name, t)
}

// ggufNames maps weights to tensors of a GGUF file.
var ggufNames = strings.NewReplacer(
	".attn_norm", ".attn_norm.weight", ".query", ".attn_q.weight", ".key", ".attn_k.weight",
	".value", ".attn_v.weight", ".out", ".attn_output.weight", ".mlp_norm", ".ffn_norm.weight",
	".gate", ".ffn_gate.weight", ".up", ".ffn_up.weight", ".down", ".ffn_down.weight", "layers.", "blk.",
)

var ggufLayout = layout{
	name: func(weight string) string {
		switch weight {
		case "embed":
			return "token_embd.weight"
		case "norm":
			return "output_norm.weight"
		case "output":
			return "output.weight"
		}
		return ggufNames.Replace(weight)
	},
	ignored:     regexp.MustCompile(`^rope_freqs\.weight$`).MatchString, // read into the configuration
	interleaved: true,
}

// tokenizer reads the vocabulary from the metadata.
func (g *ggufFile) tokenizer() (*tokenizer.Tokenizer, error) {
	text := func(key string) string {
		kv, _ := g.file.GetKeyValue("tokenizer.ggml." + key)
		return kv.String()
	}
	list := func(key string) []string {
		kv, _ := g.file.GetKeyValue("tokenizer.ggml." + key)
		return kv.Strings()
	}
	id := func(key string) *int32 {
		kv, ok := g.file.GetKeyValue("tokenizer.ggml." + key)
		if !ok {
			return nil
		}
		x := int32(kv.Uint64())
		return &x
	}
	v := tokenizer.GGUFVocab{
		Model: text("model"), Pre: text("pre"), Tokens: list("tokens"), Merges: list("merges"),
		BOS: id("bos_token_id"), EOS: id("eos_token_id"),
	}
	if kv, ok := g.file.GetKeyValue("tokenizer.ggml.token_type"); ok {
		for _, x := range kv.Int64s() {
			v.Types = append(v.Types, int32(x))
		}
	}
	tok, err := tokenizer.FromGGUF(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.path, err)
	}
	return tok, nil
}

// loadGGUF reads a GGUF file.
func loadGGUF(backend compute.Backend, path string, o Options) (*Loaded, error) {
	g, err := openGGUF(path)
	if err != nil {
		return nil, err
	}
	defer g.close()
	g.backend = backend
	c, err := g.config()
	if err != nil {
		return nil, err
	}
	c.Compute = o.Compute
	// The vocabulary takes as long as a part of the weights: read both at once.
	type result struct {
		tok *tokenizer.Tokenizer
		err error
	}
	vocab := make(chan result, 1)
	go func() {
		tok, err := g.tokenizer()
		vocab <- result{tok, err}
	}()
	p, err := assemble(backend, &c, g, ggufLayout, o.Weights)
	v := <-vocab
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if v.err != nil {
		return nil, v.err
	}
	m, err := transformer.New(backend, c, p)
	if err != nil {
		return nil, err
	}
	return &Loaded{Model: m, Tokenizer: v.tok, Format: "GGUF", Files: []string{path}}, nil
}
