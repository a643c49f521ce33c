package corpus

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func extracted(t *testing.T, src string) []string {
	t.Helper()
	blocks, _, err := commentFilter{minWords: 4, code: true}.extract("x.go", []byte(src))
	require.NoError(t, err)
	var out []string
	for _, b := range blocks {
		for _, p := range b.paragraphs {
			out = append(out, p.text)
		}
	}
	return out
}

func TestExtract(t *testing.T) {
	for name, test := range map[string]struct {
		src  string
		want []string
	}{
		"line comments unwrapped":   {"// One\n// two.\n//\n// Three.\npackage p", []string{"One two.", "Three."}},
		"block comment":             {"/*\nOne\ntwo.\n\nThree.\n*/\npackage p", []string{"One two.", "Three."}},
		"licence above the package": {"// Copyright 2011 Us.\npackage p", nil},
		"licence by its last line":  {"// All\n// of it.\n// SPDX-License-Identifier: MIT\npackage p", nil},
		"the word copyright alone":  {"// Synopsis skips copyright comments.\npackage p", []string{"Synopsis skips copyright comments."}},
		"directives":                {"//go:build x\n// +build x\n\npackage p\n//sys read()\n//export F\nfunc F() {}", nil},
		"directive under prose":     {"package p\n// F is fast.\n//\n//go:nosplit\nfunc F() {}", []string{"F is fast."}},
		"cgo preamble":              {"package p\n// int f(void) is declared here;\nimport \"C\"", nil},
		"cgo preamble in a group":   {"package p\nimport (\n// int f(void) is declared here;\n\"C\"\n)", nil},
		"comment on another import": {"package p\n// It registers itself on import, no more.\nimport _ \"x\"", []string{"It registers itself on import, no more."}},
		"short doc, short inner":    {"package p\n// F runs.\nfunc F() {\n// too short\n// \n}", []string{"F runs."}},
		"inner comment":             {"package p\nfunc f() {\n// long enough to be told\n}", []string{"long enough to be told"}},
		"field":                     {"package p\ntype T struct {\n// A is one.\nA int\n}", []string{"A is one."}},
		"numbers are no words":      {"package p\nvar a = 1 // 0x1 2 3 4 5 6 7", nil},
		"commented-out statements":  {"package p\nfunc f() {\n// if a { return b, c }\n// d := e\n}", nil},
		"commented-out declaration": {"package p\n\n// func old(a, b int) { print(a, b, \"much\", \"more\") }\n\nvar x int", nil},
		"list":                      {"// A:\n//   - b\n//   - c\npackage p", []string{"A:", "  - b\n  - c"}},
		"links lose their brackets": {"// See [Name], [T.Name], [io.Reader] and [ast.File], not a[i], [x y] or [flags].\npackage p\nimport \"go/ast\"",
			[]string{"See Name, T.Name, io.Reader and ast.File, not a[i], [x y] or [flags]."}},
		"line directives are ignored": {"// P is here.\npackage p\n//line other.go:700\n", []string{"P is here."}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, extracted(t, test.src))
		})
	}
}

func TestExtractReportsInvalidUTF8(t *testing.T) {
	_, _, err := commentFilter{}.extract("x.go", []byte("// Package p is a caf\xe9.\npackage p\n"))
	require.ErrorContains(t, err, "x.go:1:22: illegal UTF-8 encoding")
}

func FuzzExtract(f *testing.F) {
	err := filepath.WalkDir("testdata/goroot/src", func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			f.Add(string(data))
		}
		return err
	})
	require.NoError(f, err)
	f.Add("// a\n//\n//\tb\npackage p\n/* c\n*/\n//line x:1\n// d e f g h i j k.\n")
	f.Add("// Übung [a] [b.c]\r\n// – x\r\npackage p")
	f.Fuzz(func(t *testing.T, src string) {
		blocks, file, err := commentFilter{code: true}.extract("x.go", []byte(src))
		if err != nil {
			require.Nil(t, blocks)
			return
		}
		require.NotNil(t, file)
		last := 0
		for _, b := range blocks {
			require.GreaterOrEqual(t, b.line, max(last, 1), "blocks come in order")
			last = b.line
			require.NotEmpty(t, b.paragraphs)
			for _, p := range b.paragraphs {
				require.NotEmpty(t, p.text)
				require.True(t, utf8.ValidString(p.text))
				require.False(t, isLicence(p.text))
				require.NotContains(t, p.text, "\r")
			}
		}
	})
}
