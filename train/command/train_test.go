package command

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// call runs the command and returns its standard output.
func call(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Train(context.Background(), args, &out)
	return out.String(), err
}

func TestPrintedConfigurationIsReadBack(t *testing.T) {
	text, err := call(t, "-preset", "smoke", "-set", "model.layers=3", "-print")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "c.json")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	again, err := call(t, "-config", file, "-print")
	require.NoError(t, err)
	require.Equal(t, text, again)
	require.Contains(t, text, `"layers": 3`)
}

func TestTrainsAndReturnsTheSameAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: a training")
	}
	args := []string{"-preset", "smoke", "-set", `data={"kind": "backcopy"}`, "-set", "budget_tokens=2048", "-set", "monitor.windows=4",
		"-store", t.TempDir(), "-progress", "none", "-json"}
	text, err := call(t, args...)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &fields))
	require.ElementsMatch(t, []string{"run", "steps", "tokens", "loss", "val_loss", "sink_rate", "weights_sha256"}, slices.Collect(maps.Keys(fields)))
	require.Equal(t, 2.0, fields["steps"])
	again, err := call(t, args...)
	require.NoError(t, err)
	require.Equal(t, text, again)
}

func TestRefusals(t *testing.T) {
	for problem, args := range map[string][]string{
		"give one of -preset and -config": {},
		"no preset":                       {"-preset", "huge"},
		"unknown field":                   {"-preset", "smoke", "-set", "epochs=3"},
		"no such file":                    {"-config", "nowhere.json"},
		"unexpected argument":             {"-preset", "smoke", "now"},
		"progress":                        {"-preset", "smoke", "-progress", "film"},
	} {
		_, err := call(t, args...)
		require.ErrorContains(t, err, problem)
	}
}
