package sinks_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/safetensors"
	"firsttoken/sinks"
)

// tiny is a saved trace of three tokens.
func tiny(t testing.TB) []byte {
	path := filepath.Join(t.TempDir(), "tiny.trace")
	tr := toy(pattern)
	tr.IDs, tr.Tokens, tr.Loss = []int32{1, 2, 3}, []string{"a", "", "\xff"}, []float32{1, 2}
	require.NoError(t, tr.Save(path))
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return raw
}

func readTrace(raw []byte) (*sinks.Trace, error) {
	return sinks.ReadTrace(bytes.NewReader(raw), int64(len(raw)))
}

func TestReadTraceRefuses(t *testing.T) {
	for want, change := range map[string][2]string{
		`not a trace: format "firsttoken.trace/2"`: {"firsttoken.trace/1", "firsttoken.trace/2"},
		"unknown field": {`\"model\"`, `\"Xodel\"`},
		"FirstMass is F32 of shape [1 1 3], not F32 of shape [1 1 2]": {`\"T\":3`, `\"T\":2`},
		"each must be at least 1":                                     {`\"T\":3`, `\"T\":0`},
		`unknown tensor "Kiss"`:                                       {`"Loss"`, `"Kiss"`},
		"IDs is U8":                                                   {`{"dtype":"I32","shape":[3]`, `{"dtype":"U8","shape":[12]`},
	} {
		raw := tiny(t)
		h, err := safetensors.ParseHeader(bytes.NewReader(raw), int64(len(raw)))
		require.NoError(t, err)
		start := int(h.Tensors[0].Offset)
		text := bytes.Replace(raw[8:start], []byte(change[0]), []byte(change[1]), 1)
		changed := append([]byte{byte(len(text)), byte(len(text) >> 8), 0, 0, 0, 0, 0, 0}, text...)
		_, err = readTrace(append(changed, raw[start:]...))
		require.ErrorContains(t, err, want)
	}
	_, err := readTrace(nil)
	require.ErrorContains(t, err, "too short")
}

// Whatever is read can be checked, measured and saved without a panic, and is
// read again as the same.
func FuzzReadTrace(f *testing.F) {
	raw := tiny(f)
	f.Add(raw)
	f.Add(raw[:len(raw)/2])
	f.Add(bytes.Replace(raw, []byte(`\"T\":3`), []byte(`\"T\":4`), 1))
	f.Add(bytes.Replace(raw, []byte(`\"H\":1`), []byte(`\"H\":9`), 1))
	f.Fuzz(func(t *testing.T, raw []byte) {
		tr, err := readTrace(raw)
		if err != nil {
			return
		}
		_, _ = tr.Check()
		_, _ = tr.SinkScore(sinks.Options{})
		_, _ = tr.At(tr.T/2 + 1)
		path := filepath.Join(t.TempDir(), "again.trace")
		require.NoError(t, tr.Save(path))
		saved, err := os.ReadFile(path)
		require.NoError(t, err)
		again, err := readTrace(saved)
		require.NoError(t, err)
		require.NoError(t, again.Save(path))
		resaved, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, saved, resaved)
	})
}
