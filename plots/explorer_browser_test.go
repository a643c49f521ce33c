package plots

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The page in Chromium, if there is one: testdata/explorer.test.mjs says what is held.
func TestExplorerInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node in PATH")
	}
	dir := t.TempDir()
	first, second := filepath.Join(dir, "shifted.html"), filepath.Join(dir, "models.html")
	require.NoError(t, shifted().Save(first))
	large := tiny("large", strings.Split(strings.Repeat("x", 40), ""))
	large.Patterns, large.Score = [][][][]float64{large.Patterns[0][:1]}, [][]float64{{0.1}}
	large.Entropy, large.ValueRatio, large.Write, large.ValueNorm, large.ResidNorm = nil, nil, nil, nil, nil
	require.NoError(t, Explorer{Conditions: []ExplorerCondition{tiny("small", []string{"a", "b", "c"}), large}}.Save(second))

	out, err := exec.Command(node, filepath.Join("testdata", "explorer.test.mjs"), first, second).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 {
		t.Skip(strings.TrimSpace(string(out)))
	}
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
}
