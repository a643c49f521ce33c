// Package safetensors reads and writes safetensors files: an 8-byte
// little-endian header length, a JSON header, and the tensors' bytes.
//
// The reader takes files from anywhere, so it trusts nothing: every offset is
// checked against the file's size before a byte is read, and whatever the
// format does not allow (duplicate names, unknown fields or types, overlaps,
// gaps, trailing bytes) is an error that names the tensor. Reading goes through
// an io.ReaderAt, so a file, a memory map and a byte slice serve alike and a
// large file is never read whole. Existing Go packages take the file as one
// byte slice and accept duplicate names.
//
// Format: https://huggingface.co/docs/safetensors
package safetensors

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// MaxHeader is the largest header accepted, in bytes; the format's own limit.
const MaxHeader = 100_000_000

// DType is the element type of a tensor, by its name in the header.
type DType string

// The element types known here. Others are refused.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

// Size is the width of one element in bytes, 0 for an unknown type.
func (d DType) Size() int {
	switch d {
	case F64, I64:
		return 8
	case F32, I32:
		return 4
	case F16, BF16, I16:
		return 2
	case I8, U8, Bool:
		return 1
	}
	return 0
}

// Info says where one tensor lies and how to read it.
type Info struct {
	Name   string
	DType  DType
	Shape  []int // empty for a scalar
	Offset int64 // of the first byte, from the start of the file
	Size   int64 // bytes
}

// Header is the parsed and checked table of contents of a file.
type Header struct {
	Tensors  []Info            // in the order of their bytes
	Metadata map[string]string // nil where the file has none
	byName   map[string]int
}

// Lookup finds a tensor by name.
func (h *Header) Lookup(name string) (Info, bool) {
	i, ok := h.byName[name]
	if !ok {
		return Info{}, false
	}
	return h.Tensors[i], true
}

// Read returns the bytes of one tensor of the file that h describes.
func (h *Header) Read(r io.ReaderAt, name string) ([]byte, error) {
	info, ok := h.Lookup(name)
	if !ok {
		return nil, fmt.Errorf("safetensors: no tensor %q in this file", name)
	}
	data := make([]byte, info.Size)
	if n, err := r.ReadAt(data, info.Offset); n < len(data) {
		return nil, fmt.Errorf("safetensors: tensor %q: %d of %d bytes read: %w", name, n, len(data), err)
	}
	return data, nil
}

// ParseHeader reads and checks the header of a file of size bytes. On success
// the tensors tile the rest of the file exactly.
func ParseHeader(r io.ReaderAt, size int64) (*Header, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, fmt.Errorf("safetensors: file of %d bytes is too short for a header", size)
	}
	if n, err := r.ReadAt(prefix[:], 0); n < len(prefix) {
		return nil, fmt.Errorf("safetensors: reading the header length: %w", err)
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	switch {
	case length > MaxHeader:
		return nil, fmt.Errorf("safetensors: header of %d bytes, at most %d allowed: not a safetensors file?", length, MaxHeader)
	case int64(length) > size-8:
		return nil, fmt.Errorf("safetensors: header of %d bytes does not fit a file of %d: truncated?", length, size)
	}
	text := make([]byte, length)
	if n, err := r.ReadAt(text, 8); n < len(text) {
		return nil, fmt.Errorf("safetensors: reading the header: %w", err)
	}
	h, err := parseTable(text)
	if err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	if err := h.place(8+int64(length), size); err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return h, nil
}

// place turns offsets relative to the data into file offsets, sorts the
// tensors by them, and checks that they tile [start, size) without gap or overlap.
func (h *Header) place(start, size int64) error {
	slices.SortStableFunc(h.Tensors, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Size, b.Size))
	})
	h.byName = make(map[string]int, len(h.Tensors))
	end, previous := int64(0), "the header"
	for i := range h.Tensors {
		t := &h.Tensors[i]
		switch {
		case t.Offset < end:
			return fmt.Errorf("tensor %q at offset %d overlaps %s, which ends at %d", t.Name, t.Offset, previous, end)
		case t.Offset > end:
			return fmt.Errorf("tensor %q at offset %d leaves a gap after %s, which ends at %d", t.Name, t.Offset, previous, end)
		case t.Size > size-start-end:
			return fmt.Errorf("tensor %q needs %d bytes, the file has %d left", t.Name, t.Size, size-start-end)
		}
		end += t.Size
		t.Offset += start
		h.byName[t.Name] = i
		previous = strconv.Quote(t.Name)
	}
	if rest := size - start - end; rest != 0 {
		return fmt.Errorf("%d trailing bytes after %s", rest, previous)
	}
	return nil
}
