package fronted_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/fronted"
	"firsttoken/notebooks/fronted/study"
	"firsttoken/sinks"
)

const tokens = 12

// trace is a text of 12 tokens behind lead others, of one layer and two heads: the first attends to
// key at, the second to itself. Loss i of the text is base + i/10.
func trace(lead, at int, base float32) *sinks.Trace {
	n := lead + tokens
	t := &sinks.Trace{T: n, L: 1, H: 2, K: 1, D: 1, Loss: make([]float32, n-1)}
	for i := range t.Loss {
		t.Loss[i] = base + float32(i-lead)/10
	}
	rows := func() [][][]float32 { return [][][]float32{{make([]float32, n), make([]float32, n)}} }
	t.KeyMass, t.Diagonal, t.FirstMass = rows(), rows(), rows()
	for q := range n {
		key := min(q, at)
		t.KeyMass[0][0][key]++
		t.KeyMass[0][1][q]++
		t.Diagonal[0][1][q] = 1
		if key == q {
			t.Diagonal[0][0][q] = 1
		}
		if key == 0 {
			t.FirstMass[0][0][q] = 1
		}
	}
	t.FirstMass[0][1][0] = 1
	return t
}

// behind are three texts behind every front: what hides ⟨bos⟩ moves the sink to key 1, and does to
// the loss what leaving ⟨bos⟩ out does; the control costs half a nat.
func behind() map[string][]*sinks.Trace {
	all := map[string][]*sinks.Trace{}
	for i := range 3 {
		base := float32(2 + i)
		add := func(front string, lead, at int, cost float32) {
			all[front] = append(all[front], trace(lead, at, base+cost))
		}
		add("with", 1, 0, 0)
		add("without", 0, 0, 0.25)
		add("random", 1, 0, 0)
		add("masked", 1, 1, 0.25)
		add("doubled", 2, 0, 0)
		add(study.Control, 1, 0, 0.5)
	}
	return all
}

// Losses are of the same tokens of text, whatever stands in front.
func TestLosses(t *testing.T) {
	r, err := fronted.New(tokens, behind())
	require.NoError(t, err)
	for _, front := range []string{"with", "random", "doubled"} {
		require.InDeltaSlice(t, []float64{2, 3, 4}, r.Losses(front, 2, 2), 1e-6, front)
		require.InDeltaSlice(t, []float64{2.5, 3.5, 4.5}, r.Losses(front, 2, 12), 1e-6, front)
	}
	require.InDeltaSlice(t, []float64{2.25, 3.25, 4.25}, r.Losses("without", 2, 2), 1e-6)
	require.InDelta(t, 0, r.Apart(), 1e-6)
	figure, err := r.ByPosition()
	require.NoError(t, err)
	require.NotNil(t, figure)

	other := behind()
	other["masked"][1].Loss[5] += 0.5
	r, err = fronted.New(tokens, other)
	require.NoError(t, err)
	require.InDelta(t, 0.5, r.Apart(), 1e-6)
}

// Of two heads one has a sink: at token 1, or at token 2 where token 1 is hidden.
func TestSinks(t *testing.T) {
	r, err := fronted.New(tokens, behind())
	require.NoError(t, err)
	for front, key := range map[string]int{"with": 0, "without": 0, "masked": 1} {
		at, err := r.SinkAt(front, 0.3)
		require.NoError(t, err)
		for k, share := range at {
			want := 0.0
			if k == key {
				want = 50
			}
			require.InDeltaSlice(t, []float64{want, want, want}, share, 1e-9, "%s, key %d", front, k)
		}
	}
	figure, table, err := r.Sinks(0.3)
	require.NoError(t, err)
	require.NotNil(t, figure)
	require.Contains(t, table, "| control | 4 [")
	require.Contains(t, table, "] | 0.5 [0.5, 0.5] | 50 [50, 50] | 50 [50, 50] |")
}

// A hidden key that later queries see all the same is told, in the layers that were to hide it.
func TestChecks(t *testing.T) {
	all := behind()
	r, err := fronted.New(tokens, all)
	require.NoError(t, err)
	lines := r.Checks(nil)
	require.Len(t, lines, 7)
	require.Equal(t, "masked   3 texts of 13 tokens; attention that later queries give to token 1: at most 0", lines[3])
	all["masked"][2].KeyMass[0][1][0] += 0.25
	require.Contains(t, r.Checks([]int{0})[3], "token 1: at most 0.2")
	require.Contains(t, r.Checks([]int{})[3], "token 1: at most 0")
}

func TestNewRefuses(t *testing.T) {
	all := behind()
	_, err := fronted.New(9, all)
	require.ErrorContains(t, err, "that is no text of 9 behind a front")
	all["random"] = all["random"][:2]
	_, err = fronted.New(tokens, all)
	require.ErrorContains(t, err, `2 traces behind front "random" and 3 behind "with"`)
}
