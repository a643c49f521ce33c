package pretrained

import (
	"fmt"
	"io"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	library "github.com/gomlx/go-huggingface/models/gguf"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/internal/gguf"
)

// ggufFile is an opened, checked GGUF file.
type ggufFile struct {
	path    string
	file    *gguf.Header
	reader  *ggufTensors
	backend compute.Backend // where read puts tensors; nil: on the host
}

// openGGUF parses and checks a file's header.
func openGGUF(path string) (*ggufFile, error) {
	f, size, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	g, err := readGGUF(f, size)
	if err != nil {
		return nil, err
	}
	g.path, g.reader.path = path, path
	return g, nil
}

// readGGUF is openGGUF from any bytes; tensors can then not be read.
func readGGUF(r io.ReaderAt, size int64) (*ggufFile, error) {
	h, err := gguf.Parse(r, size)
	if err != nil {
		return nil, err
	}
	if n, ok := h.Value("split.count").(uint16); ok && n > 1 {
		part, _ := h.Value("split.no").(uint16)
		return nil, fmt.Errorf("is part %d of %d of a split GGUF file: put them together with llama.cpp's `llama-gguf-split --merge`", part+1, n)
	}
	return &ggufFile{file: h, reader: &ggufTensors{}}, nil
}

func (g *ggufFile) close() { g.reader.close() }

func (g *ggufFile) dims() map[string][]int {
	m := map[string][]int{}
	for _, ti := range g.file.TensorInfos {
		m[ti.Name] = ti.Dims()
	}
	return m
}

func (g *ggufFile) dtype(name string) dtypes.DType {
	info, _ := g.file.GetTensorInfo(name)
	switch info.Type {
	case gguf.F64:
		return dtypes.Float64
	case gguf.F16:
		return dtypes.Float16
	case gguf.BF16:
		return dtypes.BFloat16
	}
	return dtypes.Float32
}

func (g *ggufFile) read(name string) (*tensors.Tensor, error) {
	return g.reader.ReadTensor(g.backend, name)
}

// ggufTensors reads and dequantises tensors with the library, which parses the header once
// more when the first is asked for: by then it is known to be sane.
type ggufTensors struct {
	path   string
	once   sync.Once
	reader *library.Reader
	err    error
}

// ReadTensor reads one tensor, quantised ones as Float32. Safe for concurrent use.
func (r *ggufTensors) ReadTensor(backend compute.Backend, name string) (*tensors.Tensor, error) {
	r.once.Do(func() {
		var f *library.File
		if f, r.err = library.Open(r.path); r.err == nil {
			r.reader, r.err = library.NewReader(f)
		}
	})
	if r.err != nil {
		return nil, r.err
	}
	return r.reader.ReadTensor(backend, name)
}

func (r *ggufTensors) close() {
	if r.reader != nil {
		_ = r.reader.Close()
	}
}
