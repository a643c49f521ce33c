// Package measure measures the controls of notebook 4: models of the five packings with ⟨bos⟩ in
// front of held-out texts, without it, with its key hidden, with another token there, with two.
package measure

import (
	"firsttoken/notebooks/runs"
	"firsttoken/notebooks/table2/controls"
	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train"
	"firsttoken/train/store"
	"firsttoken/train/transformer"
)

// Controls measures every run on texts of T tokens. The error wraps local.ErrAbsent where weights
// are not here.
func Controls(points []store.Point, texts train.HeldOut, T int) (all []controls.Control, err error) {
	err = runs.Each(points, func(i int, m *transformer.Model, _ train.Config) error {
		fields := points[i].Fields
		all = append(all, controls.Control{Mask: fields["packing.mask"], BOS: fields["packing.bos"], Sink: map[string]float64{}, Loss: map[string]float64{}})
		return control(m, texts, T, &all[i])
	})
	return all, err
}

// control measures one model behind every front.
func control(m *transformer.Model, texts train.HeldOut, T int, to *controls.Control) error {
	n := float64(len(texts.IDs))
	for _, f := range probe.Fronts() {
		docs, edits, err := f.Documents(texts.IDs, T, texts.BOS)
		if err != nil {
			return err
		}
		traces, err := probe.Run(m, docs, probe.Options{Metrics: []ondevice.Metric{ondevice.FirstMass, ondevice.RowSum}, Interventions: edits})
		if err != nil {
			return err
		}
		for _, t := range traces {
			rate, err := t.SinkRate(0.3, sinks.RateOptions{})
			if err != nil {
				return err
			}
			to.Sink[string(f)] += 100 * rate.Value / n
			for _, loss := range t.Loss[f.Lead() : f.Lead()+T-3] { // targets that all five have
				to.Loss[string(f)] += float64(loss) / n / float64(T-3)
			}
		}
	}
	return nil
}
