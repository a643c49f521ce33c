package corpus_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
)

// fake is a configuration for the small tree in testdata, whose documents are short.
func fake() corpus.GoDocConfig {
	cfg := corpus.DefaultGoDocConfig()
	cfg.Root = "testdata/goroot"
	cfg.MinRunes = 1
	return cfg
}

func openGoDoc(t *testing.T, cfg corpus.GoDocConfig) *corpus.Memory {
	t.Helper()
	m, err := corpus.OpenGoDoc(cfg)
	require.NoError(t, err)
	return m
}

const alpha = `Package alpha counts the letters of a text. It exists to show how comments become documents.

A second paragraph follows, after a blank line:

	n := alpha.Count("letters")

# Limits

It knows these limits:

  - texts are short, and
  - letters are from one alphabet.

A Kind says which letters Count counts; see fmt.Stringer.

Count returns the number of letters.`

const loop = `The loop looks at runes, not at bytes, since a letter may take several bytes.`

func TestGoDocFiles(t *testing.T) {
	docs, err := corpus.Collect(openGoDoc(t, fake()))
	require.NoError(t, err)
	require.Equal(t, []corpus.Document{
		{Name: "alpha/alpha.go", Text: alpha + "\n\n" + loop},
		{Name: "alpha/alpha_plan9.go", Text: "Only this file has an extra sentence, about how Plan 9 counts letters."},
		{Name: "alpha/sub/sub.go", Text: "Package sub is a folder below another, which must not come between the other's files."},
		{Name: "cmd/tool/main.go", Text: "Tool is a command, and commands are left out when only the library is wanted."},
	}, docs)
}

func TestGoDocOptions(t *testing.T) {
	library := []string{"alpha/alpha.go", "alpha/alpha_plan9.go", "alpha/sub/sub.go"}
	for name, test := range map[string]struct {
		change func(*corpus.GoDocConfig)
		names  []string
	}{
		"library alone": {func(c *corpus.GoDocConfig) { c.Commands = false }, library},
		"tests": {func(c *corpus.GoDocConfig) { c.Commands, c.Tests = false, true },
			[]string{"alpha/alpha.go", "alpha/alpha_plan9.go", "alpha/alpha_test.go", "alpha/sub/sub.go"}},
		"generated": {func(c *corpus.GoDocConfig) { c.Commands, c.Generated = false, true },
			[]string{"alpha/alpha.go", "alpha/alpha_plan9.go", "alpha/tables.go", "alpha/sub/sub.go"}},
		"test data": {func(c *corpus.GoDocConfig) { c.Commands, c.Testdata = false, true },
			[]string{"alpha/alpha.go", "alpha/alpha_plan9.go", "alpha/sub/sub.go", "alpha/testdata/data.go"}},
		"vendor":    {func(c *corpus.GoDocConfig) { c.Vendor = true }, append(library, "cmd/tool/main.go", "vendor/other/other.go")},
		"long ones": {func(c *corpus.GoDocConfig) { c.MinRunes = 80 }, []string{"alpha/alpha.go", "alpha/sub/sub.go"}},
		"packages":  {func(c *corpus.GoDocConfig) { c.Unit = corpus.UnitPackage }, []string{"alpha", "alpha/sub", "cmd/tool"}},
		"blocks": {func(c *corpus.GoDocConfig) { c.Unit = corpus.UnitBlock }, []string{
			"alpha/alpha.go#L8", "alpha/alpha.go#L31", "alpha/alpha.go#L39", "alpha/alpha.go#L45", "alpha/alpha_plan9.go#L12",
			"alpha/sub/sub.go#L1", "cmd/tool/main.go#L3"}},
		"every comment": {func(c *corpus.GoDocConfig) { c.Unit, c.MinWords, c.Commands = corpus.UnitBlock, 0, false }, []string{
			"alpha/alpha.go#L8", "alpha/alpha.go#L31", "alpha/alpha.go#L39", "alpha/alpha.go#L43", "alpha/alpha.go#L45",
			"alpha/alpha.go#L47", "alpha/alpha_plan9.go#L12", "alpha/sub/sub.go#L1"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := fake()
			test.change(&cfg)
			require.Equal(t, test.names, names(t, openGoDoc(t, cfg)))
		})
	}
}

func TestGoDocWithoutExamplesOrInnerComments(t *testing.T) {
	cfg := fake()
	cfg.DocOnly = true
	require.Equal(t, alpha, texts(t, openGoDoc(t, cfg))[0])
	cfg.Code = false
	require.Equal(t, strings.Replace(alpha, "\tn := alpha.Count(\"letters\")\n\n", "", 1), texts(t, openGoDoc(t, cfg))[0])
}

func TestGoDocRecipe(t *testing.T) {
	recipe := openGoDoc(t, fake()).Recipe()
	require.Contains(t, recipe, "comments of go1.99.0 {")
	require.Contains(t, recipe, `"unit":"file"`)
	require.NotContains(t, recipe, "testdata/goroot", "a recipe is the same on every machine")
}

func TestGoDocLeavesOutWhatDoesNotParse(t *testing.T) {
	root := t.TempDir()
	src := filepath.Join(root, "src")
	require.NoError(t, os.Mkdir(src, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(src, "bad.go"), []byte("// Package bad is broken.\npackage bad\nfunc {"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(src, "good.go"), []byte("// Package good is whole.\npackage good\n"), 0o644))
	cfg := fake()
	cfg.Root = root
	m := openGoDoc(t, cfg)
	require.Equal(t, []string{"good.go"}, names(t, m))
	require.Len(t, m.Warnings(), 1)
	require.Contains(t, m.Warnings()[0], "left out: corpus: bad.go:3")
	require.Contains(t, m.Recipe(), "comments of devel")
}

func TestGoDocErrors(t *testing.T) {
	empty := t.TempDir()
	for _, test := range []struct {
		change func(*corpus.GoDocConfig)
		want   string
	}{
		{func(c *corpus.GoDocConfig) { c.Unit = "page" }, `Unit is "page": use "file", "block" or "package"`},
		{func(c *corpus.GoDocConfig) { c.MinWords = -1 }, "MinWords is -1"},
		{func(c *corpus.GoDocConfig) { c.MinRunes = -1 }, "MinRunes is -1"},
		{func(c *corpus.GoDocConfig) { c.MinRunes = 1e6 }, "lower MinRunes (1000000)"},
		{func(c *corpus.GoDocConfig) { c.Root = empty }, "has no folder src: give the folder that `go env GOROOT` prints"},
	} {
		cfg := fake()
		test.change(&cfg)
		_, err := corpus.OpenGoDoc(cfg)
		require.ErrorContains(t, err, test.want)
	}
}

// The toolchain that runs the test is the corpus that users train on.
func TestGoDocOfThisToolchain(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: reads all Go sources")
	}
	t.Parallel()
	m := openGoDoc(t, corpus.DefaultGoDocConfig())
	require.Empty(t, m.Warnings())
	docs, err := corpus.Collect(m)
	require.NoError(t, err)
	require.Greater(t, len(docs), 1000)
	require.Less(t, len(docs), 10_000)

	size := 0
	files := map[string]bool{}
	paragraphs := map[string]string{} // normal form → document
	licence := regexp.MustCompile(`^\W*(copyright|spdx|licen[sc]ed under)`)
	for _, d := range docs {
		size += len(d.Text)
		require.False(t, files[d.Name], "%s twice", d.Name)
		files[d.Name] = true
		require.True(t, d.ValidUTF8(), d.Name)
		require.GreaterOrEqual(t, utf8.RuneCountInString(d.Text), 200, d.Name)
		lower := strings.ToLower(d.Text)
		require.False(t, licence.MatchString(lower), d.Name)
		for _, mark := range []string{"copyright (c)", "copyright 20", "all rights reserved", "governed by a bsd", "\n//go:generate ", "\n+build "} {
			require.False(t, strings.Contains(lower, mark), "%s contains %q", d.Name, mark)
		}
		for p := range strings.SplitSeq(lower, "\n\n") {
			// The parts of lists and examples are indented; those are told apart as a whole.
			if normal := corpus.Normalize(p); len(normal) >= 60 && !strings.ContainsAny(p[:1], " \t") {
				require.Empty(t, paragraphs[normal], "%s repeats a paragraph: %s", d.Name, p)
				paragraphs[normal] = d.Name
			}
		}
	}
	require.Greater(t, size, 1_000_000)
	require.Less(t, size, 50_000_000)
	require.True(t, files["net/http/server.go"])
}
