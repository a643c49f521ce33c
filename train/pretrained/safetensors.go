package pretrained

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/internal/safetensors"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// Files of a checkpoint folder.
const (
	configFile    = "config.json"
	vocabFile     = "tokenizer.json"
	vocabConfig   = "tokenizer_config.json"
	weightsFile   = "model.safetensors"
	weightsIndex  = "model.safetensors.index.json"
	maxJSONConfig = 1 << 20
	maxIndex      = 64 << 20
)

// folder is an opened folder of safetensors shards.
type folder struct {
	backend compute.Backend
	shards  []*shard
	where   map[string]*shard // tensor → shard
}

type shard struct {
	path   string
	file   *os.File
	header *safetensors.Header
}

// openFolder opens the one weights file, or all shards that the index names.
func openFolder(backend compute.Backend, path string) (*folder, error) {
	f := &folder{backend: backend, where: map[string]*shard{}}
	names := []string{weightsFile}
	index, sharded, err := readIndex(path)
	if err != nil {
		return nil, err
	}
	if sharded {
		names = index.shards()
	}
	for _, name := range names {
		// The index comes with the download: it must not lead elsewhere.
		if !filepath.IsLocal(name) {
			f.close()
			return nil, fmt.Errorf("%s: shard %q lies outside the folder", weightsIndex, name)
		}
		if err := f.open(filepath.Join(path, name)); err != nil {
			f.close()
			return nil, err
		}
	}
	if sharded {
		for tensor, name := range index.WeightMap {
			s, ok := f.where[tensor]
			if !ok || filepath.Base(s.path) != filepath.Base(name) {
				f.close()
				return nil, fmt.Errorf("%s: tensor %s should be in %s and is not", weightsIndex, tensor, name)
			}
		}
	}
	return f, nil
}

// weightIndex is a sharded checkpoint's table of contents.
type weightIndex struct {
	WeightMap map[string]string `json:"weight_map"` // tensor → shard
}

// readIndex reads a folder's index; false if it has none.
func readIndex(folder string) (*weightIndex, bool, error) {
	data, err := readLimited(filepath.Join(folder, weightsIndex), maxIndex)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	var index weightIndex
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, false, fmt.Errorf("%s: %w", weightsIndex, err)
	}
	return &index, true, nil
}

// shards lists the files that an index refers to, each once.
func (w *weightIndex) shards() []string {
	return slices.Compact(slices.Sorted(maps.Values(w.WeightMap)))
}

// open adds one shard.
func (f *folder) open(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return err
	}
	header, err := safetensors.ParseHeader(file, info.Size())
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("%s: %w", path, err)
	}
	s := &shard{path, file, header}
	f.shards = append(f.shards, s)
	for _, t := range header.Tensors {
		if other, twice := f.where[t.Name]; twice {
			return fmt.Errorf("tensor %s is in %s and in %s", t.Name, other.path, path)
		}
		f.where[t.Name] = s
	}
	return nil
}

func (f *folder) close() {
	for _, s := range f.shards {
		_ = s.file.Close()
	}
}

func (f *folder) dims() map[string][]int {
	m := map[string][]int{}
	for _, s := range f.shards {
		for _, t := range s.header.Tensors {
			m[t.Name] = t.Shape
		}
	}
	return m
}

func (f *folder) read(name string) (*tensors.Tensor, error) {
	s := f.where[name]
	info, _ := s.header.Lookup(name)
	dtype, ok := map[safetensors.DType]dtypes.DType{
		safetensors.F64: dtypes.Float64, safetensors.F32: dtypes.Float32,
		safetensors.F16: dtypes.Float16, safetensors.BF16: dtypes.BFloat16,
	}[info.DType]
	if !ok {
		return nil, fmt.Errorf("tensor %s has type %s: weights must be floating point", name, info.DType)
	}
	t, err := tensors.FromShapeForBackend(f.backend, 0, shapes.Make(dtype, info.Shape...))
	if err != nil {
		return nil, fmt.Errorf("tensor %s: %w", name, err)
	}
	// Safetensors is little-endian, as is every platform XLA runs on.
	var readErr error
	if err := t.MutableBytes(func(data []byte) { _, readErr = s.file.ReadAt(data, info.Offset) }); err != nil {
		return nil, fmt.Errorf("tensor %s: %w", name, err)
	}
	if readErr != nil && !errors.Is(readErr, io.EOF) {
		return nil, fmt.Errorf("%s: tensor %s: %w", s.path, name, readErr)
	}
	return floats(name, t)
}

// hfNames maps weights to tensors of a Llama safetensors checkpoint.
var hfNames = strings.NewReplacer(
	"layers.", "model.layers.", ".attn_norm", ".input_layernorm.weight", ".query", ".self_attn.q_proj.weight",
	".key", ".self_attn.k_proj.weight", ".value", ".self_attn.v_proj.weight", ".out", ".self_attn.o_proj.weight",
	".mlp_norm", ".post_attention_layernorm.weight", ".gate", ".mlp.gate_proj.weight",
	".up", ".mlp.up_proj.weight", ".down", ".mlp.down_proj.weight",
)

var hfLayout = layout{
	name: func(weight string) string {
		switch weight {
		case "embed":
			return "model.embed_tokens.weight"
		case "norm":
			return "model.norm.weight"
		case "output":
			return "lm_head.weight"
		}
		return hfNames.Replace(weight)
	},
	// Old exports carry the rotary frequencies, which follow from the configuration.
	ignored: regexp.MustCompile(`^model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq$`).MatchString,
}

// loadFolder reads config.json, tokenizer.json and the weights of a folder.
func loadFolder(backend compute.Backend, path string, o Options) (*Loaded, error) {
	data, err := readLimited(filepath.Join(path, configFile), maxJSONConfig)
	if err != nil {
		return nil, fmt.Errorf("%w: a model folder holds %s, %s and %s", err, configFile, vocabFile, weightsFile)
	}
	c, err := parseHFConfig(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.Compute = o.Compute
	tok, err := folderTokenizer(path)
	if err != nil {
		return nil, err
	}
	f, err := openFolder(backend, path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer f.close()
	p, err := assemble(backend, &c, f, hfLayout, o.Weights)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m, err := transformer.New(backend, c, p)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, s := range f.shards {
		files = append(files, s.path)
	}
	return &Loaded{Model: m, Tokenizer: tok, Format: "safetensors", Files: files}, nil
}

// folderTokenizer reads tokenizer.json and, where it is there, the special
// tokens' names from tokenizer_config.json.
func folderTokenizer(path string) (*tokenizer.Tokenizer, error) {
	file, err := os.Open(filepath.Join(path, vocabFile))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	tok, err := tokenizer.FromJSON(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Name(), err)
	}
	names, err := os.Open(filepath.Join(path, vocabConfig))
	if errors.Is(err, os.ErrNotExist) {
		return tok, nil
	}
	if err != nil {
		return nil, err
	}
	defer names.Close()
	if tok, err = tok.WithConfig(names); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return tok, nil
}

// readLimited reads a file that must not be larger than limit.
func readLimited(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes: it is not what its name says", path, limit)
	}
	return data, nil
}
