package pretrained

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/local"
	"firsttoken/train/tokenizer"
)

// gemma3Path skips the test where the model is not there.
func gemma3Path(t testing.TB) string {
	t.Helper()
	path, err := local.Model("gemma3")
	if errors.Is(err, local.ErrNotSetUp) {
		t.Skipf("needs Gemma 3, which `make gemma` fetches: %v", err)
	}
	require.NoError(t, err)
	return path
}

var gemma3Tokenizer = sync.OnceValues(func() (*tokenizer.Tokenizer, error) { return LoadTokenizer("gemma3") })

// TestGemma3Tokens: Gemma 3's own vocabulary, against ids computed independently.
func TestGemma3Tokens(t *testing.T) {
	gemma3Path(t)
	tok, err := gemma3Tokenizer()
	require.NoError(t, err)
	require.Equal(t, 262144, tok.VocabSize())
	require.True(t, tok.AddsBOS(), "the file asks for it")
	bos, ok := tok.BOS()
	require.True(t, ok)
	require.Equal(t, "<bos>", tok.Token(bos))
	var cases []struct {
		Text string
		IDs  []int32
	}
	readGolden(t, "gemma3_tokens.json", &cases)
	require.Len(t, cases, 13)
	for _, c := range cases {
		ids, err := tok.Encode(c.Text, tokenizer.EncodeOptions{})
		require.NoError(t, err)
		require.Equal(t, c.IDs, append([]int32{}, ids...), c.Text)
		back, err := tok.Decode(ids)
		require.NoError(t, err)
		require.Equal(t, c.Text, string(back))
	}
	ids, err := tok.Encode("<bos>hi<end_of_turn>", tokenizer.EncodeOptions{Special: true})
	require.NoError(t, err)
	require.Equal(t, []int32{2, 2202, 106}, ids)
}

// TestGemma3TokensGolden: the same against SentencePiece on 13,000 strings, of which
// ../tokenizer/testdata/spaced.py has kept the first bytes of a hash of their ids.
func TestGemma3TokensGolden(t *testing.T) {
	gemma3Path(t)
	tok, err := gemma3Tokenizer()
	require.NoError(t, err)
	folder := filepath.Join("..", "tokenizer", "testdata")
	data, err := os.ReadFile(filepath.Join(folder, "spaced.json"))
	require.NoError(t, err)
	var golden struct{ Gemma3 []byte }
	require.NoError(t, json.Unmarshal(data, &golden))
	file, err := os.Open(filepath.Join(folder, "gemma.jsonl.gz"))
	require.NoError(t, err)
	defer file.Close()
	lines, err := gzip.NewReader(file)
	require.NoError(t, err)
	n := 0
	for scan := bufio.NewScanner(lines); scan.Scan(); n++ {
		var line struct{ T string }
		require.NoError(t, json.Unmarshal(scan.Bytes(), &line))
		ids, err := tok.Encode(line.T, tokenizer.EncodeOptions{})
		require.NoError(t, err)
		data, err := binary.Append(nil, binary.LittleEndian, ids)
		require.NoError(t, err)
		sum := sha256.Sum256(data)
		require.Equalf(t, golden.Gemma3[2*n:2*n+2], sum[:2], "%q has ids %v; python spaced.py show gemma3 TEXT gives those wanted", line.T, ids)
	}
	require.GreaterOrEqual(t, n, 13_000)
	t.Logf("%d strings", n)
}

// BenchmarkGemma3Tokenizer is the longest single part of loading the model that is not a tensor.
func BenchmarkGemma3Tokenizer(b *testing.B) {
	path := gemma3Path(b)
	for b.Loop() {
		_, err := LoadTokenizer(path)
		require.NoError(b, err)
	}
}
