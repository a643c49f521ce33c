package main

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

const goroot = "../../testdata/goroot"

func runCommand(args ...string) (stdout, stderr string, err error) {
	var out, diagnostics bytes.Buffer
	err = run(args, &out, &diagnostics)
	return out.String(), diagnostics.String(), err
}

func TestCommand(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("a.txt", []byte("one\n\ntwo words\n\nthe third paragraph"), 0o644))
	require.NoError(t, os.WriteFile("a.jsonl", []byte("{\"body\":\"<first>\"}\n{\"body\":\"second\"}\n"), 0o644))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"files", "-cut", "paragraphs", "-list", "9", "a.txt"},
			"     0        3 a.txt#L1\n     1        9 a.txt#L3\n     2       19 a.txt#L5\n"},
		{[]string{"files", "-cut", "paragraphs", "-min", "4", "-max", "18", "-list", "9", "a.txt"}, "     0        9 a.txt#L3\n"},
		{[]string{"files", "-cut", "paragraphs", "-sample", "1", "-seed", "3", "-list", "9", "a.txt"}, "     0        9 a.txt#L3\n"},
		{[]string{"files", "-cut", "separator", "-separator", "words", "-show", "1", "a.txt"}, "the third paragraph\n"},
		{[]string{"jsonl", "-field", "body", "-show", "0", "a.jsonl"}, "<first>\n"},
	} {
		stdout, _, err := runCommand(test.args...)
		require.NoError(t, err, test.args)
		require.Equal(t, test.want, stdout, test.args)
	}
}

func TestCommandOnGoTree(t *testing.T) {
	stdout, _, err := runCommand("godoc", "-root", goroot)
	require.NoError(t, err)
	require.Contains(t, stdout, `"documents": 1`)
	require.Contains(t, stdout, `"fingerprint": "`)

	stdout, _, err = runCommand("godoc", "-root", goroot, "-min", "1", "-commands=false", "-unit", "package", "-list", "5")
	require.NoError(t, err)
	require.Equal(t, "     0      514 alpha\n     1       85 alpha/sub\n", stdout)

	stdout, _, err = runCommand("gosource", "-root", goroot, "-show", "1")
	require.NoError(t, err)
	require.Contains(t, stdout, "func extra() {}")
}

func TestCommandErrors(t *testing.T) {
	_, stderr, err := runCommand()
	require.ErrorIs(t, err, flag.ErrHelp)
	require.Contains(t, stderr, "sources:")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"web"}, `no source "web"`},
		{[]string{"godoc", "-root", goroot, "extra"}, `takes no paths, but got ["extra"]`},
		{[]string{"godoc", "-root", goroot, "-show", "7"}, "no document of index 7: there are 1"},
		{[]string{"files"}, "name at least one file"},
		{[]string{"files", "-unit", "file", "x"}, "flag provided but not defined: -unit"},
	} {
		_, _, err := runCommand(test.args...)
		require.ErrorContains(t, err, test.want, test.args)
	}
}
