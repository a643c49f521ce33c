package curves_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/curves"
	"firsttoken/sinks/stats"
	"firsttoken/train/store"
)

// runs stores curves of two contexts × two seeds: at 100 tokens no sinks, at 200 a sink rate of
// context/1000 + seed/100.
func runs(t *testing.T) []store.Point {
	t.Helper()
	dir := t.TempDir()
	var points []store.Point
	for _, context := range []int{64, 256} {
		for seed := range 2 {
			run := store.At(dir, fmt.Sprintf("run%d-%d", context, seed))
			require.NoError(t, run.Create())
			for step := 1; step <= 2; step++ {
				eval := store.Eval{
					Name: "packed", Loss: 2, T: 8, LossAt: []*float64{new(3.0), new(1 + float64(seed)), nil, new(0.0)},
					SinkRate:   []float64{float64(step-1) * (float64(context)/1000 + float64(seed)/100)},
					SinkScore:  [][]float64{{0.1, 0.2, 0.7, 0.3}},
					ResidPeak:  []float64{1, 3},
					ValueRatio: [][]float64{{1, 0.06}}, // two query heads a key/value head
				}
				record := store.Record{Step: step, Tokens: int64(100 * step), Evals: []store.Eval{eval}}
				if step == 2 {
					eval.Name, eval.Loss = "text", 7
					record.Evals = append(record.Evals, eval)
				}
				require.NoError(t, run.Append(record))
			}
			points = append(points, store.Point{ID: run.ID, Dir: run.Dir, Fields: map[string]string{
				"model.context": fmt.Sprint(context), "seed": fmt.Sprint(seed),
			}})
		}
	}
	return points
}

func TestSet(t *testing.T) {
	set, err := curves.Load(runs(t))
	require.NoError(t, err)
	require.Equal(t, []string{"64", "256"}, set.Values("model.context"))
	require.Empty(t, set.Values("model.layers"))

	long := set.Where("model.context", "256")
	rate, err := long.Final(curves.SinkRate("packed", 0))
	require.NoError(t, err)
	require.InDelta(t, 26.1, rate.Value, 1e-9)
	require.Equal(t, 2, rate.N)
	require.Nil(t, rate.CI, "two runs have no interval")
	half, err := long.Exceeding(curves.SinkRate("packed", 0), 26)
	require.NoError(t, err)
	require.InDelta(t, 50, half.Value, 1e-9)
	require.InDelta(t, 98.74, half.CI.Hi, 0.01) // 1 of 2 by Clopper and Pearson
	bounded, err := long.FinalShare(curves.SinkRate("packed", 0))
	require.NoError(t, err)
	require.Equal(t, rate, bounded)

	series, err := long.Series("256", curves.SinkRate("packed", 0))
	require.NoError(t, err)
	require.Equal(t, []float64{1e-4, 2e-4}, series.X)
	require.InDeltaSlice(t, []float64{0, 26.1}, series.Y, 1e-9)
	require.InDeltaSlice(t, []float64{0, 25.6}, series.Lo, 1e-9)
	require.InDeltaSlice(t, []float64{0, 26.6}, series.Hi, 1e-9)

	one, err := set.Where("model.context", "256", "seed", "1").Series("one", curves.Loss("text"))
	require.NoError(t, err)
	require.Equal(t, []float64{2e-4}, one.X, "an evaluation that only the last record has")
	require.Nil(t, one.Lo)

	first, err := long.First(curves.SinkRate("packed", 0))
	require.NoError(t, err)
	require.Equal(t, []float64{0, 0}, first)
	share, err := set.Crossing(curves.SinkRate("packed", 0), 7)
	require.NoError(t, err)
	require.Equal(t, []float64{100, 100, 100, 100}, share, "context 64 stays below 7 for its first seed and passes it with its last record for the second")
	share, err = set.Crossing(curves.LargestScore("packed"), 0.5)
	require.NoError(t, err)
	require.Equal(t, []float64{50, 50, 50, 50}, share)
	_, err = set.Crossing(curves.Loss("text@64"), 1)
	require.ErrorContains(t, err, "not evaluated so")
	peak, err := long.Last(curves.ResidPeak("packed"))
	require.NoError(t, err)
	require.Equal(t, []float64{3, 3}, peak)

	at, err := long.ByPosition("", "packed")
	require.NoError(t, err)
	require.Equal(t, []float64{1.5, 3.5}, at.X, "two of the four bins have no target")
	require.Equal(t, []float64{3, 1.5}, at.Y)
	_, err = long.ByPosition("", "text@64")
	require.ErrorContains(t, err, "not evaluated so")

	largest, err := set.Last(curves.LargestScore("packed"))
	require.NoError(t, err)
	require.Equal(t, []float64{0.7, 0.7, 0.7, 0.7}, largest)
	ratio, err := set.Last(curves.ValueRatio("packed"))
	require.NoError(t, err)
	require.Equal(t, 0.06, ratio[0], "of the second key/value head")
	score, values := curves.Head("packed", 0, 1)
	second, err := set.Last(score)
	require.NoError(t, err)
	require.Equal(t, 0.2, second[0])
	ratio, err = set.Last(values)
	require.NoError(t, err)
	require.Equal(t, 1.0, ratio[0], "of the first key/value head")
}

func TestUntil(t *testing.T) {
	set, err := curves.Load(runs(t))
	require.NoError(t, err)
	for tokens, want := range map[int64]float64{100: 0, 199: 0, 200: 26.1, 300: 26.1} {
		rate, err := set.Where("model.context", "256").Until(tokens).Final(curves.SinkRate("packed", 0))
		require.NoError(t, err)
		require.InDelta(t, want, rate.Value, 1e-9, "%d tokens", tokens)
	}
	_, err = set.Until(99).Final(curves.SinkRate("packed", 0))
	require.ErrorContains(t, err, "no runs")
	require.Len(t, set.Records[0], 2, "the set itself is not cut")
}

func TestRow(t *testing.T) {
	set, err := curves.Load(runs(t))
	require.NoError(t, err)
	columns := []curves.Column{{"sink rate (%)", curves.SinkRate("packed", 0), 1}, {"loss", curves.Loss("packed"), 3}}
	require.Equal(t, "| context | sink rate (%) | loss |\n| --- | --- | --- |\n", curves.Header(columns, "context"))
	row, err := set.Where("model.context", "256").Row(columns, "256")
	require.NoError(t, err)
	require.Equal(t, "| 256 | 26.1 | 2.000 |\n", row)
	row, err = set.Where("model.context", "256", "seed", "1").Row(columns)
	require.NoError(t, err)
	require.Equal(t, "| 26.6 | 2.000 |\n", row)
	_, err = set.Row([]curves.Column{{"x", curves.Loss("text@64"), 1}})
	require.ErrorContains(t, err, "x: curves: run")
}

func TestRefuses(t *testing.T) {
	points := runs(t)
	set, err := curves.Load(points)
	require.NoError(t, err)
	_, err = set.Where("model.context", "512").Final(curves.Loss("packed"))
	require.ErrorContains(t, err, "no runs")
	_, err = set.Where("context", "64").Series("", curves.Loss("packed"))
	require.ErrorContains(t, err, "no runs")
	_, err = set.Final(curves.Loss("text@64"))
	require.ErrorContains(t, err, `["packed" "text"]`)
	require.NoError(t, store.At(t.TempDir(), "x").Create())
	_, err = curves.Load([]store.Point{{ID: "x", Dir: t.TempDir()}})
	require.ErrorContains(t, err, "no curves")

	extra := store.Run{ID: points[0].ID, Dir: points[0].Dir}
	require.NoError(t, extra.Rewind(1))
	set, err = curves.Load(points)
	require.NoError(t, err)
	_, err = set.Series("", curves.Loss("packed"))
	require.NoError(t, err, "the first run is the shortest")
	set.Records[1][0].Tokens++
	_, err = set.Series("", curves.Loss("packed"))
	require.ErrorContains(t, err, "different tokens")
}

// Runs of two sweeps, of which one varies the context and the other does not name it: asked for a
// context, the others would go missing unsaid.
func TestWhereRefusesAFieldOfSomeRuns(t *testing.T) {
	points := runs(t)
	for _, p := range points[2:] {
		delete(p.Fields, "model.context")
	}
	set, err := curves.Load(points)
	require.NoError(t, err)
	for _, kept := range []*curves.Set{set.Where("model.context", "64"), set.Where("model.context", "64").Where("seed", "0"), set.Where("model.context", "64").Until(200)} {
		_, err = kept.Final(curves.SinkRate("packed", 0))
		require.ErrorContains(t, err, "names the field model.context")
		_, err = kept.Series("", curves.SinkRate("packed", 0))
		require.ErrorContains(t, err, "before they are put together")
	}
	_, err = set.Where("seed", "0").Final(curves.SinkRate("packed", 0))
	require.NoError(t, err, "a field that all have")
}

// Runs that a sweep stored in another order are paired by their seed all the same; sets that do not
// have the same seeds once are refused.
func TestPairs(t *testing.T) {
	points := runs(t)
	points[2], points[3] = points[3], points[2] // of context 256: seed 1 before seed 0
	set, err := curves.Load(points)
	require.NoError(t, err)
	short, long := set.Where("model.context", "64"), set.Where("model.context", "256")
	rate := curves.SinkRate("packed", 0)
	byOrder, err := long.Last(rate)
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{26.6, 25.6}, byOrder, 1e-9)
	pairs, err := curves.PairsAtEnd(rate, short, long)
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{6.4, 7.4}, pairs[0], 1e-9)
	require.InDeltaSlice(t, []float64{25.6, 26.6}, pairs[1], 1e-9)

	contrasts := curves.Contrasts(pairs)
	require.InDelta(t, -60, contrasts[0][0], 1e-9) // 6.4 against a mean of 16
	require.InDelta(t, 60, contrasts[1][0], 1e-9)

	for want, sets := range map[string][]*curves.Set{
		"two runs of a set have seed":  {set, long},
		"pairs need the same":          {short, long.Where("seed", "1")},
		"no runs":                      {short, long.Where("seed", "7")},
		"pairs of fewer than two sets": {short},
	} {
		_, err := curves.PairsAtEnd(rate, sets...)
		require.ErrorContains(t, err, want)
	}
	delete(points[0].Fields, "seed")
	nameless, err := curves.Load(points[:1])
	require.NoError(t, err)
	_, err = curves.PairsAtEnd(rate, nameless, nameless)
	require.ErrorContains(t, err, "names no seed")
}

func TestSlopes(t *testing.T) {
	set, err := curves.Load(runs(t))
	require.NoError(t, err)
	slopes, err := set.Slopes("model.context", curves.SinkRate("packed", 0))
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{9.6, 9.6}, slopes, 1e-9) // 6.4 → 25.6 % in two doublings
	_, err = set.Slopes("seed", curves.SinkRate("packed", 0))
	require.ErrorContains(t, err, `seed = "0" has no logarithm`)
}

func TestCompare(t *testing.T) {
	set, err := curves.Load(runs(t))
	require.NoError(t, err)
	short, long := set.Where("model.context", "64"), set.Where("model.context", "256")
	rate := curves.AtEnd(curves.SinkRate("packed", 0))
	e, err := curves.Compare(rate, long, short, curves.Minus, stats.PercentChange)
	require.NoError(t, err)
	require.InDelta(t, 19.2, e.Value, 1e-9, "the seed's point is in both")
	require.Equal(t, 2, e.N)
	e, err = curves.Compare(rate, long, short, curves.Change, stats.Range{})
	require.NoError(t, err)
	require.InDelta(t, (100*19.2/6.4+100*19.2/7.4)/2, e.Value, 1e-9)
	_, err = curves.Compare(rate, long, set, curves.Minus, stats.Range{})
	require.ErrorContains(t, err, "two runs of a set have seed 0")

	x, err := set.First(curves.SinkRate("packed", 0))
	require.NoError(t, err)
	at, err := curves.Share(x, 5)
	require.NoError(t, err)
	require.Zero(t, at.Value)
	require.InDelta(t, 60.24, at.CI.Hi, 0.01) // 0 of 4 by Clopper and Pearson
}
