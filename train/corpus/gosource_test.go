package corpus_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
)

func fakeSource() corpus.GoSourceConfig {
	cfg := corpus.DefaultGoSourceConfig()
	cfg.Root = "testdata/goroot"
	return cfg
}

func TestGoSource(t *testing.T) {
	m, err := corpus.OpenGoSource(fakeSource())
	require.NoError(t, err)
	docs, err := corpus.Collect(m)
	require.NoError(t, err)
	require.Equal(t, []string{"alpha/alpha.go", "alpha/alpha_plan9.go", "alpha/sub/sub.go", "cmd/tool/main.go"}, names(t, m))
	require.Contains(t, m.Recipe(), "source files of go1.99.0 {")
	require.NotContains(t, m.Recipe(), "goroot", "a recipe is the same on every machine")

	for _, d := range docs {
		whole, err := os.ReadFile(filepath.Join("testdata/goroot/src", filepath.FromSlash(d.Name)))
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(string(whole), d.Text), "%s: only the head may be cut", d.Name)
	}
	require.True(t, strings.HasPrefix(docs[0].Text, "//go:build linux || plan9\n"), docs[0].Text)
	require.Contains(t, docs[0].Text, "Copyright (c) 1993", "a notice within the code stays: it is part of the file's bytes")
	require.True(t, strings.HasPrefix(docs[1].Text, "package alpha\n"), docs[1].Text)
	require.True(t, strings.HasPrefix(docs[3].Text, "// Tool is a command"), docs[3].Text)
}

func TestGoSourceWithLicences(t *testing.T) {
	cfg := fakeSource()
	cfg.Licences = true
	m, err := corpus.OpenGoSource(cfg)
	require.NoError(t, err)
	docs, err := corpus.Collect(m)
	require.NoError(t, err)
	for _, d := range docs {
		whole, err := os.ReadFile(filepath.Join("testdata/goroot/src", filepath.FromSlash(d.Name)))
		require.NoError(t, err)
		require.Equal(t, string(whole), d.Text, d.Name)
	}
}

func TestGoSourceErrors(t *testing.T) {
	root := t.TempDir()
	cfg := fakeSource()
	cfg.Root = root
	_, err := corpus.OpenGoSource(cfg)
	require.ErrorContains(t, err, "has no folder src")

	require.NoError(t, os.Mkdir(filepath.Join(root, "src"), 0o755))
	_, err = corpus.OpenGoSource(cfg)
	require.ErrorContains(t, err, "set Root to a complete Go installation")

	require.NoError(t, os.WriteFile(filepath.Join(root, "src", "bad.go"), []byte("no Go at all"), 0o644))
	_, err = corpus.OpenGoSource(cfg)
	require.ErrorContains(t, err, "none of the 1 Go files")
	require.ErrorContains(t, err, "bad.go:1:1")
}
