package edits_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/edits"
	"firsttoken/notebooks/keep"
	"firsttoken/sinks"
	"firsttoken/sinks/perturb"
	"firsttoken/train/local"
)

// small is a model of three blocks, of which the last two have the sink.
var small = edits.Study{Edits: 2, Draws: 2, T: 18, Blocks: 3, Maker: 1, High: 3}

// traced is a text of small behind lead tokens: rows with two thirds on key 1 and the rest even,
// one head; losses are 10, 11, 12, … counted from the text's second token.
func traced(lead int) (*sinks.Trace, *perturb.Map) {
	n := small.T // behind a token in front, the text's last drops out
	t := &sinks.Trace{T: n, L: 3, H: 1, K: 1, D: 1, FirstMass: sinks.Cube(3, 1, n), KeyMass: sinks.Cube(3, 1, n), RowEntropy: sinks.Cube(3, 1, n), RowMax: sinks.Cube(3, 1, n)}
	m := &perturb.Map{Pos: 2 + lead, Delta: sinks.Matrix(4, n), Norm: sinks.Matrix(4, n)}
	for i := range n - 1 {
		t.Loss = append(t.Loss, float32(10+i-lead))
	}
	for l := range 4 {
		for q := range n {
			m.Delta[l][q], m.Norm[l][q] = float32(q*l), float32(l+1)
			if l == 3 {
				continue
			}
			first, entropy := 1.0, 0.0
			if q > 0 {
				first, entropy = 2.0/3, -2.0/3*math.Log(2.0/3)+math.Log(3*float64(q))/3
			}
			t.FirstMass[l][0][q], t.RowMax[l][0][q], t.RowEntropy[l][0][q] = float32(first), float32(first), float32(entropy)
			t.KeyMass[l][0][0] += float32(first)
		}
	}
	return t, m
}

// All numbers are of the text's tokens 3 to T − 1, counted from 1, or of those behind the edit.
func TestReduce(t *testing.T) {
	o := edits.Outcome{}
	trace, m := traced(0)
	require.NoError(t, small.Reduce(o, trace, m, 0))
	require.Equal(t, [][]float64{{18}}, o["loss"], "targets 3 to 17")
	require.Equal(t, [][]float64{{100}}, o["rate above"])
	require.Equal(t, [][]float64{{9.5, 19, 28.5}}, o["absolute"], "tokens 4 to 17, at 3 to 16")
	require.InDeltaSlice(t, []float64{9.5 / 2, 19. / 3, 28.5 / 4}, o["relative"][0], 1e-9)
	require.InDeltaSlice(t, []float64{2. / 3, 2. / 3, 2. / 3}, o["maximum"][0], 1e-6)
	left := 0.0
	for others := 2; others <= 16; others++ {
		left += math.Log(float64(others)) / 15
	}
	require.InDeltaSlice(t, []float64{left, left, left}, o["entropy without key 1"][0], 1e-6, "even over the other keys")
	require.InDelta(t, -2./3*math.Log(2./3)+(left+math.Log(3))/3, o["entropy"][0][0], 1e-6)
	require.Equal(t, o["heads"][0], o["entropy"][0], "one head")

	trace, m = traced(1)
	behind := edits.Outcome{}
	require.NoError(t, small.Reduce(behind, trace, m, 1))
	require.Equal(t, [][]float64{{18}}, behind["loss"], "the same targets behind another token")
	require.Equal(t, [][]float64{{10.5, 21, 31.5}}, behind["absolute"])

	all := edits.Mean([]edits.Outcome{o, behind})
	require.Equal(t, [][]float64{{10, 20, 30}}, all["absolute"])
	require.Equal(t, []float64{25}, small.Over(all, "absolute"), "of the blocks with the sink")
	require.Equal(t, []float64{18}, small.Over(all, "loss"))
	ratio, err := small.Ratio(behind, o, "absolute")
	require.NoError(t, err)
	require.InDelta(t, 26.25/23.75, ratio.Value, 1e-9)
	m.Pos = 17
	require.Error(t, small.Reduce(edits.Outcome{}, trace, m, 1))
}

func TestValidate(t *testing.T) {
	require.NoError(t, edits.Default().Validate())
	for want, change := range map[string]func(*edits.Study){
		"1 edits":             func(s *edits.Study) { s.Edits = 1 },
		"0 draws":             func(s *edits.Study) { s.Draws = 0 },
		"31 tokens":           func(s *edits.Study) { s.T = 31 },
		"block 29":            func(s *edits.Study) { s.Maker = 29 },
		"blocks 13 to 31":     func(s *edits.Study) { s.High = 31 },
		"blocks 1 to 28 of 3": func(s *edits.Study) { s.Maker = 0 },
	} {
		s := edits.Default()
		change(&s)
		require.ErrorContains(t, s.Validate(), want)
	}
}

// What a cell reads is what was measured on as many texts as it asks for; noise is a mean.
func TestLoad(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module firsttoken\n"), 0o644))
	t.Setenv(local.HomeEnv, root)
	for _, c := range edits.Conditions() {
		if c.Key != "noise" {
			require.NoError(t, keep.Save(edits.Kept(c.Key), edits.Outcome{"loss": {{1}, {2}}}))
		}
	}
	_, err := small.LoadAll()
	require.ErrorContains(t, err, "noise 1")
	for draw := range 2 {
		require.NoError(t, keep.Save(edits.Kept(edits.Noise(draw)), edits.Outcome{"loss": {{float64(draw)}, {4}}}))
	}
	all, err := small.LoadAll()
	require.NoError(t, err)
	require.Equal(t, edits.Outcome{"loss": {{0.5}, {4}}}, all["noise"])
	more := small
	more.Edits = 3
	_, err = more.LoadAll()
	require.ErrorContains(t, err, `"intact" was measured on 2 texts, not on 3`)
}
