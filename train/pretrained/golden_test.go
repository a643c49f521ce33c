package pretrained

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// golden is testdata/golden.json, written by testdata/golden.py.
type golden struct {
	SHA256 string
	Stride int
	Texts  []struct {
		Text   string
		IDs    []int32
		Top1   []int32
		Margin []float64 // between the two most probable tokens, logits
		Loss   []float32
		SD     float64 // of the last position's logits

		Top50       []int32
		Top50Logits []float32 `json:"top50_logits"`
		Signs       []float64 // random-sign sums of the last position's logits
	}
	Tensors []struct {
		Name, Type string
		Head, Tail []float32
		Sum, SumSq float64
	}
}

func readGolden(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}

// testBackend is XLA where set-up has put it, else pure Go.
func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, _, err := backend.Open()
	require.NoError(t, err)
	return b
}

// smollm2Path skips the test where the model is not there.
func smollm2Path(t testing.TB) string {
	t.Helper()
	path, err := local.Model("smollm2")
	if errors.Is(err, local.ErrNotSetUp) {
		t.Skipf("needs SmolLM2, which `make setup` fetches: %v", err)
	}
	require.NoError(t, err)
	return path
}

// smollm2 loads the model once for all tests, which must not change it.
var smollm2 = sync.OnceValues(func() (*Loaded, error) {
	b, _, err := backend.Open()
	if err != nil {
		return nil, err
	}
	return Load(b, "smollm2", Options{})
})

func smollm2Model(t *testing.T) *Loaded {
	t.Helper()
	smollm2Path(t)
	if b := testBackend(t); b.Name() == "go" {
		t.Skip("SmolLM2 on the pure Go backend takes minutes: `make setup` fetches XLA")
	}
	m, err := smollm2()
	require.NoError(t, err)
	return m
}

// TestSmolLM2Tensors compares what the file's tensors dequantise to with Python.
func TestSmolLM2Tensors(t *testing.T) {
	f, err := openGGUF(smollm2Path(t))
	require.NoError(t, err)
	defer f.close()
	var want golden
	readGolden(t, "golden.json", &want)
	require.Len(t, f.file.TensorInfos, len(want.Tensors))
	worst := 0.0
	for _, w := range want.Tensors {
		info, ok := f.file.GetTensorInfo(w.Name)
		require.True(t, ok, w.Name)
		require.Equal(t, w.Type, info.Type.String(), w.Name)
		x, err := f.read(w.Name)
		require.NoError(t, err)
		require.NoError(t, x.ConstFlatData(func(flat any) {
			v := flat.([]float32)
			require.Equal(t, w.Head, v[:len(w.Head)], w.Name)
			require.Equal(t, w.Tail, v[len(v)-len(w.Tail):], w.Name)
			sum, squares := 0.0, 0.0
			for _, x := range v {
				sum += float64(x)
				squares += float64(x) * float64(x)
			}
			// Σx cancels; √(n Σx²) is what its terms can add up to.
			worst = max(worst, math.Abs(sum-w.Sum)/math.Sqrt(float64(len(v))*w.SumSq), math.Abs(squares/w.SumSq-1))
		}))
		free(x)
	}
	t.Logf("%d tensors; sums and sums of squares differ by at most %.1e of what they add up", len(want.Tensors), worst)
	require.Less(t, worst, 1e-9)
}

// TestSmolLM2Logits runs the loaded model on the golden texts.
func TestSmolLM2Logits(t *testing.T) {
	m := smollm2Model(t)
	var want golden
	readGolden(t, "golden.json", &want)
	strided, err := os.ReadFile(filepath.Join("testdata", "logits.f32"))
	require.NoError(t, err)
	require.Equal(t, "GGUF", m.Format)
	require.Equal(t, transformer.Config{
		Vocab: 49152, Width: 576, Layers: 30, Heads: 9, KVHeads: 3, HeadDim: 64, Hidden: 1536, Context: 8192,
		NormEps: 1e-5, RopeBase: 100000, TiedOutput: true,
	}, m.Config)
	var batch transformer.Batch // all at once: one compilation
	for _, w := range want.Texts {
		ids, err := m.Tokenizer.Encode(w.Text, tokenizer.EncodeOptions{Special: true})
		require.NoError(t, err)
		require.Equal(t, w.IDs, ids, w.Text)
		batch.IDs = append(batch.IDs, ids)
	}
	out, err := m.Forward(batch, transformer.Pass{Predict: true, Last: true})
	require.NoError(t, err)
	for d, w := range want.Texts {
		for i, top := range w.Top1 {
			if w.Margin[i] > 1e-3 {
				require.Equal(t, top, out.Top1[d][i], "%q, token %d", w.Text, i+1)
			}
		}
		require.InDeltaSlice(t, w.Loss, out.Loss[d], 1e-3, w.Text)

		logits := out.LogitsLast[d]
		worst := 0.0
		for i, id := range w.Top50 {
			worst = max(worst, math.Abs(float64(logits[id]-w.Top50Logits[i])))
		}
		for i := 0; i < len(logits); i += want.Stride {
			x := math.Float32frombits(binary.LittleEndian.Uint32(strided))
			strided = strided[4:]
			worst = max(worst, math.Abs(float64(logits[i]-x)))
		}
		// A random-sign sum of differences is about √V times their root mean
		// square, whichever logits differ.
		rms := 0.0
		for i, sum := range signSums(logits, len(w.Signs)) {
			rms += (sum - w.Signs[i]) * (sum - w.Signs[i])
		}
		rms = math.Sqrt(rms / float64(len(w.Signs)) / float64(len(logits)))
		t.Logf("%.30q: logits differ by at most %.1e and %.1e in root mean square, in standard deviations", w.Text, worst/w.SD, rms/w.SD)
		require.Less(t, worst, 1e-3*w.SD, w.Text)
		require.Less(t, rms, 1e-3*w.SD, w.Text)
	}
	require.Empty(t, strided)
}

// signSums adds the logits up n times under random signs: bit 40 of the
// splitmix64 sequence from 0, as golden.py does.
func signSums(logits []float32, n int) []float64 {
	sums := make([]float64, n)
	state := uint64(0)
	for i := range sums {
		for _, x := range logits {
			sums[i] += float64(x) * (1 - 2*float64(splitmix(&state)>>40&1))
		}
	}
	return sums
}

// splitmix is the next number of the splitmix64 sequence.
func splitmix(state *uint64) uint64 {
	*state += 0x9e3779b97f4a7c15
	z := *state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// TestProvenance names the file by its hash.
func TestProvenance(t *testing.T) {
	m := smollm2Model(t)
	var want golden
	readGolden(t, "golden.json", &want)
	got, err := m.Provenance()
	require.NoError(t, err)
	require.Equal(t, "SmolLM2-135M-Instruct.Q4_1.gguf sha256:"+want.SHA256, got["weights"])
	require.Equal(t, "smollm2", got["model"])
	require.Equal(t, m.Tokenizer.Fingerprint(), got["tokenizer"])
	require.NotContains(t, got, "weight type")
}
