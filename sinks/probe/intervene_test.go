package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/probe"
)

// under runs one document of nine tokens with and without interventions.
func under(t *testing.T, list ...probe.Intervention) (before, after *sinks.Trace) {
	t.Helper()
	docs := documents(9)
	return run(t, docs, probe.Options{})[0], run(t, docs, probe.Options{Interventions: list})[0]
}

func TestNoInterventionIsBitIdentical(t *testing.T) {
	docs := documents(9, 16, 3)
	require.Equal(t, run(t, docs, probe.Options{}), run(t, docs, probe.Options{Interventions: []probe.Intervention{}}))
}

// A hidden key gets nothing from later rows, which still sum to 1; its own row is
// left alone, and so is what comes before it.
func TestMaskKeyRemovesTheMass(t *testing.T) {
	before, after := under(t, probe.MaskKey{Pos: 0})
	for l := range before.L {
		for h := range before.H {
			require.InDelta(t, 1, after.FirstMass[l][h][0], 1e-6)
			for p := 1; p < before.T; p++ {
				require.Positive(t, before.FirstMass[l][h][p])
				require.Zero(t, after.FirstMass[l][h][p])
				require.InDelta(t, 1, after.RowSum[l][h][p], 1e-5)
			}
		}
		require.Equal(t, before.ResidNorm[l+1][0], after.ResidNorm[l+1][0])
	}
	require.NotEqual(t, before.LogitsLast, after.LogitsLast)
}

// In the middle of a text, against the explicit patterns.
func TestMaskKeyInTheMiddle(t *testing.T) {
	const pos = 4
	ids := documents(9)[0]
	heads := []probe.Head{{Layer: 0, Head: 1}, {Layer: 1, Head: 2}}
	free, err := probe.Patterns(model(t), ids, heads)
	require.NoError(t, err)
	masked, err := probe.Patterns(model(t), ids, heads, probe.MaskKey{Pos: pos, Layers: []int{0}})
	require.NoError(t, err)
	for q, row := range masked[0] {
		if q <= pos {
			require.InDeltaSlice(t, free[0][q], row, 1e-6)
			continue
		}
		require.Zero(t, row[pos])
		// The rest of the row is what it was, scaled back to 1.
		for s := range row {
			if s != pos {
				require.InDelta(t, free[0][q][s]/(1-free[0][q][pos]), row[s], 1e-5)
			}
		}
	}
	for q := pos + 1; q < len(ids); q++ {
		require.Positive(t, masked[1][q][pos], "layer 2 is not masked")
	}
}

// The pattern of the layer stays; what attention to the position moves is gone.
func TestZeroValue(t *testing.T) {
	const layer, pos = 1, 0
	before, after := under(t, probe.ZeroValue{Pos: pos, Layers: []int{layer}})
	require.Equal(t, before.ValueNorm[0], after.ValueNorm[0])
	require.Equal(t, before.ResidNorm[:layer+1], after.ResidNorm[:layer+1])
	for h := range before.H {
		require.InDeltaSlice(t, before.FirstMass[layer][h], after.FirstMass[layer][h], 1e-6)
		require.InDeltaSlice(t, before.RowEntropy[layer][h], after.RowEntropy[layer][h], 1e-5)
		require.Zero(t, after.ValueWrite[layer][h][pos])
		require.Zero(t, after.HeadWrite[layer][h][pos], "row 1 sees no other key")
		for p := range before.T {
			require.Zero(t, after.EffectiveFirst[layer][h][p])
		}
	}
	for k := range before.K {
		require.Positive(t, before.ValueNorm[layer][k][pos])
		require.Zero(t, after.ValueNorm[layer][k][pos])
		require.InDeltaSlice(t, before.ValueNorm[layer][k][pos+1:], after.ValueNorm[layer][k][pos+1:], 1e-5)
	}
	require.NotEqual(t, before.ResidNorm[layer+1], after.ResidNorm[layer+1])
}

// One head writes nothing; the others of its layer write what they wrote.
func TestAblateHead(t *testing.T) {
	const layer, head = 0, 2
	before, after := under(t, probe.AblateHead{Layer: layer, Head: head})
	for h := range before.H {
		for p := range before.T {
			if h == head {
				require.Zero(t, after.HeadWrite[layer][h][p])
			} else {
				require.InDelta(t, before.HeadWrite[layer][h][p], after.HeadWrite[layer][h][p], 1e-5)
			}
			require.Positive(t, after.HeadWrite[1-layer][h][p])
		}
	}
	require.NotEqual(t, before.LogitsLast, after.LogitsLast)
}

// One half of one block adds nothing at one position; causality keeps everything
// before that position as it was.
func TestSkipUpdate(t *testing.T) {
	fullOnly(t, "SmolLM2, two runs a part")
	const layer, pos = 0, 3
	for _, part := range []probe.Part{probe.Attention, probe.MLP} {
		t.Run(string(part), func(t *testing.T) {
			before, after := under(t, probe.SkipUpdate{Layer: layer, Pos: pos, Part: part})
			skipped, was := after.AttnWrite, before.AttnWrite
			if part == probe.MLP {
				skipped, was = after.MLPWrite, before.MLPWrite
			}
			for p := range before.T {
				if p == pos {
					require.Zero(t, skipped[layer][p])
				} else {
					require.InDelta(t, was[layer][p], skipped[layer][p], 1e-4)
				}
			}
			require.Positive(t, skipped[1-layer][pos])
			for l := range before.L + 1 {
				require.InDeltaSlice(t, before.ResidNorm[l][:pos], after.ResidNorm[l][:pos], 1e-4)
			}
			require.NotEqual(t, before.ResidNorm[layer+1][pos], after.ResidNorm[layer+1][pos])
			require.NotEqual(t, before.LogitsLast, after.LogitsLast)
		})
	}
}

// Interventions of one run add up, in every document of its batch.
func TestInterventionsCombine(t *testing.T) {
	fullOnly(t, "SmolLM2, pairs of interventions")
	docs := documents(9, 12, 9)
	traces := run(t, docs, probe.Options{Interventions: []probe.Intervention{
		probe.MaskKey{Pos: 0, Layers: []int{1}}, probe.MaskKey{Pos: 2, Layers: []int{1}},
		probe.AblateHead{Layer: 0, Head: 0}, probe.AblateHead{Layer: 0, Head: 3},
	}})
	for _, trace := range traces {
		for p := range trace.T {
			require.Zero(t, trace.HeadWrite[0][0][p]+trace.HeadWrite[0][3][p])
			require.Positive(t, trace.HeadWrite[0][1][p])
		}
		for h := range trace.H {
			require.Zero(t, trace.FirstMass[1][h][5])
			require.Positive(t, trace.FirstMass[0][h][5])
			// Only the key's own row is left.
			require.InDelta(t, trace.Diagonal[1][h][2], trace.KeyMass[1][h][2], 1e-6)
		}
		require.Equal(t, "mask key 3, layers [2]", trace.Provenance["intervention 2"])
	}
}
