package noops

import (
	"fmt"

	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/stats"
)

// Group is layers that share a curve, counted from 1.
type Group struct {
	Name   string
	Layers []int
}

// Span is a group of the layers from a to b.
func Span(a, b int) Group {
	g := Group{Name: fmt.Sprintf("layers %d – %d", a, b)}
	for l := a; l <= b; l++ {
		g.Layers = append(g.Layers, l)
	}
	return g
}

// bins are those of attention to token 1.
const bins = 10

// written is the write norm of a group's heads over the residual's, in %, by the attention of the
// query to token 1: [bins], one number a text that has such queries.
func written(traces []*sinks.Trace, g Group) ([bins][]float64, error) {
	var perText [bins][]float64
	for n, t := range traces {
		var sum, count [bins]float64
		for _, layer := range g.Layers {
			l := layer - 1
			if l < 0 || l >= len(t.FirstMass) || l >= len(t.HeadWrite) || l >= len(t.ResidNorm) {
				return perText, fmt.Errorf("noops: trace %d has no attention, writes and residual norms of layer %d", n, layer)
			}
			for h, mass := range t.FirstMass[l] {
				for p := 1; p < t.T; p++ {
					b := min(bins-1, int(float64(mass[p])*bins))
					sum[b] += 100 * float64(t.HeadWrite[l][h][p]/t.ResidNorm[l][p])
					count[b]++
				}
			}
		}
		for b := range bins {
			if count[b] > 0 {
				perText[b] = append(perText[b], sum[b]/count[b])
			}
		}
	}
	return perText, nil
}

// Written draws what heads add to the residual stream by how much of its attention the query gives
// to token 1, a curve a group, and says where each begins, is at a third, and ends.
func Written(traces []*sinks.Trace, groups ...Group) (*plots.Figure, string, error) {
	lines := plots.Lines{Title: "What a head adds, by how much it sinks", XName: "attention of the query to token 1", YName: "write norm / residual norm (%)",
		YScale: plots.Log, Legend: plots.LegendRight, Width: 5}
	text := ""
	for _, g := range groups {
		s := plots.Series{Name: g.Name}
		perText, err := written(traces, g)
		if err != nil {
			return nil, "", err
		}
		for b, x := range perText {
			if len(x) < 2 { // too few for an interval
				continue
			}
			e, err := stats.Mean(x, stats.DefaultOptions())
			if err != nil {
				return nil, "", err
			}
			if e.CI == nil {
				continue
			}
			s.X, s.Y = append(s.X, (float64(b)+0.5)/bins), append(s.Y, e.Value)
			s.Lo, s.Hi = append(s.Lo, e.CI.Lo), append(s.Hi, e.CI.Hi)
		}
		if len(s.Y) < 4 {
			return nil, "", fmt.Errorf("noops: %s: too few texts have queries that attend to token 1 to different degrees", g.Name)
		}
		lines.Series = append(lines.Series, s)
		text += fmt.Sprintf("%-24s %4.1f %% at the left end, %4.1f %% at a third, %4.1f %% at the right end\n", g.Name, s.Y[0], s.Y[3], s.Y[len(s.Y)-1])
	}
	f, err := lines.Figure()
	return f, text, err
}
