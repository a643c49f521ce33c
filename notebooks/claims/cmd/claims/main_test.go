package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/sinks/stats"
	"firsttoken/train/local"
)

// checkout is an empty folder that passes for the root.
func checkout(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module firsttoken\n"), 0o644))
	t.Setenv(local.HomeEnv, root)
	return root
}

func TestPrintsRecordsOfTheCheckout(t *testing.T) {
	root := checkout(t)
	r, err := claims.Judge("C6", "notebooks/02.ipynb",
		[]claims.Figure{{Name: "violations", Exact: "counted", Estimate: stats.Estimate{Value: 0, N: 500}}}, claims.Within("violations", 0, 0))
	require.NoError(t, err)
	path, err := r.Save("")
	require.NoError(t, err)
	require.Equal(t, filepath.Join(root, "notebooks", "results", "claims", "C06.json"), path)

	var out bytes.Buffer
	require.NoError(t, run(nil, &out))
	require.Contains(t, out.String(), "C6   [holds] ")
	require.Contains(t, out.String(), fmt.Sprintf("%d claims, 1 records; holds: 1, not run: %d.", len(claims.All()), len(claims.All())-1))

	out.Reset()
	require.NoError(t, run([]string{"-md"}, &out))
	require.Equal(t, filepath.Join(root, "RESULTS.md")+"\n", out.String())
	text, err := os.ReadFile(filepath.Join(root, "RESULTS.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), "| **holds** | [notebooks/02.ipynb](notebooks/02.ipynb) |")
}

func TestRefuses(t *testing.T) {
	checkout(t)
	var out bytes.Buffer
	require.ErrorContains(t, run([]string{"C7"}, &out), `unexpected argument "C7"`)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "C01.json"), []byte("{"), 0o644))
	require.ErrorContains(t, run([]string{"-dir", dir}, &out), "C01.json")
}
