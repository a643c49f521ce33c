package bits

import (
	"fmt"

	"firsttoken/notebooks/claims"
	"firsttoken/sinks/quantize"
	"firsttoken/sinks/stats"
)

// Judge makes the record of S4 on a model, file being where its weights came from.
func Judge(m Model, draws int, notebook, file string) (*claims.Record, error) {
	list, err := m.Removals(draws, stats.DefaultOptions())
	if err != nil {
		return nil, err
	}
	var ours []claims.Figure
	for _, f := range list {
		ours = append(ours, claims.Figure{Name: f.Name, Unit: f.Unit, Estimate: f.Estimate})
	}
	left, err := m.cost(schemeOffKept, quantize.SchemeOffDynamic, draws)
	if err != nil {
		return nil, err
	}
	both, err := stats.Mean(left, stats.DefaultOptions())
	if err != nil {
		return nil, err
	}
	ours = append(ours, claims.Figure{Name: "loss, static − dynamic, sink off and token 1 kept", Unit: "nats", Estimate: both})
	r, err := claims.Judge("S4", notebook, ours, claims.S4())
	if err != nil {
		return nil, err
	}
	r.Model, r.Command = m.Name, "make gemma && make reproduce"
	r.Warnings = []string{"the weights had been quantised before (" + file + "): the baseline is what they dequantise to"}
	r.Provenance = map[string]string{"model": file, "texts": fmt.Sprintf("%d passages of State of the Union addresses and %d others to calibrate on, in %d draws", len(m.Tokens), len(m.CalibrationTokens), draws)}
	return r, nil
}
