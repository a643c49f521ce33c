package pretrained

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/go-huggingface/models/gguf"
	"github.com/stretchr/testify/require"

	header "firsttoken/internal/gguf"
)

// ggufBuilder writes GGUF files, valid or not, for tests.
type ggufBuilder struct {
	keys    []ggufKey
	tensors []ggufTensor
}

// ggufKey is one metadata pair; its value a string, integer, float or slice.
type ggufKey struct {
	name  string
	value any
}

// ggufTensor has its dimensions outermost first, as the rest of the code.
type ggufTensor struct {
	name string
	kind gguf.TensorType
	dims []int
	data []byte
}

func ggufTypeNumber(t *testing.T, name string) gguf.TensorType {
	t.Helper()
	for _, kind := range header.Types {
		if kind.String() == name {
			return gguf.TensorType(kind)
		}
	}
	t.Fatalf("unknown type %s", name)
	return 0
}

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

// appendValue writes a value with its type, numbered as in the format.
func appendValue(b []byte, value any) []byte {
	le := binary.LittleEndian
	switch v := value.(type) {
	case uint8:
		return append(le.AppendUint32(b, 0), v)
	case int8:
		return append(le.AppendUint32(b, 1), byte(v))
	case uint16:
		return le.AppendUint16(le.AppendUint32(b, 2), v)
	case int16:
		return le.AppendUint16(le.AppendUint32(b, 3), uint16(v))
	case uint32:
		return le.AppendUint32(le.AppendUint32(b, 4), v)
	case int32:
		return le.AppendUint32(le.AppendUint32(b, 5), uint32(v))
	case float32:
		return le.AppendUint32(le.AppendUint32(b, 6), math.Float32bits(v))
	case bool:
		if v {
			return append(le.AppendUint32(b, 7), 1)
		}
		return append(le.AppendUint32(b, 7), 0)
	case string:
		return appendString(le.AppendUint32(b, 8), v)
	case uint64:
		return le.AppendUint64(le.AppendUint32(b, 10), v)
	case int64:
		return le.AppendUint64(le.AppendUint32(b, 11), uint64(v))
	case float64:
		return le.AppendUint64(le.AppendUint32(b, 12), math.Float64bits(v))
	case []int32:
		b = le.AppendUint64(le.AppendUint32(le.AppendUint32(b, 9), 5), uint64(len(v)))
		for _, x := range v {
			b = le.AppendUint32(b, uint32(x))
		}
		return b
	case []float32:
		b = le.AppendUint64(le.AppendUint32(le.AppendUint32(b, 9), 6), uint64(len(v)))
		for _, x := range v {
			b = le.AppendUint32(b, math.Float32bits(x))
		}
		return b
	case []string:
		b = le.AppendUint64(le.AppendUint32(le.AppendUint32(b, 9), 8), uint64(len(v)))
		for _, s := range v {
			b = appendString(b, s)
		}
		return b
	}
	panic(fmt.Sprintf("no GGUF type for %T", value))
}

// set replaces or adds a metadata value; nil removes it.
func (g *ggufBuilder) set(name string, value any) {
	g.keys = slices.DeleteFunc(g.keys, func(k ggufKey) bool { return k.name == name })
	if value != nil {
		g.keys = append(g.keys, ggufKey{name, value})
	}
}

// tensor finds a tensor to change.
func (g *ggufBuilder) tensor(name string) *ggufTensor {
	for i := range g.tensors {
		if g.tensors[i].name == name {
			return &g.tensors[i]
		}
	}
	panic("no tensor " + name)
}

const ggufAlign = 32

// header writes everything before the tensors' bytes, their offsets as given.
func (g *ggufBuilder) header(offsets []uint64) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("GGUF"), 3)
	b = le.AppendUint64(b, uint64(len(g.tensors)))
	b = le.AppendUint64(b, uint64(len(g.keys)))
	for _, k := range g.keys {
		b = appendValue(appendString(b, k.name), k.value)
	}
	for i, t := range g.tensors {
		b = le.AppendUint32(appendString(b, t.name), uint32(len(t.dims)))
		for _, d := range slices.Backward(t.dims) {
			b = le.AppendUint64(b, uint64(d))
		}
		b = le.AppendUint64(le.AppendUint32(b, uint32(t.kind)), offsets[i])
	}
	return append(b, make([]byte, -len(b)&(ggufAlign-1))...)
}

// bytes writes the whole file.
func (g *ggufBuilder) bytes() []byte {
	var offsets []uint64
	var data []byte
	for _, t := range g.tensors {
		data = append(data, make([]byte, -len(data)&(ggufAlign-1))...)
		offsets = append(offsets, uint64(len(data)))
		data = append(data, t.data...)
	}
	return append(g.header(offsets), data...)
}

func (g *ggufBuilder) write(t testing.TB) string {
	t.Helper()
	return writeFile(t, "model.gguf", g.bytes())
}

func writeFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

// encode stores values in a type, and returns what reading them back gives.
// Quantised types are rounded to nearest by their own definitions, in blocks of 32.
func encode(kind gguf.TensorType, x []float32) (data []byte, back []float32) {
	le := binary.LittleEndian
	half := func(v float32) float32 {
		h := float16.FromFloat32(v)
		data = le.AppendUint16(data, h.Bits())
		return h.Float32()
	}
	// 4-bit blocks pack value j with value j+16.
	nibbles := func(block []float32, scale, low float32) {
		q := make([]byte, len(block))
		for i, v := range block {
			if scale != 0 {
				q[i] = byte(min(max(math.RoundToEven(float64((v-low)/scale)), 0), 15))
			}
			back = append(back, float32(q[i])*scale+low)
		}
		for j := range 16 {
			data = append(data, q[j]|q[j+16]<<4)
		}
	}
	for block := range slices.Chunk(x, 32) {
		switch kind {
		case gguf.TensorTypeF64:
			for _, v := range block {
				data, back = le.AppendUint64(data, math.Float64bits(float64(v))), append(back, v)
			}
		case gguf.TensorTypeF32:
			for _, v := range block {
				data, back = le.AppendUint32(data, math.Float32bits(v)), append(back, v)
			}
		case gguf.TensorTypeF16:
			for _, v := range block {
				back = append(back, half(v))
			}
		case gguf.TensorTypeBF16:
			for _, v := range block {
				h := bfloat16.FromFloat32(v)
				data, back = le.AppendUint16(data, h.Bits()), append(back, h.Float32())
			}
		case gguf.TensorTypeQ4_0: // (q − 8) · scale
			scale := half((slices.Max(block) - slices.Min(block)) / 15)
			nibbles(block, scale, -8*scale)
		case gguf.TensorTypeQ4_1: // q · scale + low
			scale, low := half((slices.Max(block)-slices.Min(block))/15), half(slices.Min(block))
			nibbles(block, scale, low)
		case gguf.TensorTypeQ8_0: // q · scale
			scale := half(max(slices.Max(block), -slices.Min(block)) / 127)
			for _, v := range block {
				q := int8(min(max(math.RoundToEven(float64(v/scale)), -127), 127))
				data, back = append(data, byte(q)), append(back, float32(q)*scale)
			}
		default:
			panic(kind)
		}
	}
	return data, back
}

// replace changes the only occurrence of a byte string.
func replace(t testing.TB, data []byte, from, to string) []byte {
	t.Helper()
	require.Equal(t, 1, bytes.Count(data, []byte(from)), from)
	return bytes.Replace(data, []byte(from), []byte(to), 1)
}
