package pretrained

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/internal/safetensors"
	"firsttoken/train/tokenizer"
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

// hfTypes are the tensor types that can be weights.
var hfTypes = map[safetensors.DType]dtypes.DType{
	safetensors.F64: dtypes.Float64, safetensors.F32: dtypes.Float32,
	safetensors.F16: dtypes.Float16, safetensors.BF16: dtypes.BFloat16,
}

// folder is an opened folder of safetensors files, its shards.
type folder struct {
	backend compute.Backend
	shards  []*shard
	where   map[string]*shard // tensor → shard
	stored  map[string]string // tensor → its name in the shard, where rename has changed that
}

type shard struct {
	path   string
	file   *os.File
	header *safetensors.Header
}

// openFolder opens a folder's weights files and checks them against the index.
func openFolder(backend compute.Backend, path string) (f *folder, err error) {
	f = &folder{backend: backend, where: map[string]*shard{}}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	names, index, err := weightFiles(path)
	if err != nil {
		return f, err
	}
	for _, name := range names {
		if err = f.open(filepath.Join(path, name)); err != nil {
			return f, err
		}
	}
	if index == nil {
		return f, nil
	}
	for tensor, name := range index.WeightMap {
		if s := f.where[tensor]; s == nil || s.path != filepath.Join(path, name) {
			return f, fmt.Errorf("%s: tensor %s should be in %s and is not", weightsIndex, tensor, name)
		}
	}
	return f, nil
}

// weightFiles names a folder's weights files: the single one or, where there is
// none, the shards of the index, which it then returns too.
func weightFiles(folder string) ([]string, *weightIndex, error) {
	_, err := os.Stat(filepath.Join(folder, weightsFile))
	if !errors.Is(err, os.ErrNotExist) {
		return []string{weightsFile}, nil, err
	}
	index, sharded, indexErr := readIndex(folder)
	switch {
	case indexErr != nil:
		return nil, nil, indexErr
	case !sharded:
		return nil, nil, err // of the single file
	}
	return index.shards(), index, nil
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
	if len(index.WeightMap) == 0 {
		return nil, false, fmt.Errorf("%s: weight_map is missing or empty", weightsIndex)
	}
	for tensor, name := range index.WeightMap {
		// The index comes with the download: it must not lead elsewhere.
		if !filepath.IsLocal(name) {
			return nil, false, fmt.Errorf("%s: shard %q of tensor %s lies outside the folder", weightsIndex, name, tensor)
		}
	}
	return &index, true, nil
}

// shards lists the files that an index refers to, each once.
func (w *weightIndex) shards() []string {
	return slices.Compact(slices.Sorted(maps.Values(w.WeightMap)))
}

// open adds one shard.
func (f *folder) open(path string) error {
	file, size, err := openFile(path)
	if err != nil {
		return err
	}
	s := &shard{path: path, file: file}
	f.shards = append(f.shards, s)
	if s.header, err = safetensors.ParseHeader(file, size); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, t := range s.header.Tensors {
		if other, twice := f.where[t.Name]; twice {
			return fmt.Errorf("tensor %s is in %s and in %s", t.Name, other.path, path)
		}
		if _, ok := hfTypes[t.DType]; !ok {
			return fmt.Errorf("%s: tensor %s has type %s: weights must be of one of the types %v",
				path, t.Name, t.DType, slices.Sorted(maps.Keys(hfTypes)))
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
	for name := range f.where {
		m[name] = f.info(name).Shape
	}
	return m
}

func (f *folder) dtype(name string) dtypes.DType { return hfTypes[f.info(name).DType] }

// info says where in its shard a tensor lies.
func (f *folder) info(name string) safetensors.Info {
	s := f.where[name]
	if stored, renamed := f.stored[name]; renamed {
		name = stored
	}
	info, _ := s.header.Lookup(name)
	return info
}

func (f *folder) read(name string) (*tensors.Tensor, error) {
	s := f.where[name]
	info := f.info(name)
	t, err := tensors.FromShapeForBackend(f.backend, 0, shapes.Make(hfTypes[info.DType], info.Shape...))
	if err != nil {
		return nil, err
	}
	// Safetensors is little-endian, as is every platform XLA runs on.
	var readErr error
	err = t.MutableBytes(func(data []byte) {
		var n int
		if n, readErr = s.file.ReadAt(data, info.Offset); n == len(data) {
			readErr = nil // io.EOF after the last tensor
		}
	})
	if err == nil {
		err = readErr
	}
	if err != nil {
		free(t)
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	return t, nil
}

// loadFolder reads config.json, tokenizer.json and the weights of a folder.
func loadFolder(backend compute.Backend, path string, o Options, rehearse func(*Loaded) error) (*Loaded, error) {
	data, err := readLimited(filepath.Join(path, configFile), maxJSONConfig)
	if err != nil {
		return nil, fmt.Errorf("%w: a model folder holds %s, %s and %s", err, configFile, vocabFile, weightsFile)
	}
	c, lay, err := parseHFConfig(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f, err := openFolder(backend, path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	warnings := f.rename(lay)
	more, err := f.settleOutput(&c, lay)
	if err != nil {
		return nil, err
	}
	m, err := assemble(backend, c, o, f, lay, func() (*tokenizer.Tokenizer, error) { return folderTokenizer(path) }, rehearse)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.Format, m.Warnings = "safetensors", slices.Concat(warnings, more, m.Warnings)
	for _, s := range f.shards {
		m.Files = append(m.Files, s.path)
	}
	return m, nil
}

// folderFiles lists what loadFolder reads.
func folderFiles(path string) ([]string, error) {
	weights, index, err := weightFiles(path)
	if err != nil {
		return nil, err
	}
	vocab := vocabFolder(path)
	files := []string{filepath.Join(path, configFile), filepath.Join(vocab, vocabFile)}
	if config := filepath.Join(vocab, vocabConfig); exists(config) {
		files = append(files, config)
	}
	if index != nil {
		files = append(files, filepath.Join(path, weightsIndex))
	}
	for _, name := range weights {
		files = append(files, filepath.Join(path, name))
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// folderTokenizer reads tokenizer.json and, where it is there, the special
// tokens' names from tokenizer_config.json.
func folderTokenizer(path string) (*tokenizer.Tokenizer, error) {
	path = vocabFolder(path)
	file, _, err := openFile(filepath.Join(path, vocabFile))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	tok, err := tokenizer.FromJSON(file)
	if err != nil {
		return nil, err
	}
	names, _, err := openFile(filepath.Join(path, vocabConfig))
	if errors.Is(err, os.ErrNotExist) {
		return tok, nil
	}
	if err != nil {
		return nil, err
	}
	defer names.Close()
	return tok.WithConfig(names)
}
