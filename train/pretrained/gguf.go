package pretrained

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-huggingface/models/gguf"
	"github.com/gomlx/gomlx/core/tensors"
)

// ggufFile is an opened, checked GGUF file.
type ggufFile struct {
	path    string
	file    *gguf.File
	reader  *gguf.Reader
	backend compute.Backend // where read puts tensors; nil: on the host
}

// openGGUF parses and checks a file's header. Nothing it says is believed
// before it fits into the file.
func openGGUF(path string) (*ggufFile, error) {
	size, err := checkGGUF(path)
	if err != nil {
		return nil, err
	}
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	if err := checkTensors(f, size); err != nil {
		return nil, err
	}
	r, err := gguf.NewReader(f)
	if err != nil {
		return nil, err
	}
	return &ggufFile{path: path, file: f, reader: r}, nil
}

func (g *ggufFile) close() { _ = g.reader.Close() }

// ggufTypes are the tensor types that can be weights: those that are floating
// point and those that the library dequantises.
var ggufTypes = []gguf.TensorType{
	gguf.TensorTypeF64, gguf.TensorTypeF32, gguf.TensorTypeF16, gguf.TensorTypeBF16,
	gguf.TensorTypeQ4_0, gguf.TensorTypeQ4_1, gguf.TensorTypeQ5_0, gguf.TensorTypeQ5_1, gguf.TensorTypeQ8_0,
	gguf.TensorTypeQ2_K, gguf.TensorTypeQ3_K, gguf.TensorTypeQ4_K, gguf.TensorTypeQ5_K, gguf.TensorTypeQ6_K,
}

// checkTensors verifies names, types, shapes and offsets against the file's size.
func checkTensors(f *gguf.File, size int64) error {
	data := f.DataOffset()
	if data < 0 || (data > size && len(f.TensorInfos) > 0) {
		return fmt.Errorf("metadata key general.alignment = %d puts the tensors outside the file", f.Alignment)
	}
	seen := map[string]bool{}
	end, previous := uint64(0), ""
	for i := range f.TensorInfos { // in the order of their offsets
		ti := &f.TensorInfos[i]
		if seen[ti.Name] {
			return fmt.Errorf("tensor %s occurs twice", ti.Name)
		}
		seen[ti.Name] = true
		if !slices.Contains(ggufTypes, ti.Type) {
			return fmt.Errorf("tensor %s has type %s: weights must be of one of the types %v", ti.Name, ti.Type, ggufTypes)
		}
		elements := uint64(min(len(ti.Shape), 1)) // no dimensions, no elements
		for _, d := range ti.Shape {
			if d == 0 || d > math.MaxInt32 || elements > (1<<40)/d {
				return fmt.Errorf("tensor %s has shape %v: no tensor has that", ti.Name, ti.Shape)
			}
			elements *= d
		}
		if block := uint64(ti.Type.BlockSize()); elements == 0 || ti.Shape[0]%block != 0 {
			return fmt.Errorf("tensor %s has shape %v: the rows do not fill blocks of %d", ti.Name, ti.Shape, block)
		}
		bytes := uint64(ti.NumBytes())
		switch {
		case ti.Offset < end:
			return fmt.Errorf("tensors %s and %s overlap", previous, ti.Name)
		case ti.Offset > uint64(size-data) || bytes > uint64(size-data)-ti.Offset:
			return fmt.Errorf("tensor %s needs %d bytes at offset %d of the data, which ends at %d: the file is truncated or damaged; download it again",
				ti.Name, bytes, ti.Offset, size-data)
		}
		end, previous = ti.Offset+bytes, ti.Name
		// The library finds a tensor by name through its place before sorting by
		// offset, and would read another one where the two orders differ.
		if found, _ := f.GetTensorInfo(ti.Name); found.Name != ti.Name {
			return fmt.Errorf("tensor %s is not listed in the order of its offset: the format demands that", ti.Name)
		}
	}
	return nil
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
	return g.reader.ReadTensor(g.backend, name)
}

// ropeFreqs is the tensor that ropeFactors reads.
const ropeFreqs = "rope_freqs.weight"

// loadGGUF reads a GGUF file.
func loadGGUF(backend compute.Backend, path string, o Options) (*Loaded, error) {
	g, err := openGGUF(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer g.close()
	if backend.HasSharedBuffers() {
		// Read straight into memory that the device uses. Elsewhere the library
		// would move a tensor to the device, only for us to fetch it back.
		g.backend = backend
	}
	c, err := g.config()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m, err := assemble(backend, c, o, g, ggufLayout(g.file.Architecture()), g.tokenizer)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.Format, m.Files = "GGUF", []string{path}
	return m, nil
}
