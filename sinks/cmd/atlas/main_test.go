package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/sinks/atlas"
)

func command(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

// An atlas goes on from its file: what is there is kept, what is new or was changed is measured,
// and a model that cannot be read does not keep the others from it.
func TestAtlasGoesOn(t *testing.T) {
	one, other := tiny.Model(t, nil), tiny.Model(t, func(_ string, w []float32) { w[0]++ })
	file := filepath.Join(t.TempDir(), "atlas.json")
	args := []string{"-models", "-", "-json", file, "-n", "6", "-T", "20"}

	status, out, errs := command(one+" label=one", args...)
	require.Zero(t, status, errs)
	require.Contains(t, errs, "one: measured")
	require.Contains(t, out, "| one | 2 × 4 |")
	require.Contains(t, out, "LLaMA 3.1 8B 45.97 % at ε = 0.8")

	figure := filepath.Join(t.TempDir(), "atlas.svg")
	status, out, errs = command(other+" label=two\nnowhere.gguf\n"+one+" label=first", append(args, "-figure", figure)...)
	require.Equal(t, 1, status)
	require.Contains(t, errs, "two: measured")
	require.Contains(t, errs, "first: as kept")
	require.Contains(t, errs, "nowhere.gguf")
	require.Contains(t, errs, "1 of 3 models could not be measured")
	require.Less(t, strings.Index(out, "| two |"), strings.Index(out, "| first |"))
	require.FileExists(t, figure)

	a, err := atlas.Read(file)
	require.NoError(t, err)
	require.Len(t, a.Rows, 2)
	r := a.Rows[1]
	require.Equal(t, "<|bos|>", r.Token)
	require.Equal(t, 6, r.With.Rate.N)
	require.InDelta(t, r.Without.Loss.Value-r.With.Loss.Value, r.Cost.Value, 1e-9)
	require.NotEqual(t, a.Rows[0].With.Loss.Value, r.With.Loss.Value)

	// Other passages are another measurement, and so is another ⟨bos⟩.
	status, _, errs = command(one+" label=one", append(args, "-seed", "2")...)
	require.Zero(t, status, errs)
	require.Contains(t, errs, "one: measured")
}

func TestAtlasRefuses(t *testing.T) {
	model, noBOS := tiny.Model(t, nil), tiny.Model(t, nil)
	tiny.WriteJSON(t, filepath.Join(noBOS, "tokenizer_config.json"), map[string]any{})
	file := filepath.Join(t.TempDir(), "atlas.json")
	damaged := filepath.Join(t.TempDir(), "damaged.json")
	require.NoError(t, os.WriteFile(damaged, []byte("{"), 0o644))
	list := []string{"-models", "-", "-json", file}
	for _, c := range []struct {
		stdin  string
		args   []string
		status int
		want   string
	}{
		{"", nil, 2, "-models is missing"},
		{"", []string{"-models", "-"}, 2, "-json is missing"},
		{"", append(list, "-n", "4"), 2, "an interval needs at least 5"},
		{"", append(list, "-T", "9"), 2, "even attention alone scores 0.31"},
		{"", append(list, "x"), 2, "unexpected argument"},
		{"", list, 1, "is empty"},
		{"a b", list, 1, "line 1"},
		{model, []string{"-models", "-", "-json", damaged}, 1, "is no atlas"},
		{noBOS, list, 1, "write bos=TOKEN behind the model"},
		{model + " bos=nobody", list, 1, "nobody"},
		{"run:zz", list, 1, "no run"},
	} {
		status, _, errs := command(c.stdin, c.args...)
		require.Equal(t, c.status, status, errs)
		require.Contains(t, errs, c.want)
	}
	// A token named for it stands in front.
	status, _, errs := command(noBOS+" bos=<|bos|> label=named", append(list, "-n", "5", "-T", "16")...)
	require.Zero(t, status, errs)
	var a atlas.Atlas
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &a))
	require.Equal(t, "<|bos|>", a.Rows[0].Token)
}
