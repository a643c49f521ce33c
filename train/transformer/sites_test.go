package transformer

import (
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// On a static step of 0.5 and ±3 of them, and on each row's own of three; halves go to even.
func TestRoundTo(t *testing.T) {
	for name, test := range map[string]struct{ grid, x, want []float32 }{
		"static": {[]float32{0.5, 3},
			[]float32{0.25, 0.75, 1.25, 2, -6, 0.6, 0, 0, 0},
			[]float32{0, 1, 1, 1.5, -1.5, 0.5, 0, 0, 0}},
		"dynamic": {[]float32{0, 3},
			[]float32{0.3, 0.9, 1.2, 1.7, -6, 0.9, 0, 0, 0},
			[]float32{0.4, 0.8, 1.2, 2, -6, 0, 0, 0, 0}},
	} {
		out := MustExecOnce(pureGo(t), roundTo, tensors.FromFlatDataAndDimensions(test.x, 3, 3), tensors.FromValue(test.grid))
		got, err := tensors.CopyFlatData[float32](out)
		require.NoError(t, err)
		require.InDeltaSlice(t, test.want, got, 1e-6, name)
	}
}

// reading captures what each site reads and what the MLP adds.
var reading = &Observer{Name: "reading", Observe: func(_ *Config, n *Nodes, _ *Node) []*Node {
	return append(slices.Clone(n.Read[:]), n.MLPOut)
}}

// sitesOf runs one document, with the same edits in all layers; by layer the numbers of the sites
// and of the MLP's update.
func sitesOf(t *testing.T, m *Model, batch Batch, e *Edits) (layers [][][]float32) {
	t.Helper()
	_, err := m.Forward(batch, Pass{
		Observer: reading, Edits: func(int) *Edits { return e },
		OnBlock: func(_ int, outs []*tensors.Tensor) error {
			var of [][]float32
			for _, x := range outs {
				flat, err := tensors.CopyFlatData[float32](x)
				require.NoError(t, err)
				of = append(of, flat)
			}
			layers = append(layers, of)
			return nil
		},
	})
	require.NoError(t, err)
	return layers
}

// A site's input is rounded to its grid and nowhere else: the MLP adds W_down times the rounded
// numbers, which is checked with numbers rounded here; tokens kept whole stay.
func TestRoundAtASite(t *testing.T) {
	m := preparedTiny(t)
	c, batch := m.Config, One(document(m.Config, 8, 1))
	free := sitesOf(t, m, batch, nil)
	down, err := tensors.CopyFlatData[float32](m.Params().Layers[0].Down)
	require.NoError(t, err)
	const step, most, kept = 0.05, 127, 3
	whole := make([]float32, 8)
	whole[kept] = 1
	e := &Edits{Whole: tensors.FromFlatDataAndDimensions(whole, 1, 8)}
	e.Round[SiteDown] = tensors.FromValue([]float32{step, most})
	rounded := sitesOf(t, m, batch, e)
	require.Equal(t, free[0][:4], rounded[0][:4], "what a site reads is recorded before it is rounded")
	require.NotEqual(t, free[1][SiteQKV], rounded[1][SiteQKV])
	for pos := range 8 {
		hidden := slices.Clone(free[0][SiteDown][pos*c.Hidden:][:c.Hidden])
		if pos != kept {
			for i, x := range hidden {
				hidden[i] = step * float32(max(-most, min(most, math.RoundToEven(float64(x/step)))))
			}
		}
		for d := range c.Width {
			sum := 0.0
			for i, x := range hidden {
				sum += float64(x) * float64(down[d*c.Hidden+i])
			}
			require.InDelta(t, sum, rounded[0][4][pos*c.Width+d], 2e-4, "token %d", pos+1)
		}
	}
}

// All tokens kept whole: nothing is rounded, bit for bit. A turn without rounding to speak of
// changes nothing beyond float32.
func TestWholeAndTurnedChangeNothing(t *testing.T) {
	m := preparedTiny(t)
	batch := One(document(m.Config, 8, 1))
	free := sitesOf(t, m, batch, nil)
	e := &Edits{Whole: tensors.FromFlatDataAndDimensions(slices.Repeat([]float32{1}, 8), 1, 8), RoundKV: tensors.FromValue([]float32{0, 7})}
	for site := range Sites {
		e.Round[site] = tensors.FromValue([]float32{0, 7})
	}
	require.Equal(t, free, sitesOf(t, m, batch, e))

	h := float32(math.Sqrt(0.5))
	fine := &Edits{}
	for site := range Sites {
		fine.Round[site] = tensors.FromValue([]float32{0, 1 << 22})
		fine.Turn[site] = tensors.FromFlatDataAndDimensions([]float32{h, h, h, -h}, 2, 2)
	}
	got := sitesOf(t, m, batch, fine)
	for l := range free {
		for i := range free[l] {
			require.InDeltaSlice(t, free[l][i], got[l][i], 1e-3)
		}
	}
	coarse := &Edits{RoundKV: tensors.FromValue([]float32{0, 1})}
	require.NotEqual(t, free[0][SiteOut], sitesOf(t, m, batch, coarse)[0][SiteOut])
	require.Equal(t, free[0][SiteQKV], sitesOf(t, m, batch, coarse)[0][SiteQKV])
}

// A turn acts before rounding: a token whose one large channel sets a step of 1 loses channels of
// 0.3, and keeps them where the large one is spread over two channels.
func TestTurn(t *testing.T) {
	h := float32(math.Sqrt(0.5))
	out := MustExecOnce(pureGo(t), func(x, turn, grid *Node) *Node { return Turned(roundTo(Turned(x, turn, false), grid), turn, true) },
		tensors.FromFlatDataAndDimensions([]float32{3, 0.3, 0, 3}, 2, 2), tensors.FromValue([][]float32{{h, h}, {h, -h}}), tensors.FromValue([]float32{0.5 * h, 10}))
	got, err := tensors.CopyFlatData[float32](out)
	require.NoError(t, err)
	// 3.3h and 2.7h are 6.6 and 5.4 steps: 7 and 5, which turned back are 12 · 0.25 and 2 · 0.25.
	require.InDeltaSlice(t, []float32{3, 0.5, 0, 3}, got, 1e-6)
}

func TestTurnOfAWrongShape(t *testing.T) {
	m := preparedTiny(t)
	e := &Edits{}
	e.Round[SiteDown] = tensors.FromValue([]float32{0, 127})
	e.Turn[SiteDown] = tensors.FromFlatDataAndDimensions(make([]float32, 49), 7, 7)
	_, err := m.Forward(One(document(m.Config, 8, 1)), Pass{Edits: func(int) *Edits { return e }})
	require.ErrorContains(t, err, "edit Turn down has shape (Float32)[7, 7]: must be a square of float32 whose side divides 48")
}
