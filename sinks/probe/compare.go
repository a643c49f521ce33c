package probe

import (
	"errors"
	"fmt"

	"firsttoken/sinks"
	"firsttoken/sinks/fronts"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/stats"
	"firsttoken/train/transformer"
)

// Compared is what the same texts show behind three fronts.
type Compared struct {
	With    *fronts.Outcome   `json:"with"`    // ⟨bos⟩
	Without *fronts.Outcome   `json:"without"` // nothing
	Other   *fronts.Outcome   `json:"other"`   // an ordinary token in the place of ⟨bos⟩, mean over draws
	Values  *sinks.SinkValues `json:"values"`  // of token 1 behind ⟨bos⟩, in the heads with a sink; nil if there are none
}

// CompareFronts runs texts of token ids, none of which begins with ⟨bos⟩, behind ⟨bos⟩, behind
// nothing and behind an ordinary token, draws times. groups are lists of layers, see
// [fronts.Measure].
func CompareFronts(m *transformer.Model, texts [][]int32, bos int32, draws int, groups ...[]int) (*Compared, error) {
	if draws < 1 || draws >= len(texts) {
		return nil, fmt.Errorf("probe: %d draws of a token from %d other texts: use 1 to %d", draws, len(texts)-1, len(texts)-1)
	}
	measure := func(f Front, draw int) (*fronts.Outcome, []*sinks.Trace, error) {
		docs, interventions, err := f.whole(texts, bos, draw)
		if err != nil {
			return nil, nil, err
		}
		traces, err := Run(m, docs, Options{Interventions: interventions, Metrics: []ondevice.Metric{
			ondevice.FirstMass, ondevice.KeyMass, ondevice.RowEntropy, ondevice.ValueNorm,
		}})
		if err != nil {
			return nil, nil, err
		}
		o, err := fronts.Measure(traces, f.Lead(), groups...)
		return o, traces, err
	}
	var out Compared
	with, traces, err := measure(FrontBOS, 0)
	if err != nil {
		return nil, err
	}
	out.With = with
	out.Values, err = sinks.MeasureSinkValues(traces, sinks.EpsilonGu, stats.DefaultOptions())
	if err != nil && !errors.Is(err, sinks.ErrNoSink) {
		return nil, err
	}
	if out.Without, _, err = measure(FrontNone, 0); err != nil {
		return nil, err
	}
	var others []*fronts.Outcome
	for draw := range draws {
		o, _, err := measure(FrontRandom, draw)
		if err != nil {
			return nil, err
		}
		others = append(others, o)
	}
	out.Other = fronts.Average(others...)
	return &out, nil
}
