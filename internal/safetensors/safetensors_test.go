package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// file puts a header text and data together.
func file(header, data string) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func parse(b []byte) (*Header, error) {
	return ParseHeader(bytes.NewReader(b), int64(len(b)))
}

func Example() {
	var b bytes.Buffer
	err := Write(&b, map[string]string{"model": "toy"}, []Tensor{
		{Name: "ids", DType: U8, Shape: []int{3}, Data: []byte{7, 8, 9}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := bytes.NewReader(b.Bytes())
	h, err := ParseHeader(r, r.Size())
	if err != nil {
		fmt.Println(err)
		return
	}
	ids, err := h.Read(r, "ids")
	fmt.Println(h.Metadata["model"], h.Tensors[0].Shape, ids, err)
	// Output: toy [3] [7 8 9] <nil>
}

func TestRoundTripIsDeterministic(t *testing.T) {
	tensors := []Tensor{
		{"b", U8, []int{3}, []byte{1, 2, 3}},
		{"a", F32, []int{2, 1}, make([]byte, 8)},
		{"scalar", I64, nil, []byte{1, 0, 0, 0, 0, 0, 0, 0}},
		{"empty", BF16, []int{0, 5}, nil},
	}
	var first, second bytes.Buffer
	meta := map[string]string{"z": "1", "a": "2"}
	require.NoError(t, Write(&first, meta, tensors))
	tensors[0], tensors[3] = tensors[3], tensors[0]
	require.NoError(t, Write(&second, meta, tensors))
	require.Equal(t, first.Bytes(), second.Bytes())

	h, err := parse(first.Bytes())
	require.NoError(t, err)
	require.Equal(t, meta, h.Metadata)
	for _, want := range tensors {
		info, ok := h.Lookup(want.Name)
		require.True(t, ok, want.Name)
		require.Equal(t, want.DType, info.DType)
		require.Equal(t, append([]int{}, want.Shape...), info.Shape)
		require.Zero(t, info.Offset%int64(want.DType.Size()), "%s is aligned to its elements", want.Name)
		got, err := h.Read(bytes.NewReader(first.Bytes()), want.Name)
		require.NoError(t, err)
		require.Equal(t, append([]byte{}, want.Data...), got)
	}
	_, ok := h.Lookup("nothing")
	require.False(t, ok)
	_, err = h.Read(bytes.NewReader(nil), "nothing")
	require.ErrorContains(t, err, `no tensor "nothing"`)
	_, err = h.Read(bytes.NewReader(first.Bytes()[:100]), "b")
	require.ErrorContains(t, err, "bytes read")
}

// The header as the format's own documentation gives it, written by hand.
func TestReadsForeignFile(t *testing.T) {
	h, err := parse(file(`{"y":{"shape":[1],"data_offsets":[4,6],"dtype":"F16"},"__metadata__":{"format":"pt"},`+
		`"x":{"dtype":"I8","shape":[2,2],"data_offsets":[0,4]}}   `, "abcdef"))
	require.NoError(t, err)
	require.Equal(t, "x", h.Tensors[0].Name)
	require.Equal(t, "y", h.Tensors[1].Name)
	require.Equal(t, "pt", h.Metadata["format"])
}

// hostile files, and what must be said of each.
var hostile = []struct {
	name string
	file []byte
	want string
}{
	{"short", []byte{1, 2}, "too short"},
	{"huge header", []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, "at most"},
	{"cut header", []byte{9, 0, 0, 0, 0, 0, 0, 0, '{'}, "does not fit"},
	{"no object", file(`[]`, ""), "not a JSON object"},
	{"no JSON", file(`{"a":`, ""), `"a"`},
	{"unclosed", file(`{`, ""), "EOF"},
	{"two objects", file(`{}{}`, ""), "text after"},
	{"bad UTF-8", file("{\"\xff\":1}", ""), "UTF-8"},
	{"duplicate", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, ""), `duplicate name "a"`},
	{"duplicate field", file(`{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, "x"), `duplicate name "dtype"`},
	{"other case", file(`{"a":{"DTYPE":"U8","shape":[1],"data_offsets":[0,1]}}`, "x"), `"DTYPE": unknown field`},
	{"missing field", file(`{"a":{"dtype":"U8","shape":[1]}}`, "x"), "all needed"},
	{"dtype", file(`{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}`, "x"), `"a": unknown dtype "F4"`},
	{"dtype null", file(`{"a":{"dtype":null,"shape":[1],"data_offsets":[0,1]}}`, "x"), `unknown dtype ""`},
	{"shape null", file(`{"a":{"dtype":"U8","shape":null,"data_offsets":[0,1]}}`, "x"), "not an array"},
	{"shape of null", file(`{"a":{"dtype":"U8","shape":[null],"data_offsets":[0,0]}}`, ""), "not an array"},
	{"negative shape", file(`{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, "x"), "not an array"},
	{"broken shape", file(`{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}`, "x"), "not an array"},
	{"overflow", file(`{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, ""), "overflows"},
	{"one offset", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1]}}`, "x"), "1 numbers"},
	{"backwards", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}`, "x"), "out of order"},
	{"huge offset", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[9223372036854775807,9223372036854775808]}}`, "x"), "out of order or range"},
	{"size mismatch", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, "abcd"), "needs 8 bytes"},
	{"past the end", file(`{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}`, "x"), `"a" needs 9 bytes`},
	{"far past the end", file(`{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}`, "x"), "the file has 1 left"},
	{"overlap", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, "xyz"), `"b" at offset 1 overlaps "a"`},
	{"same bytes", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, "xy"), `overlaps "a"`},
	{"gap", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, "xy"), "leaves a gap"},
	{"trailing", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, "xy"), "1 trailing bytes"},
	{"metadata number", file(`{"__metadata__":{"a":1}}`, ""), "must be a string"},
	{"metadata null", file(`{"__metadata__":{"a":null}}`, ""), "must be a string"},
}

func TestHostileFiles(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(c.file)
			require.ErrorContains(t, err, c.want)
			require.True(t, strings.HasPrefix(err.Error(), "safetensors: "), err)
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	one := Tensor{"a", U8, []int{1}, []byte{1}}
	for want, tensors := range map[string][]Tensor{
		"used twice":    {one, one},
		"needs 2 bytes": {{"a", U8, []int{2}, []byte{1}}},
		"F4 of shape":   {{"a", "F4", []int{1}, nil}},
		"[-1 -1] is":    {{"a", U8, []int{-1, -1}, []byte{1}}},
		"overflows":     {{"a", F32, []int{1 << 62, 4}, nil}},
		"reserved":      {{metadataKey, U8, []int{1}, []byte{1}}},
	} {
		require.ErrorContains(t, Write(io.Discard, nil, tensors), want)
	}
}

func TestReplaceKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.safetensors")
	tensor := []Tensor{{"a", U8, []int{1}, []byte{1}}}
	require.NoError(t, WriteFile(path, nil, tensor))
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	err = replace(path, func(w io.Writer) error { // the disk fills up half-way
		_, err := w.Write(bytes.Repeat([]byte{7}, 3<<20))
		require.NoError(t, err)
		return syscall.ENOSPC
	})
	require.ErrorIs(t, err, syscall.ENOSPC)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, names, 1, "no temporary file is left behind")

	require.ErrorContains(t, WriteFile(filepath.Join(dir, "missing", "x"), nil, tensor), "missing")
}

// Whatever ParseHeader accepts tiles the file exactly, and writing it again
// gives a file that says the same.
func FuzzParseHeader(f *testing.F) {
	for _, c := range hostile {
		f.Add(c.file)
	}
	var good bytes.Buffer
	require.NoError(f, Write(&good, map[string]string{"k": "v"}, []Tensor{
		{"a", F32, []int{2}, make([]byte, 8)}, {"b", U8, []int{0, 3}, nil}, {"c", I16, nil, []byte{1, 2}},
	}))
	f.Add(good.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parse(b)
		if err != nil {
			return
		}
		r := bytes.NewReader(b)
		total := int64(8 + binary.LittleEndian.Uint64(b))
		tensors := make([]Tensor, 0, len(h.Tensors))
		for _, info := range h.Tensors {
			require.Equal(t, total, info.Offset)
			total += info.Size
			data, err := h.Read(r, info.Name)
			require.NoError(t, err)
			tensors = append(tensors, Tensor{info.Name, info.DType, info.Shape, data})
		}
		require.Equal(t, int64(len(b)), total)
		var again bytes.Buffer
		require.NoError(t, Write(&again, h.Metadata, tensors))
		h2, err := parse(again.Bytes())
		require.NoError(t, err)
		require.Equal(t, h.Metadata, h2.Metadata)
		require.Len(t, h2.Tensors, len(h.Tensors))
		for _, want := range tensors {
			data, err := h2.Read(bytes.NewReader(again.Bytes()), want.Name)
			require.NoError(t, err)
			require.Equal(t, want.Data, data)
		}
	})
}
