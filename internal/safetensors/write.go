package safetensors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
)

// Tensor is one tensor to write. Data holds its elements, little-endian, last
// dimension fastest.
type Tensor struct {
	Name  string
	DType DType
	Shape []int
	Data  []byte
}

// entry is the JSON form of a tensor in the header.
type entry struct {
	DType   DType    `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// Write writes a whole file. Equal arguments give equal bytes: tensors lie in
// the order of falling element size, then name. The header is padded with
// spaces so that the data starts at a multiple of 8.
func Write(w io.Writer, metadata map[string]string, tensors []Tensor) error {
	tensors = slices.Clone(tensors)
	// Wide elements first keeps every tensor aligned to its own element size.
	slices.SortFunc(tensors, func(a, b Tensor) int {
		if d := b.DType.Size() - a.DType.Size(); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	table := map[string]any{}
	if metadata != nil {
		table[metadataKey] = metadata
	}
	end := int64(0)
	for _, t := range tensors {
		if _, taken := table[t.Name]; taken || t.Name == metadataKey {
			return fmt.Errorf("safetensors: name %q is used twice or reserved", t.Name)
		}
		want := t.DType.Size()
		for _, n := range t.Shape {
			if n < 0 || (n > 0 && want > math.MaxInt/n) {
				return fmt.Errorf("safetensors: tensor %q: shape %v is negative or overflows", t.Name, t.Shape)
			}
			want *= n
		}
		if want != len(t.Data) || t.DType.Size() == 0 {
			return fmt.Errorf("safetensors: tensor %q: %s of shape %v needs %d bytes, got %d", t.Name, t.DType, t.Shape, want, len(t.Data))
		}
		size := int64(len(t.Data))
		table[t.Name] = entry{t.DType, append([]int{}, t.Shape...), [2]int64{end, end + size}}
		end += size
	}
	text, err := json.Marshal(table)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	if len(text) > MaxHeader {
		return fmt.Errorf("safetensors: header of %d bytes, at most %d allowed", len(text), MaxHeader)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text)))); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	for _, t := range tensors {
		if _, err := w.Write(t.Data); err != nil {
			return fmt.Errorf("safetensors: tensor %q: %w", t.Name, err)
		}
	}
	return nil
}

// WriteFile writes a file so that path holds either what it held before or the
// whole new content, also when the disk is full or the machine stops.
func WriteFile(path string, metadata map[string]string, tensors []Tensor) error {
	return replace(path, func(w io.Writer) error { return Write(w, metadata, tensors) })
}

// replace lets write fill a temporary file beside path, which takes path's
// place only once everything is on disk.
func replace(path string, write func(io.Writer) error) error {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	defer f.Cleanup()
	buffered := bufio.NewWriterSize(f, 1<<20)
	if err := write(buffered); err != nil {
		return fmt.Errorf("safetensors: writing %s: %w", path, err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("safetensors: writing %s: %w", path, err)
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("safetensors: replacing %s: %w", path, err)
	}
	return nil
}
