// Package noops draws and judges what notebook 07 measures: how short the value of token 1 is, what
// attention to it counts, what heads write while they give it, and what leaving that out costs
// (claim C3 of Barbero et al., arXiv 2504.02732). Package ablate measures the last; nothing here
// loads a model.
package noops

import (
	"fmt"
	"slices"

	"firsttoken/notebooks/claims"
	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/stats"
)

// Condition is texts under one condition, all of one length.
type Condition struct {
	Name   string
	Traces []*sinks.Trace // with value norms
}

// Values draws the value norms of token 1 against those of the other tokens: by position, by head,
// by layer, and by rank.
func Values(conditions ...Condition) (*plots.Figure, error) {
	if len(conditions) == 0 || len(conditions[0].Traces) == 0 {
		return nil, fmt.Errorf("noops: no traces to draw value norms of")
	}
	t := conditions[0].Traces[0].T
	position := plots.Lines{Title: "By position, over heads: median, 10 to 90 %", XName: "position", YName: "‖v‖₂ / mean", Legend: plots.LegendBelow}
	head := plots.Histogram{Title: "Token 1, one count a head", XName: "‖v₁‖₂ / mean, over texts", YName: "key/value heads", Legend: plots.LegendBelow}
	layer := plots.Lines{Title: "Smallest of all, by layer", XName: "layer", YName: "share of (text, head) (%)", Legend: plots.LegendBelow}
	rank := plots.Histogram{Title: fmt.Sprintf("Rank of token 1 of %d", t), XName: "rank, 1 = smallest", YName: "share of triples", Bins: t, Min: 0.5,
		Max: float64(t) + 0.5, Share: true, Legend: plots.LegendBelow}
	for _, c := range conditions {
		heads, err := relative(c.Traces, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		line, first := plots.Series{Name: c.Name}, plots.Sample{Name: c.Name}
		for at := range t {
			var x []float64
			for _, h := range heads {
				x = append(x, h[at])
			}
			slices.Sort(x)
			line.Lo, line.Y, line.Hi = append(line.Lo, x[len(x)/10]), append(line.Y, x[len(x)/2]), append(line.Hi, x[len(x)-1-len(x)/10])
			if at == 0 {
				first.Values = x
			}
		}
		layers, all, err := smallest(c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		position.Series, head.Samples = append(position.Series, line), append(head.Samples, first)
		layer.Series, rank.Samples = append(layer.Series, layers), append(rank.Samples, all)
	}
	panel := plots.Panel{Title: "Value norms of token 1 against those of the other tokens", Columns: 2}
	for _, f := range []interface{ Figure() (*plots.Figure, error) }{position, head, layer, rank} {
		if err := panel.Add(f.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// relative is ‖v_t‖ / mean_j ‖v_j‖ of each key/value head at each position, mean over texts.
func relative(traces []*sinks.Trace, length int) ([][]float64, error) {
	if len(traces) == 0 {
		return nil, fmt.Errorf("noops: no traces")
	}
	heads := make([][]float64, traces[0].L*traces[0].K)
	for i := range heads {
		heads[i] = make([]float64, length)
		for n, t := range traces {
			if t.ValueNorm == nil || t.T != length || t.L*t.K != len(heads) {
				return nil, fmt.Errorf("noops: trace %d has no value norms, or is of another length or model than the first", n)
			}
			norms := t.ValueNorm[i/t.K][i%t.K]
			for p := range norms {
				x, err := sinks.ValueNormRatio(norms, p)
				if err != nil {
					return nil, err
				}
				heads[i][p] += x / float64(len(traces))
			}
		}
	}
	return heads, nil
}

// smallest is how often token 1 has the smallest value, by layer in % of (text, head), with its
// interval over texts; and its rank in every text and head.
func smallest(c Condition) (layers plots.Series, all plots.Sample, err error) {
	layers, all = plots.Series{Name: c.Name}, plots.Sample{Name: c.Name}
	for l := range c.Traces[0].L {
		var shares []float64
		for _, t := range c.Traces {
			n := 0.0
			for _, norms := range t.ValueNorm[l] {
				r := rank(norms)
				if r == 1 {
					n += 100 / float64(t.K)
				}
				all.Values = append(all.Values, float64(r))
			}
			shares = append(shares, n)
		}
		e, err := stats.Mean(shares, stats.Options{Range: stats.Percent})
		if err != nil {
			return layers, all, err
		}
		lo, hi := e.Ends()
		layers.Lo, layers.Y, layers.Hi = append(layers.Lo, lo), append(layers.Y, e.Value), append(layers.Hi, hi)
	}
	return layers, all, nil
}

// rank is that of token 1 among the value norms of a text: 1 is the smallest.
func rank(norms []float32) int {
	rank := 1
	for _, x := range norms[1:] {
		if x < norms[0] {
			rank++
		}
	}
	return rank
}

// Judge makes the record of C3 from texts behind ⟨bos⟩, the same without it beside, and lists by
// layer the heads with a sink whose token 1 has the smallest value.
func Judge(bos, none []*sinks.Trace) (*claims.Record, string, error) {
	values, err := sinks.MeasureSinkValues(bos, sinks.EpsilonGu, stats.DefaultOptions())
	if err != nil {
		return nil, "", err
	}
	bare, err := sinks.MeasureSinkValues(none, sinks.EpsilonGu, stats.DefaultOptions())
	if err != nil {
		return nil, "", err
	}
	r, err := claims.Judge("C3", "notebooks/07-no-op-heads.ipynb", []claims.Figure{
		{Name: "sink rate", Unit: "%", Estimate: values.Rate},
		{Name: "‖v₁‖ / mean ‖vⱼ‖ in heads with a sink", Estimate: values.Ratio},
		{Name: "heads with a sink whose token 1 has the smallest value in most texts", Unit: "%", Estimate: values.Smallest},
		{Name: "the same without ⟨bos⟩", Unit: "%", Estimate: bare.Smallest},
	}, claims.C3(claims.AnyFirst))
	if err != nil {
		return nil, "", err
	}
	from := slices.IndexFunc(values.Layers, func(x sinks.SinkValueCount) bool { return x.Smallest > 0 && 2*x.Smallest > x.Sinks })
	text := "heads with a sink whose token 1 has the smallest value in most texts, by layer:\n  "
	var early, late sinks.SinkValueCount
	for l, x := range values.Layers {
		part := &late
		if l < from {
			part = &early
		}
		part.Sinks, part.Smallest = part.Sinks+x.Sinks, part.Smallest+x.Smallest
		text += fmt.Sprintf(" %d: %d/%d", l+1, x.Smallest, x.Sinks)
	}
	r.Warnings = append(r.Warnings, fmt.Sprintf("it is a matter of depth: layers 1 to %d, %d of %d heads with a sink; layers %d to %d, %d of %d",
		from, early.Smallest, early.Sinks, from+1, len(values.Layers), late.Smallest, late.Sinks))
	return r, text, nil
}
