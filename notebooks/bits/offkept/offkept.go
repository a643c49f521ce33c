// Package offkept measures what static steps cost a model whose sink is off and whose token 1 is
// kept in full precision as well, for notebook 14. It is apart from package bits so that what was
// measured does not hang on how it is drawn.
package offkept

import (
	"firsttoken/sinks/probe"
	"firsttoken/sinks/quantize"
	"firsttoken/train/transformer"
)

// Loss is the loss by text of 8-bit weights and static activations with the sink off and token 1
// kept in full precision: a sink that is switched off by leaving out what an MLP writes leaves what
// its down projection reads as massive as it was. Keeping token 1 takes that out as well.
func Loss(m *transformer.Model, p quantize.Plan) ([]float64, error) {
	calibration, err := quantize.Traces(m, p.Calibration, quantize.Measure{Under: p.Off})
	if err != nil {
		return nil, err
	}
	net, err := quantize.Read(m)
	if err != nil {
		return nil, err
	}
	if err := net.Round(quantize.W8); err != nil {
		return nil, err
	}
	w8, err := net.Model(m.Backend)
	if err != nil {
		return nil, err
	}
	defer w8.Close()
	var out []float64
	texts, calibrated := len(p.Texts)/p.Draws, len(calibration)/p.Draws
	for d := range p.Draws {
		acts := quantize.Activations{Bits: 8, Keep: quantize.First()}
		if acts.Range, err = quantize.Calibrated(calibration[d*calibrated:][:calibrated], acts.Keep, nil); err != nil {
			return nil, err
		}
		traces, err := quantize.Traces(w8, p.Texts[d*texts:][:texts], quantize.Measure{Loss: true, Under: append([]probe.Intervention{acts}, p.Off...)})
		if err != nil {
			return nil, err
		}
		for _, t := range traces {
			loss := 0.0
			for _, x := range t.Loss {
				loss += float64(x) / float64(len(t.Loss))
			}
			out = append(out, loss)
		}
	}
	return out, nil
}
