package traced_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/traced"
	"firsttoken/sinks"
	"firsttoken/train/local"
)

// home points the folders of a checkout at an empty one.
func home(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module firsttoken\n"), 0o644))
	t.Setenv(local.HomeEnv, root)
	return root
}

// trace is one of four tokens and one layer of two heads on one key/value head: head 1 puts a on
// token 1 in rows 2 to 4, head 2 looks at itself. Token 1 is massive after the layer, written by
// its MLP.
func trace(a float32) *sinks.Trace {
	return &sinks.Trace{Model: "m", IDs: []int32{1, 2, 3, 4}, Tokens: []string{"The", "Ġcat", "Ġsat", "."}, BOS: sinks.BOSNone, T: 4, L: 1, H: 2, K: 1, D: 2,
		FirstMass: [][][]float32{{{1, a, a, a}, {1, 0, 0, 0}}}, FirstIsMax: [][][]float32{{{1, 1, 1, 1}, {1, 0, 0, 0}}}, RowSum: [][][]float32{{{1, 1, 1, 1}, {1, 1, 1, 1}}},
		ValueNorm: [][][]float32{{{1, 4, 5, 4}}}, ResidNorm: [][]float32{{1, 1, 1, 1}, {2001, 2, 2, 2}},
		ResidMax: [][]float32{{1, 1, 1, 1}, {2000, 1, 1, 1}}, ResidMedian: []float32{1, 1},
		AttnWrite: [][]float32{{3, 1, 1, 1}}, MLPWrite: [][]float32{{2000, 1, 1, 1}}}
}

func TestKept(t *testing.T) {
	home(t)
	_, err := traced.Load("01/prompt")
	require.Error(t, err, "nothing is kept yet")
	require.NoError(t, traced.Save("01/prompt", trace(0.9)))
	kept, err := traced.Load("01/prompt")
	require.NoError(t, err)
	require.Equal(t, trace(0.9).Tokens, kept.Tokens)
}

// One trace says what stands out, by hand.
func TestNormsAndMassive(t *testing.T) {
	_, err := traced.Norms(trace(0.9), 1)
	require.NoError(t, err)
	_, err = traced.Norms(trace(0.9), 2)
	require.ErrorContains(t, err, "no layer 2: the model has 1 to 1")
	text, err := traced.Massive(trace(0.9), 1000)
	require.NoError(t, err)
	require.Equal(t, `token 1 "The" is massive after 1 layers, the first 1, the last 1
the MLP of layer 1 adds a vector of length 2000 to token 1, attention one of 3; after the layer its residual norm is 2001
`, text)
	text, err = traced.Massive(trace(0.9), 3000)
	require.NoError(t, err)
	require.NotContains(t, text, "MLP")
	bare := trace(0.9)
	bare.ValueNorm, bare.MLPWrite = nil, nil
	_, err = traced.Norms(bare, 1)
	require.ErrorContains(t, err, "no norms")
	_, err = traced.Massive(bare, 1000)
	require.ErrorContains(t, err, "what blocks write")
}

// Of two heads one has a sink at ε = 0.3 in every text, and at 0.8 in three of four.
func TestRates(t *testing.T) {
	root := home(t)
	var texts []*sinks.Trace
	for _, a := range []float32{0.9, 0.95, 0.9, 0.5} {
		texts = append(texts, trace(a))
	}
	require.NoError(t, sinks.SaveAll(filepath.Join(root, ".data", "traces", "01", "without"), texts))
	study := traced.Study{Name: "a|b", Folder: "01/without"}
	_, table, err := traced.Fronts("", study)
	require.NoError(t, err)
	require.Contains(t, table, "| `a\\|b` | 50.0 % (")
	require.Contains(t, table, " | 37.5 % (")
	_, table, err = traced.Models([]string{"paper | 32 × 32 | | 45.97"}, study)
	require.NoError(t, err)
	require.Contains(t, table, "| a|b | 1 × 2 | 50.0 (")
	require.Contains(t, table, "| paper | 32 × 32 | | 45.97 |\n")
	_, _, err = traced.Fronts("", traced.Study{Folder: "01/none"})
	require.ErrorContains(t, err, "run the cell or command that measures them first")
}

func ExampleMassive() {
	text, err := traced.Massive(trace(0.9), 1000)
	fmt.Print(text, err)
	// Output:
	// token 1 "The" is massive after 1 layers, the first 1, the last 1
	// the MLP of layer 1 adds a vector of length 2000 to token 1, attention one of 3; after the layer its residual norm is 2001
	// <nil>
}
