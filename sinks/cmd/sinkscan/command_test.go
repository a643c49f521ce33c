package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// file writes a file of its own folder and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// sinkscan runs the command and returns its exit status and what it printed.
func sinkscan(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

// succeed runs the command and decodes the JSON objects that it prints, one a line.
func succeed(t *testing.T, stdin string, args ...string) []map[string]any {
	t.Helper()
	status, out, errs := sinkscan(stdin, args...)
	require.Zero(t, status, errs)
	var objects []map[string]any
	for line := range strings.Lines(out) {
		var object map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &object))
		objects = append(objects, object)
	}
	return objects
}
