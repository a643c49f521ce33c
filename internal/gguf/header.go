// Package gguf reads the headers of GGUF files: metadata, and which tensor lies where.
//
// Files come from anywhere, so nothing they say is believed before it fits into the file,
// and what does not is an error that names the key or tensor. Reading goes through an
// io.ReaderAt: a file and a byte slice serve alike. It links nothing beside the standard
// library, so that a fuzzer runs it thousands of times a second. Tensors' bytes are read
// and dequantised elsewhere, by github.com/gomlx/go-huggingface/models/gguf, whose own
// parser trusts counts: a file of 32 bytes makes it ask for 256 MB.
//
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
package gguf

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Limits of a sane header; the largest known files stay far below.
const (
	MaxKeys    = 1 << 14
	MaxTensors = 1 << 16
	MaxString  = 1 << 20 // bytes of one string
	MaxDims    = 4
)

// Header is what a GGUF file says before its tensors' bytes.
type Header struct {
	KeyValues   []KeyValue   // in the order of their keys
	TensorInfos []TensorInfo // in the order of the file, which is that of their offsets
	DataOffset  int64        // where the tensors' bytes begin
	byName      []int32      // TensorInfos by name
}

// KeyValue is one pair of the metadata. Value is of Go's type of the same name and size, a
// string, or a slice of one of these.
type KeyValue struct {
	Key   string
	Value any
}

// TensorInfo says where one tensor lies and how to read it.
type TensorInfo struct {
	Name   string
	Shape  []uint64 // innermost dimension first
	Type   Type
	Offset uint64 // from DataOffset
}

// Dims are the dimensions, outermost first.
func (ti *TensorInfo) Dims() []int {
	dims := make([]int, len(ti.Shape))
	for i, d := range ti.Shape {
		dims[len(dims)-1-i] = int(d)
	}
	return dims
}

// NumElements is how many numbers the tensor holds.
func (ti *TensorInfo) NumElements() int64 {
	n := int64(min(len(ti.Shape), 1))
	for _, d := range ti.Shape {
		n *= int64(d)
	}
	return n
}

// NumBytes is how many bytes of the file it takes.
func (ti *TensorInfo) NumBytes() int64 {
	return ti.NumElements() / int64(ti.Type.BlockSize()) * int64(ti.Type.BlockBytes())
}

// Value looks up a metadata key; nil if it is absent.
func (h *Header) Value(key string) any {
	i, ok := slices.BinarySearchFunc(h.KeyValues, key, func(kv KeyValue, key string) int { return cmp.Compare(kv.Key, key) })
	if !ok {
		return nil
	}
	return h.KeyValues[i].Value
}

// Architecture is general.architecture, "" if that is absent.
func (h *Header) Architecture() string {
	s, _ := h.Value("general.architecture").(string)
	return s
}

// GetTensorInfo looks up a tensor.
func (h *Header) GetTensorInfo(name string) (TensorInfo, bool) {
	i, ok := slices.BinarySearchFunc(h.byName, name, func(i int32, name string) int { return cmp.Compare(h.TensorInfos[i].Name, name) })
	if !ok {
		return TensorInfo{}, false
	}
	return h.TensorInfos[h.byName[i]], true
}

// Parse reads and checks the header of a file of the given size. What it allocates is at
// most 4 times the size, and a buffer.
func Parse(r io.ReaderAt, size int64) (*Header, error) {
	w := &reader{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), int(min(size, 1<<16))), left: size}
	magic, err := w.next(4)
	if err != nil || string(magic) != "GGUF" {
		return nil, errors.New("is not a GGUF file: it does not begin with GGUF")
	}
	version, err := w.u32()
	if err != nil {
		return nil, err
	}
	if version != 2 && version != 3 {
		return nil, fmt.Errorf("GGUF version %d is not supported: only 2 and 3 are", version)
	}
	tensors, err := w.u64()
	if err != nil {
		return nil, err
	}
	keys, err := w.u64()
	if err != nil {
		return nil, err
	}
	if tensors > MaxTensors || keys > MaxKeys {
		return nil, fmt.Errorf("the header announces %d tensors and %d metadata keys: the file is damaged", tensors, keys)
	}
	h := &Header{}
	if err := h.readKeys(w, int(keys)); err != nil {
		return nil, err
	}
	if err := h.readTensors(w, int(tensors)); err != nil {
		return nil, err
	}
	if err := h.place(size-w.left, size); err != nil {
		return nil, err
	}
	return h, nil
}

// readKeys reads the metadata.
func (h *Header) readKeys(w *reader, n int) error {
	const least = 8 + 4 + 1 // bytes: an empty name, its type, a value of one byte
	h.KeyValues = make([]KeyValue, 0, min(int64(n), w.left/least))
	for range n {
		key, err := w.str()
		if err != nil {
			return fmt.Errorf("metadata: %w", err)
		}
		kind, err := w.u32()
		if err != nil {
			return fmt.Errorf("metadata key %q: %w", key, err)
		}
		value, err := w.value(kind)
		if err != nil {
			return fmt.Errorf("metadata key %q: %w", key, err)
		}
		h.KeyValues = append(h.KeyValues, KeyValue{key, value})
	}
	slices.SortFunc(h.KeyValues, func(a, b KeyValue) int { return cmp.Compare(a.Key, b.Key) })
	for i := 1; i < len(h.KeyValues); i++ {
		if key := h.KeyValues[i].Key; key == h.KeyValues[i-1].Key {
			return fmt.Errorf("metadata key %q occurs twice", key)
		}
	}
	return nil
}

// readTensors reads names, shapes, types and offsets.
func (h *Header) readTensors(w *reader, n int) error {
	const least = 8 + 4 + 4 + 8 // bytes: an empty name, no dimensions, type, offset
	h.TensorInfos = make([]TensorInfo, 0, min(int64(n), w.left/least))
	h.byName = make([]int32, 0, cap(h.TensorInfos))
	for i := range n {
		name, err := w.str()
		if err != nil {
			return fmt.Errorf("tensor %d: %w", i+1, err)
		}
		dims, err := w.u32()
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		if dims > MaxDims {
			return fmt.Errorf("tensor %q has %d dimensions: at most %d are known", name, dims, MaxDims)
		}
		rest, err := w.next(int(dims)*8 + 4 + 8)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		le := binary.LittleEndian
		shape := make([]uint64, dims)
		for d := range shape {
			shape[d] = le.Uint64(rest[8*d:])
		}
		rest = rest[8*dims:]
		h.TensorInfos = append(h.TensorInfos, TensorInfo{Name: name, Shape: shape, Type: Type(le.Uint32(rest)), Offset: le.Uint64(rest[4:])})
		h.byName = append(h.byName, int32(i))
	}
	slices.SortFunc(h.byName, func(a, b int32) int { return cmp.Compare(h.TensorInfos[a].Name, h.TensorInfos[b].Name) })
	for i := 1; i < len(h.byName); i++ {
		if name := h.TensorInfos[h.byName[i]].Name; name == h.TensorInfos[h.byName[i-1]].Name {
			return fmt.Errorf("tensor %s occurs twice", name)
		}
	}
	return nil
}

// place finds where the tensors' bytes begin, past a header of so many bytes, and checks
// that each tensor lies in the file.
func (h *Header) place(header, size int64) error {
	alignment, err := h.alignment()
	if err != nil {
		return err
	}
	data := (uint64(header) + alignment - 1) / alignment * alignment
	if data > uint64(size) && len(h.TensorInfos) > 0 {
		return fmt.Errorf("metadata key general.alignment = %d puts the tensors outside the file", alignment)
	}
	h.DataOffset = int64(data)
	room := uint64(max(size-h.DataOffset, 0))
	start, end, previous := uint64(0), uint64(0), ""
	for i := range h.TensorInfos {
		ti := &h.TensorInfos[i]
		if ti.Type.BlockSize() == 0 {
			return fmt.Errorf("tensor %s has type %s: weights must be of one of the types %v", ti.Name, ti.Type, Types)
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
		case ti.Offset < start:
			// The library would read another tensor under this name.
			return fmt.Errorf("tensor %s is not listed in the order of its offset: the format demands that", ti.Name)
		case ti.Offset < end:
			return fmt.Errorf("tensors %s and %s overlap", previous, ti.Name)
		case ti.Offset > room || bytes > room-ti.Offset:
			return fmt.Errorf("tensor %s needs %d bytes at offset %d of the data, which ends at %d: the file is truncated or damaged; download it again",
				ti.Name, bytes, ti.Offset, room)
		}
		start, end, previous = ti.Offset, ti.Offset+bytes, ti.Name
	}
	return nil
}

// alignment is general.alignment; 32 where the file does not say.
func (h *Header) alignment() (uint64, error) {
	switch a := h.Value("general.alignment").(type) {
	case nil:
		return 32, nil
	case uint32:
		if a > 0 && a <= 1<<20 && a%8 == 0 {
			return uint64(a), nil
		}
		return 0, fmt.Errorf("metadata key general.alignment = %d: must be a multiple of 8, up to 2²⁰", a)
	default:
		return 0, fmt.Errorf("metadata key general.alignment is a %T: must be a uint32", a)
	}
}
