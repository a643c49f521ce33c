package beyond

import (
	"fmt"

	"firsttoken/notebooks/beyond/values"
	"firsttoken/notebooks/claims"
	"firsttoken/sinks/stats"
)

// W1 are the figures of claims.W1 and, beside them, what the same heads do without windows and what
// ⟨bos⟩ is worth within the window and beyond.
func W1(m *values.Measured) ([]claims.Figure, error) {
	is, wide := m.Runs[values.AsIs], m.Runs[values.Wide]
	var l claims.List
	for _, f := range []struct {
		name string
		kind byte
		of   [][]float64 // sink scores
		all  bool        // of all heads, not of those followed
	}{
		{claims.WindowSinks, 'L', is.Early, true}, {claims.WindowInView, 'L', is.Late, false},
		{claims.WindowBeyond, 'L', is.Any, false}, {claims.WindowGlobal, 'G', is.Beyond, false},
		{"of those of local layers, with a sink at ⟨bos⟩, beyond, had they no windows", 'L', wide.Beyond, false},
	} {
		share, err := shares(m, f.kind, f.of, f.all)
		if err != nil {
			return nil, fmt.Errorf("beyond: %s: %w", f.name, err)
		}
		l.Mean(f.name, "%", share, stats.Percent)
	}
	for _, run := range []string{values.Hidden, values.Local, values.Global, values.Wide, values.Second, values.Others} {
		for _, s := range halves(m) {
			l.Paired(fmt.Sprintf("loss, %s − %s, %s", run, values.AsIs, s.name), "nats", s.loss(m, run), s.loss(m, values.AsIs))
		}
	}
	for _, s := range halves(m)[1:] {
		l.Paired(fmt.Sprintf("loss, %s − %s, %s", values.AsIs, values.Later, s.name), "nats", s.loss(m, values.AsIs), s.loss(m, values.Later))
	}
	return l.Figures()
}

// shares are, for each text, the heads of one kind of layer whose score exceeds ε, in % of those that
// have a sink at ⟨bos⟩ in the window's first half, or of all.
func shares(m *values.Measured, kind byte, scores [][]float64, all bool) (share []float64, err error) {
	for doc := range scores {
		with, of := 0, 0
		for i, e := range m.Runs[values.AsIs].Early[doc] {
			if m.Kinds[i/m.Heads] != kind || !all && e <= values.Epsilon {
				continue
			}
			of++
			if scores[doc][i] > values.Epsilon {
				with++
			}
		}
		if of == 0 {
			return nil, fmt.Errorf("text %d has no such head", doc+1)
		}
		share = append(share, 100*float64(with)/float64(of))
	}
	return share, nil
}
