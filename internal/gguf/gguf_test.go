package gguf

import (
	"bytes"
	"encoding/binary"
	"math"
	"runtime/metrics"
	"testing"

	"github.com/stretchr/testify/require"
)

// file is a GGUF file of a few keys of all types and two tensors, and where its tensors'
// bytes begin.
func file() (data []byte, at int) {
	le := binary.LittleEndian
	u32 := func(x uint32) { data = le.AppendUint32(data, x) }
	u64 := func(x uint64) { data = le.AppendUint64(data, x) }
	str := func(s string) { u64(uint64(len(s))); data = append(data, s...) }
	key := func(name string, kind uint32) { str(name); u32(kind) }
	list := func(name string, kind uint32, n uint64) { key(name, kindArray); u32(kind); u64(n) }

	data = append(data, "GGUF"...)
	u32(3)
	u64(2)
	u64(15)
	key("general.architecture", kindString)
	str("llama")
	key("general.alignment", kindUint32)
	u32(8)
	key("u8", kindUint8)
	data = append(data, 200)
	key("i8", kindInt8)
	data = append(data, 0xff)
	key("u16", kindUint16)
	data = le.AppendUint16(data, 65535)
	key("i16", kindInt16)
	data = le.AppendUint16(data, 65535)
	key("i32", kindInt32)
	u32(math.MaxUint32)
	key("f32", kindFloat32)
	u32(math.Float32bits(1.5))
	key("bool", kindBool)
	data = append(data, 1)
	key("u64", kindUint64)
	u64(math.MaxUint64)
	key("i64", kindInt64)
	u64(math.MaxUint64)
	key("f64", kindFloat64)
	u64(math.Float64bits(math.Pi))
	list("strings", kindString, 2)
	str("▁a")
	str("")
	list("ints", kindInt32, 2)
	u32(7)
	u32(math.MaxUint32)
	list("bools", kindBool, 3)
	data = append(data, 0, 1, 0)

	str("token_embd.weight")
	u32(2)
	u64(32)
	u64(2)
	u32(uint32(Q8_0))
	u64(0)
	str("a")
	u32(1)
	u64(4)
	u32(uint32(F32))
	u64(72)
	data = append(data, make([]byte, -len(data)&7)...)
	at = len(data)
	return append(data, make([]byte, 72+16)...), at
}

func TestParse(t *testing.T) {
	data, at := file()
	h, err := Parse(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	require.Equal(t, "llama", h.Architecture())
	require.Equal(t, int64(at), h.DataOffset)
	for key, want := range map[string]any{
		"u8": uint8(200), "i8": int8(-1), "u16": uint16(65535), "i16": int16(-1), "i32": int32(-1), "f32": float32(1.5), "bool": true,
		"u64": uint64(math.MaxUint64), "i64": int64(-1), "f64": math.Pi, "strings": []string{"▁a", ""}, "ints": []int32{7, -1},
		"bools": []bool{false, true, false}, "absent": nil,
	} {
		require.Equal(t, want, h.Value(key), key)
	}
	require.Len(t, h.KeyValues, 15)
	require.Len(t, h.TensorInfos, 2)
	embed, ok := h.GetTensorInfo("token_embd.weight")
	require.True(t, ok)
	require.Equal(t, TensorInfo{Name: "token_embd.weight", Shape: []uint64{32, 2}, Type: Q8_0}, embed)
	require.Equal(t, []int{2, 32}, embed.Dims())
	require.Equal(t, int64(68), embed.NumBytes())
	_, ok = h.GetTensorInfo("b")
	require.False(t, ok)
	require.Equal(t, "Q5_K", Q5K.String())
	require.Equal(t, "unknown(5)", Type(5).String())
	require.Equal(t, "unknown(4294967295)", Type(math.MaxUint32).String())

	// What is longer than the buffer, too.
	long := bytes.Replace(data, append(binary.LittleEndian.AppendUint64(nil, 4), "▁a"...),
		append(binary.LittleEndian.AppendUint64(nil, 1<<17), bytes.Repeat([]byte("x"), 1<<17)...), 1)
	h, err = Parse(bytes.NewReader(long), int64(len(long)))
	require.NoError(t, err)
	require.Len(t, h.Value("strings").([]string)[0], 1<<17)
}

// heapBytes is how many bytes f allocates, to a size class or so. Unlike runtime.MemStats
// it does not stop the world, which would take most of a fuzz target's time.
func heapBytes(f func()) uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	before := sample[0].Value.Uint64()
	f()
	metrics.Read(sample)
	return sample[0].Value.Uint64() - before
}

// FuzzGGUF parses any bytes. That may not panic, nor allocate more than four times the file
// and a buffer; what is accepted lies inside the file.
func FuzzGGUF(f *testing.F) {
	data, at := file()
	f.Add(data)
	f.Add(data[:at])
	for n := range len(data) / 16 {
		f.Add(data[:n*16])
	}
	const buffer = 256 << 10 // for the parser's, and what the process does meanwhile
	f.Fuzz(func(t *testing.T, data []byte) {
		var h *Header
		var err error
		limit := uint64(buffer + 4*len(data))
		for try := range 3 { // what the fuzzing engine allocates meanwhile is counted too, and rarely much
			allocated := heapBytes(func() { h, err = Parse(bytes.NewReader(data), int64(len(data))) })
			if allocated <= limit {
				break
			}
			if try == 2 {
				t.Fatalf("%d bytes made the parser allocate %d: at most %d may be", len(data), allocated, limit)
			}
		}
		if err != nil {
			return
		}
		for i := range h.TensorInfos {
			ti := &h.TensorInfos[i]
			if end := h.DataOffset + int64(ti.Offset) + ti.NumBytes(); end > int64(len(data)) || ti.NumBytes() <= 0 {
				t.Fatalf("tensor %s of %d bytes ends at %d, the file at %d", ti.Name, ti.NumBytes(), end, len(data))
			}
			if found, ok := h.GetTensorInfo(ti.Name); !ok || found.Offset != ti.Offset {
				t.Fatalf("tensor %q is not found", ti.Name)
			}
		}
	})
}

// TestAllocation: what is kept of large headers stays within four times their size, for
// the shapes that take most: many empty strings, tiny keys, nameless tensors.
func TestAllocation(t *testing.T) {
	le := binary.LittleEndian
	head := func(tensors, keys uint64) []byte {
		return le.AppendUint64(le.AppendUint64(le.AppendUint32([]byte("GGUF"), 3), tensors), keys)
	}
	strings := le.AppendUint32(append(le.AppendUint64(head(0, 1), 1), 'k'), kindArray)
	strings = le.AppendUint64(le.AppendUint32(strings, kindString), 1<<20)
	strings = append(strings, make([]byte, 8<<20)...)
	keys := head(0, MaxKeys)
	for i := range MaxKeys {
		keys = append(le.AppendUint64(keys, 2), byte(i), byte(i>>8))
		keys = le.AppendUint32(le.AppendUint32(keys, kindUint32), 1<<20)
	}
	tensors := head(MaxTensors, 0)
	for i := range MaxTensors {
		tensors = append(le.AppendUint64(tensors, 2), byte(i), byte(i>>8))
		tensors = le.AppendUint32(tensors, 1)
		tensors = le.AppendUint64(tensors, 1)
		tensors = le.AppendUint64(le.AppendUint32(tensors, uint32(F32)), uint64(4*i))
	}
	tensors = append(tensors, make([]byte, -len(tensors)&31+4*MaxTensors)...)
	for name, data := range map[string][]byte{"strings": strings, "keys": keys, "tensors": tensors} {
		allocated := heapBytes(func() {
			_, err := Parse(bytes.NewReader(data), int64(len(data)))
			require.NoError(t, err, name)
		})
		t.Logf("%s: %.2f times the file", name, float64(allocated)/float64(len(data)))
		require.Less(t, allocated, uint64(4*len(data)+(128<<10)), name)
	}
}
