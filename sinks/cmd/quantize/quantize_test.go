package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/quantize"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/transformer"
)

// golden is testdata/quant.json.
type golden struct {
	Passages, Calibration json.RawMessage
	Loss                  map[string][]float64
	Outliers              [][][3]float64
	Scales                map[string]float64 `json:"scales_static"`
}

func reference(t *testing.T) (g golden) {
	t.Helper()
	if testing.Short() {
		t.Skip("passes of SmolLM2")
	}
	text, err := os.ReadFile(filepath.Join("testdata", "quant.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &g))
	return g
}

// Losses of every scheme on SmolLM2, against an independent implementation. noise is what the
// rounding itself leaves open, see testdata/README.md.
func TestAgainstNumPy(t *testing.T) {
	g := reference(t)
	calibration := filepath.Join(t.TempDir(), "calibration.json")
	require.NoError(t, os.WriteFile(calibration, g.Calibration, 0o644))
	for _, c := range []struct {
		name  string
		noise float64
		args  string
	}{
		{"float", 1e-4, ""},
		{"W8 only", 1e-4, "-weights w8"},
		{"W4 only", 1e-4, "-weights w4"},
		{"sink off, float", 1e-4, "-skip-mlp 12:1"},
		{"W8 A8 dynamic", 0.06, "-weights w8 -acts dynamic"},
		{"W8 A8 static", 0.2, "-weights w8 -acts static"},
		{"W8 A8 static, first kept", 0.2, "-weights w8 -acts static -keep-first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"-json", "-ids", "-"}, strings.Fields(c.args)...)
			if strings.Contains(c.args, "static") {
				args = append(args, "-calibration", calibration)
			}
			var out, errs bytes.Buffer
			require.Zero(t, run(args, bytes.NewReader(g.Passages), &out, &errs), errs.String())
			lines := json.NewDecoder(&out)
			for i, want := range g.Loss[c.name] {
				var got result
				require.NoError(t, lines.Decode(&got))
				require.InDelta(t, want, got.MeanLoss, c.noise, "passage %d", i+1)
				if c.name != "float" {
					continue
				}
				require.Contains(t, got.OutlierTokens, 1, "the first token is massive")
				require.Len(t, got.Outliers, len(g.Outliers[i]))
				for l, o := range g.Outliers[i] {
					for k := range o {
						require.InEpsilon(t, o[k], got.Outliers[l][k], 1e-3, "passage %d, layer %d, measure %d", i+1, l+1, k)
					}
				}
			}
			require.False(t, lines.More())
		})
	}
}

// The ranges that static steps come from.
func TestRangesAgainstNumPy(t *testing.T) {
	g := reference(t)
	var docs [][]int32
	require.NoError(t, json.Unmarshal(g.Calibration, &docs))
	b, _, err := backend.Open()
	require.NoError(t, err)
	m, err := pretrained.Load(b, "smollm2", pretrained.Options{})
	require.NoError(t, err)
	defer m.Close()
	traces, err := quantize.Traces(m.Model, docs, quantize.Measure{})
	require.NoError(t, err)
	r, err := quantize.Calibrated(traces, nil, nil)
	require.NoError(t, err)
	for l, row := range r {
		for site, x := range row {
			require.InEpsilon(t, g.Scales[fmt.Sprintf("%d/%s", l, transformer.Site(site))], x, 1e-4)
		}
	}
}

func TestTable(t *testing.T) {
	if testing.Short() {
		t.Skip("a pass of SmolLM2")
	}
	var out, errs bytes.Buffer
	require.Zero(t, run([]string{"-ids", "-", "-kv", "4"}, strings.NewReader("[[504,3575,282,4649,314,7042]]"), &out, &errs), errs.String())
	require.Contains(t, out.String(), "| document | tokens | loss |")
	require.Contains(t, out.String(), "| 1 | 6 | ")
}

func TestUsageErrors(t *testing.T) {
	for want, args := range map[string][]string{
		"give -ids":                        {},
		"unexpected argument":              {"-ids", "a", "b"},
		"-weights w2: use float":           {"-ids", "a", "-weights", "w2"},
		"-acts int8: use float":            {"-ids", "a", "-acts", "int8"},
		"-acts static needs -calibration":  {"-ids", "a", "-acts", "static"},
		"-ids or -calibration, not both":   {"-ids", "-", "-calibration", "-", "-acts", "static"},
		"-keep-first: with -acts float":    {"-ids", "a", "-keep-first"},
		"-kv 1: use 2 to 16 bits":          {"-ids", "a", "-kv", "1"},
		"-skip-mlp 12: use layer:position": {"-ids", "a", "-skip-mlp", "12"},
		"-skip-mlp 0:1: use layer":         {"-ids", "a", "-skip-mlp", "0:1"},
	} {
		var out, errs bytes.Buffer
		require.Equal(t, 2, run(args, strings.NewReader(""), &out, &errs), "%v", args)
		require.Contains(t, errs.String(), want)
		require.Empty(t, out.String())
	}
	for want, input := range map[string]string{
		"must be a JSON list of token-id lists": "[1, 2]", "document 1 has 1 tokens: a loss needs two": "[[1]]", "holds no documents": "[]",
	} {
		var out, errs bytes.Buffer
		require.Equal(t, 1, run([]string{"-ids", "-"}, strings.NewReader(input), &out, &errs))
		require.Contains(t, errs.String(), want)
	}
}
