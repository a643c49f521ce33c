package quantize_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/quantize"
	"firsttoken/sinks/stats"
)

// plan is a small one: two draws of one text and two calibration texts.
func plan() quantize.Plan {
	return quantize.Sink{Makers: []int{0}, First: 1, Last: 1}.Plan(texts(6), 2, 2, 4)
}

// Each scheme is measured once a text, and is what the parts say it is.
func TestCompare(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: every scheme")
	}
	m, p := model(t), plan()
	c, err := quantize.Compare(m, p)
	require.NoError(t, err)
	for _, name := range []string{
		quantize.SchemeFloat, quantize.SchemeW8, quantize.SchemeW4, quantize.SchemeKV4, quantize.SchemeDynamic, quantize.SchemeStatic, quantize.SchemeFirst,
		quantize.SchemeOutliers, quantize.SchemeOther, quantize.SchemeOff, quantize.SchemeOffDynamic, quantize.SchemeOffStatic, quantize.SchemeElsewhereD, quantize.SchemeElsewhereS,
	} {
		require.Len(t, c.Loss[name], 2, name)
	}
	require.Len(t, c.Loss, 14)
	mean := func(x []float32) (sum float64) {
		for _, v := range x {
			sum += float64(v) / float64(len(x))
		}
		return sum
	}
	net, err := quantize.Read(m)
	require.NoError(t, err)
	require.NoError(t, net.Round(quantize.W8))
	w8, err := net.Model(m.Backend)
	require.NoError(t, err)
	defer w8.Close()
	// The second draw's text, with steps of its own calibration texts, token 1 kept.
	list, err := quantize.Traces(m, p.Calibration[2:], quantize.Measure{})
	require.NoError(t, err)
	r, err := quantize.Calibrated(list, quantize.First(), nil)
	require.NoError(t, err)
	want := traces(t, w8, p.Texts[1:], quantize.Activations{Bits: 8, Range: r, Keep: quantize.First()})
	require.InDelta(t, mean(want[0].Loss), c.Loss[quantize.SchemeFirst][1], 1e-5)
	want = traces(t, m, p.Texts[1:], p.Off[0])
	require.InDelta(t, mean(want[0].Loss), c.Loss[quantize.SchemeOff][1], 1e-5)
	require.Len(t, c.Rate, 2)
	require.Len(t, c.RateOff, 2)
	require.Len(t, c.Tokens, 2)
	require.Len(t, c.CalibrationTokens, 4)
	require.Len(t, c.Output, 2)
	require.Len(t, c.Massive[1], 9)

	q, err := quantize.RandomRotation(m.Config.Width, 1)
	require.NoError(t, err)
	loss, err := quantize.CompareRewritten(m, p, []quantize.Rewritten{
		{Name: "as it is", Rewrite: func(*quantize.Net) error { return nil }},
		{Name: "turned", Rewrite: func(n *quantize.Net) error { return n.Rotate(m.Backend, q) }},
	})
	require.NoError(t, err)
	require.Len(t, loss, 4)
	require.InDeltaSlice(t, c.Loss[quantize.SchemeStatic], loss["as it is, static"], 1e-5)
	require.InDeltaSlice(t, c.Loss[quantize.SchemeDynamic], loss["as it is, dynamic"], 1e-5)
	require.NotEqual(t, loss["as it is, dynamic"], loss["turned, dynamic"])

	p.Draws = 3
	_, err = quantize.Compare(m, p)
	require.ErrorContains(t, err, "3 draws must share both evenly")
	p.Draws, p.Last = 2, 2
	_, err = quantize.Compare(m, p)
	require.ErrorContains(t, err, "the model has 2")
}

func TestByDraw(t *testing.T) {
	got, err := quantize.ByDraw([]float64{1, 2, 3, 5}, []float64{0, 1, 1, 1}, 2)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 3}, got)
	_, err = quantize.ByDraw([]float64{1, 2, 3}, []float64{0, 1, 1}, 2)
	require.Error(t, err)
}

// The interval of a share covers what it says, near enough, on costs that spread as ours do:
// lognormal, and a share of each that goes that varies from draw to draw and is larger where the
// cost is.
func TestShareOfCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	draw := func(n int) (part, whole []float64) {
		for range n {
			cost := math.Exp(0.5 * rng.NormFloat64())
			part = append(part, cost*(0.6+0.1*rng.NormFloat64()+0.1*(cost-1)))
			whole = append(whole, cost)
		}
		return part, whole
	}
	a, b := 0.0, 0.0
	part, whole := draw(400_000)
	for i := range part {
		a, b = a+part[i], b+whole[i]
	}
	covered, runs := 0, 400
	for range runs {
		e, err := quantize.ShareOf(ofTen(draw(10)))
		require.NoError(t, err)
		if e.CI.Lo <= a/b && a/b <= e.CI.Hi {
			covered++
		}
	}
	require.InDelta(t, 0.93, float64(covered)/float64(runs), 0.05)
	_, err := quantize.ShareOf([]float64{1}, nil, stats.Options{})
	require.Error(t, err)
}

// What goes is counted against the cost, draw by draw, and beside what another remedy removes.
func TestRemovals(t *testing.T) {
	c := &quantize.Compared{Loss: map[string][]float64{}, Rate: []float64{80, 80, 90}, RateOff: []float64{0, 5, 0}}
	rng := rand.New(rand.NewPCG(7, 8))
	for range 10 {
		base, cost := 3+rng.Float64(), 1+0.2*rng.Float64()
		for name, x := range map[string]float64{
			quantize.SchemeDynamic: base, quantize.SchemeStatic: base + cost, quantize.SchemeFirst: base + 0.25*cost, quantize.SchemeOther: base + cost,
			quantize.SchemeOutliers: base, quantize.SchemeOffDynamic: base + 1, quantize.SchemeOffStatic: base + 1 + 0.5*cost,
			quantize.SchemeElsewhereD: base, quantize.SchemeElsewhereS: base + 0.9*cost,
		} {
			c.Loss[name] = append(c.Loss[name], x)
		}
	}
	list, err := c.Removals(10, stats.Options{Resamples: 200})
	require.NoError(t, err)
	want := []float64{1.1, 83.3, 1.67, 75, 75, 50, 40, 100}
	require.Len(t, list, len(want))
	for i, f := range list {
		require.InDelta(t, want[i], f.Value, 0.06+0.001*want[i], f.Name)
	}
	delete(c.Loss, quantize.SchemeFirst)
	_, err = c.Removals(10, stats.Options{Resamples: 200})
	require.ErrorContains(t, err, "10 draws")
}

func TestCensus(t *testing.T) {
	any, first, later, behind := quantize.Census([][]int{{0}, {}, {0, 3, 9}, {4}})
	require.Equal(t, []int{3, 2, 2, 3}, []int{any, first, later, behind})
	require.Equal(t, `"b" × 2, "a" × 1`, quantize.Commonest([]string{"b", "c", "a", "b"}, 2))
	require.Empty(t, quantize.Commonest(nil, 3))
}

func ofTen(part, whole []float64) ([]float64, []float64, stats.Options) {
	return part, whole, stats.Options{Resamples: 500}
}
