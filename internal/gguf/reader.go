package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// reader reads the values that a GGUF header is made of, and knows how much of the
// file is left.
type reader struct {
	r    *bufio.Reader
	left int64
	long []byte // for what the buffer does not hold
}

func (w *reader) need(n int64) error {
	if n < 0 || n > w.left {
		return fmt.Errorf("the header needs %d more bytes, the file has %d left: it is truncated or damaged; download it again", n, w.left)
	}
	w.left -= n
	return nil
}

// next returns the next n bytes, valid until it is called again.
func (w *reader) next(n int) ([]byte, error) {
	if err := w.need(int64(n)); err != nil {
		return nil, err
	}
	p, err := w.r.Peek(n)
	if errors.Is(err, bufio.ErrBufferFull) {
		return w.nextLong(n)
	}
	if err != nil {
		return nil, err
	}
	_, err = w.r.Discard(n)
	return p, err
}

// nextLong is next for more than the buffer holds.
func (w *reader) nextLong(n int) ([]byte, error) {
	if cap(w.long) < n {
		w.long = make([]byte, n)
	}
	p := w.long[:n]
	for at := 0; at < n; {
		k, err := w.r.Read(p[at:])
		if err != nil {
			return nil, err
		}
		at += k
	}
	return p, nil
}

func (w *reader) u32() (uint32, error) {
	p, err := w.next(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(p), nil
}

func (w *reader) u64() (uint64, error) {
	p, err := w.next(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(p), nil
}

func (w *reader) str() (string, error) {
	n, err := w.u64()
	if err != nil {
		return "", err
	}
	if n > MaxString {
		return "", fmt.Errorf("a string of %d bytes: at most %d are believed", n, MaxString)
	}
	p, err := w.next(int(n))
	return string(p), err
}

// The format's value types by number.
const (
	kindUint8 = iota
	kindInt8
	kindUint16
	kindInt16
	kindUint32
	kindInt32
	kindFloat32
	kindBool
	kindString
	kindArray
	kindUint64
	kindInt64
	kindFloat64
)

// value reads one metadata value.
func (w *reader) value(kind uint32) (any, error) {
	le := binary.LittleEndian
	switch kind {
	case kindUint8:
		return one(w, 1, func(p []byte) uint8 { return p[0] })
	case kindInt8:
		return one(w, 1, func(p []byte) int8 { return int8(p[0]) })
	case kindUint16:
		return one(w, 2, le.Uint16)
	case kindInt16:
		return one(w, 2, func(p []byte) int16 { return int16(le.Uint16(p)) })
	case kindUint32:
		return one(w, 4, le.Uint32)
	case kindInt32:
		return one(w, 4, func(p []byte) int32 { return int32(le.Uint32(p)) })
	case kindFloat32:
		return one(w, 4, func(p []byte) float32 { return math.Float32frombits(le.Uint32(p)) })
	case kindBool:
		return one(w, 1, func(p []byte) bool { return p[0] != 0 })
	case kindString:
		return w.str()
	case kindArray:
		return w.array()
	case kindUint64:
		return one(w, 8, le.Uint64)
	case kindInt64:
		return one(w, 8, func(p []byte) int64 { return int64(le.Uint64(p)) })
	case kindFloat64:
		return one(w, 8, func(p []byte) float64 { return math.Float64frombits(le.Uint64(p)) })
	}
	return nil, fmt.Errorf("value type %d is unknown", kind)
}

func one[T any](w *reader, size int, of func([]byte) T) (any, error) {
	p, err := w.next(size)
	if err != nil {
		return nil, err
	}
	return of(p), nil
}

// array reads a list of values of one type.
func (w *reader) array() (any, error) {
	le := binary.LittleEndian
	kind, err := w.u32()
	if err != nil {
		return nil, err
	}
	count, err := w.u64()
	if err != nil {
		return nil, err
	}
	// The smallest element, a byte, already bounds the count.
	if count > uint64(w.left) {
		return nil, w.need(int64(min(count, 1<<62)))
	}
	switch n := int64(count); kind {
	case kindUint8:
		return many(w, n, 1, func(p []byte) uint8 { return p[0] })
	case kindInt8:
		return many(w, n, 1, func(p []byte) int8 { return int8(p[0]) })
	case kindUint16:
		return many(w, n, 2, le.Uint16)
	case kindInt16:
		return many(w, n, 2, func(p []byte) int16 { return int16(le.Uint16(p)) })
	case kindUint32:
		return many(w, n, 4, le.Uint32)
	case kindInt32:
		return many(w, n, 4, func(p []byte) int32 { return int32(le.Uint32(p)) })
	case kindFloat32:
		return many(w, n, 4, func(p []byte) float32 { return math.Float32frombits(le.Uint32(p)) })
	case kindBool:
		return many(w, n, 1, func(p []byte) bool { return p[0] != 0 })
	case kindString:
		return w.strings(n)
	case kindArray:
		return nil, errors.New("arrays of arrays are not known")
	case kindUint64:
		return many(w, n, 8, le.Uint64)
	case kindInt64:
		return many(w, n, 8, func(p []byte) int64 { return int64(le.Uint64(p)) })
	case kindFloat64:
		return many(w, n, 8, func(p []byte) float64 { return math.Float64frombits(le.Uint64(p)) })
	}
	return nil, fmt.Errorf("value type %d is unknown", kind)
}

func many[T any](w *reader, n, size int64, of func([]byte) T) (any, error) {
	if n > w.left/size {
		return nil, w.need(n * size)
	}
	out := make([]T, n)
	for i := range out {
		p, err := w.next(int(size))
		if err != nil {
			return nil, err
		}
		out[i] = of(p)
	}
	return out, nil
}

// strings reads n strings, each of which takes at least its length's 8 bytes.
func (w *reader) strings(n int64) (any, error) {
	if n > w.left/8 {
		return nil, w.need(n * 8)
	}
	out := make([]string, n)
	for i := range out {
		s, err := w.str()
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}
