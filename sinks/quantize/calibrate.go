package quantize

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// MaxAt is the metric max |x_c| over channels of what a site reads, [B, T], before rounding. Traces have it in Own under its name.
func MaxAt(site transformer.Site) ondevice.Own {
	return ondevice.Own{Name: "max at " + site.String(), Dims: "LT", Reduce: func(_ *transformer.Config, n *transformer.Nodes, _ *graph.Node) *graph.Node {
		return graph.ReduceMax(graph.Abs(n.Read[site]), -1)
	}}
}

// MaxAtSites are those of all sites.
func MaxAtSites() []ondevice.Own {
	var all []ondevice.Own
	for site := range transformer.Sites {
		all = append(all, MaxAt(site))
	}
	return all
}

// Traces runs a model on documents for what this package asks of traces: the largest channel of each token at every site and of the
// residual stream, moments, and, unless none is asked for, the loss.
func Traces(m *transformer.Model, docs [][]int32, loss bool, under ...probe.Intervention) ([]*sinks.Trace, error) {
	return probe.Run(m, docs, probe.Options{
		Metrics: []ondevice.Metric{ondevice.ResidMax}, Own: slices.Concat(MaxAtSites(), moments()), MetricsOnly: !loss, Interventions: under,
	})
}

// Calibrated is the range of static steps: the largest |x| of traces, as [Traces] makes them, at each layer and site, tokens that are
// kept left out.
func Calibrated(traces []*sinks.Trace, keep *Keep) (Range, error) {
	if len(traces) == 0 {
		return nil, errors.New("quantize: no texts to calibrate on")
	}
	r := make(Range, traces[0].L)
	for _, t := range traces {
		kept := keep.at(t.IDs)
		for site := range transformer.Sites {
			name := MaxAt(site).Name
			own := t.Own[name]
			if own == nil || len(own.Values) == 0 || len(own.Values[0]) != len(r) {
				return nil, fmt.Errorf("quantize: a trace without %q for %d layers: use Traces", name, len(r))
			}
			for l, row := range own.Values[0] {
				for pos, x := range row {
					if !slices.Contains(kept, pos) {
						r[l][site] = max(r[l][site], x)
					}
				}
			}
		}
	}
	return r, nil
}

// Calibrate is [Calibrated] of documents, under interventions that hold later too, such as a sink switched off.
func Calibrate(m *transformer.Model, docs [][]int32, keep *Keep, under ...probe.Intervention) (Range, error) {
	traces, err := Traces(m, docs, false, under...)
	if err != nil {
		return nil, err
	}
	return Calibrated(traces, keep)
}
