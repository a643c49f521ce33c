package noops

import (
	"fmt"
	"math"
	"slices"

	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/stats"
)

// scores are those of a trace without query 1's own.
func scores(t *sinks.Trace) ([][]float64, error) {
	return t.SinkScore(sinks.Options{ExcludeSelf: true})
}

func effective(t *sinks.Trace) ([][]float64, error) { return t.EffectiveScore(true) }

// ratios repeats each key/value head's value-norm ratio for the query heads that share it.
func ratios(t *sinks.Trace) ([][]float64, error) {
	rows, err := t.ValueNormRatio()
	if err != nil {
		return nil, err
	}
	var out [][]float64
	for _, row := range rows {
		var heads []float64
		for _, x := range row {
			heads = append(heads, slices.Repeat([]float64{x}, t.H/t.K)...)
		}
		out = append(out, heads)
	}
	return out, nil
}

func relaxed(t *sinks.Trace) ([][]float64, error) {
	share, _, err := t.RelaxedSink(sinks.Options{ExcludeSelf: true})
	return share, err
}

// average is the mean over traces of a number by head, [L][H].
func average(traces []*sinks.Trace, number func(*sinks.Trace) ([][]float64, error)) ([][]float64, error) {
	if len(traces) == 0 {
		return nil, fmt.Errorf("noops: no traces")
	}
	out := make([][]float64, traces[0].L)
	for _, t := range traces {
		rows, err := number(t)
		if err != nil {
			return nil, err
		}
		for l, row := range rows {
			if out[l] == nil {
				out[l] = make([]float64, len(row))
			}
			for h, x := range row {
				out[l][h] += x / float64(len(traces))
			}
		}
	}
	return out, nil
}

// Attention maps, head by head, attention to token 1, effective attention, and the value-norm ratio
// of sinks; a table counts classes of sinks; a line compares the first two.
func Attention(traces []*sinks.Trace) (f *plots.Figure, table, line string, err error) {
	var means [4][][]float64
	for i, number := range []func(*sinks.Trace) ([][]float64, error){scores, effective, ratios, relaxed} {
		if means[i], err = average(traces, number); err != nil {
			return nil, "", "", err
		}
	}
	raw, eff, ratio, share := means[0], means[1], means[2], means[3]
	classes, strict := map[sinks.NOPClass]int{}, map[sinks.NOPClass]int{}
	for l := range raw {
		for h := range raw[l] {
			class := sinks.ClassifyNOP(ratio[l][h])
			if share[l][h] >= 0.9 {
				strict[class]++
			}
			if raw[l][h] > sinks.EpsilonGu {
				classes[class]++
			} else {
				ratio[l][h] = math.NaN()
			}
		}
	}
	var panel plots.Panel
	for _, m := range []plots.HeadMap{
		{Title: "Attention to token 1", Values: raw, Max: 1, BarName: "sink score"},
		{Title: "Effective attention", Values: eff, Max: 1, BarName: "effective score"},
		{Title: "Value norm of sinks", Values: ratio, BarName: "‖v₁‖ / mean"},
	} {
		m.Missing, m.Width, m.Aspect = "not sinks", 2.2, 1.6
		if err := panel.Add(m.Figure()); err != nil {
			return nil, "", "", err
		}
	}
	table = "| heads | no-op (≤ 0.2) | mixed | broadcast (≥ 0.5) |\n| --- | --- | --- | --- |\n"
	for i, c := range []map[sinks.NOPClass]int{classes, strict} {
		table += fmt.Sprintf("| %s | %d | %d | %d |\n", []string{"sink score above 0.3", "relaxed sinks: at least half of the attention on token 1 in 90 % of the queries"}[i],
			c[sinks.NoOp], c[sinks.Mixed], c[sinks.Broadcast])
	}
	if line, err = arrives(traces); err != nil {
		return nil, "", "", err
	}
	f, err = panel.Figure()
	return f, table, line, err
}

// arrives compares attention to token 1 with what counts of it, text by text.
func arrives(traces []*sinks.Trace) (string, error) {
	var a, b []float64
	for _, t := range traces {
		raw, err := scores(t)
		if err != nil {
			return "", err
		}
		eff, err := effective(t)
		if err != nil {
			return "", err
		}
		a, b = append(a, sinks.FAttn(raw)), append(b, sinks.FAttn(eff))
	}
	text := "mean over heads:"
	for i, name := range []string{"attention to token 1", "effective attention", "paired difference"} {
		e, err := stats.Mean([][]float64{a, b, a}[i], stats.DefaultOptions())
		if i == 2 {
			e, err = stats.Paired(a, b, stats.DefaultOptions())
		}
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf(" %s %s %%%s", name, e.Scale(100).PlusMinus("%.0f"), []string{",", ",", ""}[i])
	}
	return text, nil
}
