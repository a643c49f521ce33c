package security_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/security"
)

// Pairs are alike in form: they begin with the same word and differ in words by a third at most.
func TestPairs(t *testing.T) {
	pairs := security.Pairs()
	require.Len(t, pairs, 20)
	seen := map[string]bool{}
	for _, p := range pairs {
		a, b := strings.Fields(p.Mild), strings.Fields(p.Harmless)
		require.Equal(t, a[0], b[0], p.Mild)
		require.InDelta(t, 1, float64(len(b))/float64(len(a)), 0.34, p.Mild)
		require.False(t, seen[p.Mild] || seen[p.Harmless], p.Mild)
		seen[p.Mild], seen[p.Harmless] = true, true
	}
}

func TestReadPairs(t *testing.T) {
	own, err := security.ReadPairs("")
	require.NoError(t, err)
	require.Equal(t, security.Pairs(), own)
	path := filepath.Join(t.TempDir(), "own.jsonl")
	for text, want := range map[string]string{
		`{"mild":"a?","harmless":"b?"}` + "\n\n" + `{"mild":"c?","harmless":"d?"}`: "",
		`{"mild":"a?","harmless":"b?"}` + "\n" + `{"mild":"c?"}`:                   "line 2: both messages",
		`{"prompt":"a?"}`: "line 1",
		"\n":              "no pairs",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		pairs, err := security.ReadPairs(path)
		if want != "" {
			require.ErrorContains(t, err, want)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, []security.Pair{{Mild: "a?", Harmless: "b?"}, {Mild: "c?", Harmless: "d?"}}, pairs)
	}
	_, err = security.ReadPairs(path + ".no")
	require.Error(t, err)
}
