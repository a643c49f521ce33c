package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTableIsPaddedAndEscaped(t *testing.T) {
	var b strings.Builder
	writeTable(&b, [][]string{{"what", "Δ"}, {"a|b", "1×"}, {"two\nlines", ""}})
	require.Equal(t, `| what      | Δ  |
| --------- | -- |
| a\|b      | 1× |
| two lines |    |
`, b.String())
}

func TestReportSaysWhatWasMet(t *testing.T) {
	text := report{
		command:  "make bench",
		machine:  "a machine",
		versions: map[string]string{"b": "2", "a": "1"},
		rows: []row{
			{what: "fast", figure: "0.5×", target: "≤ 1×", met: true, diff: difference{known: true, values: 1e-4}},
			{what: "slow", figure: "2×", target: "≤ 1×", diff: difference{known: true, both: true, values: 1e-4, mass: 0.2}},
			{what: "absent", figure: "not measured: no network"},
		},
	}.String()
	require.Contains(t, text, "| fast   | 0.5×                     | ≤ 1×   | yes | 1.0e-04 ")
	require.Contains(t, text, "| slow   | 2×                       | ≤ 1×   | no  | 1.0e-04; attention 2.0e-01: NOT the same computation |")
	require.Contains(t, text, "| absent | not measured: no network |        |     |")
	require.Contains(t, text, "Command: `make bench`  \nMachine: a machine  \nVersions: a 1; b 2\n")
}

func TestCompare(t *testing.T) {
	a := answer{Logits: []float32{1}, FirstMass: [][]float32{{0.5}, {0.25}}}
	b := answer{Logits: []float32{2}, FirstMass: [][]float32{{0.5}, {0.5}}}
	require.Equal(t, difference{known: true, both: true, values: 1, mass: 0.25}, compare(a, b))
	b.FirstMass = nil
	require.Equal(t, difference{known: true, values: 1}, compare(a, b))
}

func TestOptions(t *testing.T) {
	full, err := parse(nil, "root", io.Discard)
	require.NoError(t, err)
	require.Equal(t, filepath.Join("root", "BENCH.md"), full.out)
	require.GreaterOrEqual(t, full.rounds, 5)
	require.Len(t, full.rows, len(benchmarks))

	for _, args := range [][]string{{"-quick"}, {"-rows", "load"}} {
		o, err := parse(args, "root", io.Discard)
		require.NoError(t, err)
		require.Empty(t, o.out, "%v must not replace the whole table", args)
	}
	_, err = parse([]string{"-rows", "load,lod"}, "root", io.Discard)
	require.ErrorContains(t, err, `unknown row "lod": use some of metrics,memory,load,llama,decode,stream,gemma,torch,training,peak,gpu`)
	_, err = parse([]string{"quick"}, "root", io.Discard)
	require.ErrorContains(t, err, `unknown argument "quick"`)
}
