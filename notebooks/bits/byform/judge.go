package byform

import (
	"fmt"

	"firsttoken/notebooks/bits/byform/measure"
	"firsttoken/notebooks/claims"
)

// Figures are what claims.S4t reads, with softmax's sink rate as it was measured elsewhere, and the
// cost of static steps in each form at each number of bits beside it.
func (m Measured) Figures(rate claims.Figure) ([]claims.Figure, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	var list claims.List
	list.Add(rate.Name, rate.Unit, rate.Estimate, nil)
	softmax, bits := m[0], claims.RuleBits
	mean := func(f Form, name string, of func(measure.Run) float64) {
		e, err := f.mean(of)
		list.Add(f.Name+", "+name, "nats", e, err)
	}
	name := claims.StaticCost(bits)
	mean(softmax, name, func(r measure.Run) float64 { return static(r, bits, 0) })
	for _, sinkless := range claims.SinklessForms {
		form, err := m.Form(sinkless)
		if err != nil {
			return nil, err
		}
		e, err := form.paired(softmax, func(a, b measure.Run) float64 { return static(a, bits, 0) - static(b, bits, 0)/2 })
		list.Add(sinkless+", "+name+", less half of softmax's", "nats", e, err)
	}
	mean(softmax, name+", less twice what is left with token 1 kept", func(r measure.Run) float64 { return static(r, bits, 0) - 2*static(r, bits, 1) })
	mean(softmax, name+", another token kept − token 1 kept", func(r measure.Run) float64 { return static(r, bits, measure.Other) - static(r, bits, 1) })
	for _, b := range measure.Bits {
		for _, f := range m {
			if b != bits || f.Name != softmax.Name {
				mean(f, claims.StaticCost(b), func(r measure.Run) float64 { return static(r, b, 0) })
			}
		}
	}
	return list.Figures()
}

// Judge makes the record of S4t.
func (m Measured) Judge(rate claims.Figure, notebook string, p Plan) (*claims.Record, error) {
	ours, err := m.Figures(rate)
	if err != nil {
		return nil, err
	}
	r, err := claims.Judge("S4t", notebook, ours, claims.S4t())
	if err != nil {
		return nil, err
	}
	r.Command = "go run ./train/cmd/sweep -grid notebooks/grids/patterns.json"
	r.Seen = "two runs of softmax that are not judged; no loss of one that is, rounded"
	r.Warnings = []string{"models of 0.2 M parameters; the published ones have 125 M and more"}
	r.Provenance = map[string]string{
		"model": "3 layers, width 64, 4 heads",
		"texts": fmt.Sprintf("%d held-out documents of %d tokens behind ⟨bos⟩, documentation of the Go standard library, and as many to calibrate on, in %d draws", p.N, p.T, p.Draws),
	}
	return r, nil
}

// Plan says how much was read.
type Plan struct{ N, T, Draws int }
