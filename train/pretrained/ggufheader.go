package pretrained

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Limits of a sane header; the largest known files stay far below.
const (
	maxGGUFKeys    = 1 << 14
	maxGGUFTensors = 1 << 16
	maxGGUFString  = 1 << 20
	maxGGUFDims    = 4
)

// checkGGUF walks a file's header without keeping anything, and returns the
// file's size: every count and length must fit into what is left of the file. The
// library that reads the header afterwards trusts counts when it allocates; a
// file of 32 bytes could make it ask for 256 MB.
func checkGGUF(path string) (int64, error) {
	f, size, err := openFile(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return size, walkGGUF(bufio.NewReaderSize(f, 1<<16), size)
}

// walkGGUF checks the header of a GGUF stream of the given size.
func walkGGUF(r *bufio.Reader, size int64) error {
	w := &ggufWalker{r: r, left: size}
	var magic [4]byte
	if err := w.read(magic[:]); err != nil || string(magic[:]) != "GGUF" {
		return errors.New("is not a GGUF file: it does not begin with GGUF")
	}
	version, err := w.u32()
	if err != nil {
		return err
	}
	if version != 2 && version != 3 {
		return fmt.Errorf("GGUF version %d is not supported: only 2 and 3 are", version)
	}
	tensors, err := w.u64()
	if err != nil {
		return err
	}
	keys, err := w.u64()
	if err != nil {
		return err
	}
	if tensors > maxGGUFTensors || keys > maxGGUFKeys {
		return fmt.Errorf("the header announces %d tensors and %d metadata keys: the file is damaged", tensors, keys)
	}
	seen := map[string]bool{}
	for range keys {
		key, err := w.str()
		if err != nil {
			return fmt.Errorf("metadata: %w", err)
		}
		if seen[key] {
			return fmt.Errorf("metadata key %q occurs twice", key)
		}
		seen[key] = true
		kind, err := w.u32()
		if err != nil {
			return fmt.Errorf("metadata key %q: %w", key, err)
		}
		if err := w.value(kind, 0); err != nil {
			return fmt.Errorf("metadata key %q: %w", key, err)
		}
	}
	for i := range tensors {
		name, err := w.str()
		if err != nil {
			return fmt.Errorf("tensor %d: %w", i+1, err)
		}
		dims, err := w.u32()
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		if dims > maxGGUFDims {
			return fmt.Errorf("tensor %q has %d dimensions: at most %d are known", name, dims, maxGGUFDims)
		}
		// Dimensions, type and offset are checked once parsed.
		if err := w.skip(int64(dims)*8 + 4 + 8); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
	}
	return nil
}

// ggufWalker reads a header and knows how much of the file is left.
type ggufWalker struct {
	r    *bufio.Reader
	left int64
	buf  [8]byte
}

func (w *ggufWalker) need(n int64) error {
	if n < 0 || n > w.left {
		return fmt.Errorf("the header needs %d more bytes, the file has %d left: it is truncated or damaged; download it again", n, w.left)
	}
	w.left -= n
	return nil
}

func (w *ggufWalker) read(p []byte) error {
	if err := w.need(int64(len(p))); err != nil {
		return err
	}
	_, err := io.ReadFull(w.r, p)
	return err
}

func (w *ggufWalker) skip(n int64) error {
	if err := w.need(n); err != nil {
		return err
	}
	_, err := w.r.Discard(int(n))
	return err
}

func (w *ggufWalker) u32() (uint32, error) {
	err := w.read(w.buf[:4])
	return binary.LittleEndian.Uint32(w.buf[:4]), err
}

func (w *ggufWalker) u64() (uint64, error) {
	err := w.read(w.buf[:8])
	return binary.LittleEndian.Uint64(w.buf[:8]), err
}

func (w *ggufWalker) str() (string, error) {
	n, err := w.u64()
	if err != nil {
		return "", err
	}
	if n > maxGGUFString {
		return "", fmt.Errorf("a string of %d bytes: at most %d are believed", n, maxGGUFString)
	}
	if int64(n) > w.left {
		return "", w.need(int64(n))
	}
	p := make([]byte, n)
	err = w.read(p)
	return string(p), err
}

// GGUF's value types: sizes of the fixed ones by number, then string and array.
var ggufSizes = [...]int64{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8}

const (
	ggufString = 8
	ggufArray  = 9
)

// value skips one metadata value.
func (w *ggufWalker) value(kind uint32, depth int) error {
	switch {
	case kind == ggufString:
		n, err := w.u64()
		if err != nil {
			return err
		}
		if n > maxGGUFString {
			return fmt.Errorf("a string of %d bytes: at most %d are believed", n, maxGGUFString)
		}
		return w.skip(int64(n))
	case kind == ggufArray:
		if depth > 0 {
			return errors.New("arrays of arrays are not known")
		}
		kind, err := w.u32()
		if err != nil {
			return err
		}
		count, err := w.u64()
		if err != nil {
			return err
		}
		// The smallest element, a byte, already bounds the count; an empty
		// string takes eight.
		if count > uint64(w.left) {
			return w.need(int64(min(count, 1<<62)))
		}
		if int(kind) < len(ggufSizes) && ggufSizes[kind] > 0 {
			return w.skip(int64(count) * ggufSizes[kind])
		}
		for range count {
			if err := w.value(kind, depth+1); err != nil {
				return err
			}
		}
		return nil
	case int(kind) < len(ggufSizes):
		return w.skip(ggufSizes[kind])
	}
	return fmt.Errorf("value type %d is unknown", kind)
}
