package pretrained

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/go-huggingface/models/gguf"
	"github.com/stretchr/testify/require"

	header "firsttoken/internal/gguf"
)

// goldenQuants is testdata/quants.json, written by testdata/quants.py.
type goldenQuants struct {
	Types []struct {
		Type, Block string
		Values      []float32
		Blocks      int
		SHA256      string
	}
	Gemma3 map[string]struct {
		Tensors int
		SHA256  string
	}
}

// halfScales is where the half-precision scales of a block stand.
var halfScales = map[gguf.TensorType][]int{
	gguf.TensorTypeQ4_0: {0}, gguf.TensorTypeQ4_1: {0, 2}, gguf.TensorTypeQ5_0: {0}, gguf.TensorTypeQ5_1: {0, 2}, gguf.TensorTypeQ8_0: {0},
	gguf.TensorTypeQ2_K: {80, 82}, gguf.TensorTypeQ3_K: {108}, gguf.TensorTypeQ4_K: {0, 2}, gguf.TensorTypeQ5_K: {0, 2}, gguf.TensorTypeQ6_K: {208},
}

// randomBlocks are the bits that quants.py has dequantised.
func randomBlocks(kind gguf.TensorType, n int) []byte {
	data := make([]byte, n*kind.TypeSize())
	state := uint64(0)
	for i := range data {
		data[i] = byte(splitmix(&state) >> 8)
	}
	for block := 0; block < len(data); block += kind.TypeSize() {
		for _, at := range halfScales[kind] {
			data[block+at+1] &= 0xbf
		}
	}
	return data
}

// finiteHalves are all numbers of a 16-bit type but infinities and NaNs.
func finiteHalves(kind gguf.TensorType) []byte {
	exponent := map[gguf.TensorType]int{gguf.TensorTypeF16: 0x7c00, gguf.TensorTypeBF16: 0x7f80}[kind]
	var data []byte
	for bits := range 1 << 16 {
		if bits&exponent != exponent {
			data = binary.LittleEndian.AppendUint16(data, uint16(bits))
		}
	}
	return data
}

// hashFloats adds a tensor, as the float32 numbers that a model gets, to a hash, and
// returns its first n.
func hashFloats(t *testing.T, f *ggufFile, name string, into hash.Hash, n int) (head []float32) {
	t.Helper()
	x, err := f.read(name)
	require.NoError(t, err)
	x, err = convert(goBackend(t), x, dtypes.Float32)
	require.NoError(t, err)
	defer free(x)
	require.NoError(t, x.ConstBytes(func(data []byte) { into.Write(data) }))
	require.NoError(t, x.ConstFlatData(func(data any) { head = append(head, data.([]float32)[:n]...) }))
	return head
}

// TestTypes: the parser and the library that reads tensors mean the same by a type.
func TestTypes(t *testing.T) {
	for _, kind := range header.Types {
		other := gguf.TensorType(kind)
		require.Equal(t, []any{other.String(), other.BlockSize(), other.TypeSize()}, []any{kind.String(), kind.BlockSize(), kind.BlockBytes()})
	}
	for kind := range header.Type(64) {
		require.Equal(t, gguf.TensorType(kind).String(), kind.String())
	}
}

// TestDequantise reads thousands of blocks of random bits of each quantised type, and all
// numbers of the short ones: bit for bit what Python's gguf makes of them.
func TestDequantise(t *testing.T) {
	var want goldenQuants
	readGolden(t, "quants.json", &want)
	require.Len(t, want.Types, 12)
	for _, w := range want.Types {
		t.Run(w.Type, func(t *testing.T) {
			kind := ggufTypeNumber(t, w.Type)
			raw, per := finiteHalves(kind), 1
			if w.Blocks > 0 {
				raw, per = randomBlocks(kind, w.Blocks), int(kind.BlockSize())
				require.Equal(t, w.Block, hex.EncodeToString(raw[:kind.TypeSize()]))
			}
			n := len(raw) / int(kind.TypeSize()) * per
			g := ggufBuilder{tensors: []ggufTensor{{"x", kind, []int{n}, raw}}}
			f, err := openGGUF(g.write(t))
			require.NoError(t, err)
			defer f.close()
			h := sha256.New()
			require.Equal(t, w.Values, hashFloats(t, f, "x", h, len(w.Values)))
			require.Equal(t, w.SHA256, hex.EncodeToString(h.Sum(nil)))
		})
	}
}

// TestGemma3Tensors compares all that the file's tensors dequantise to with Python.
func TestGemma3Tensors(t *testing.T) {
	f, err := openGGUF(gemma3Path(t))
	require.NoError(t, err)
	defer f.close()
	var want goldenQuants
	readGolden(t, "quants.json", &want)
	hashes, tensors := map[string]hash.Hash{}, map[string]int{}
	for _, ti := range f.file.TensorInfos {
		kind := ti.Type.String()
		if hashes[kind] == nil {
			hashes[kind] = sha256.New()
		}
		hashFloats(t, f, ti.Name, hashes[kind], 0)
		tensors[kind]++
	}
	require.Len(t, hashes, len(want.Gemma3))
	for kind, w := range want.Gemma3 {
		require.Equal(t, w.Tensors, tensors[kind], kind)
		require.Equal(t, w.SHA256, hex.EncodeToString(hashes[kind].Sum(nil)), kind)
	}
}
