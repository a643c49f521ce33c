package probe

import (
	"fmt"

	"firsttoken/sinks/fronts"
	"firsttoken/sinks/ondevice"
	"firsttoken/train/transformer"
)

// Compared is what the same texts show behind three fronts.
type Compared struct {
	With    *fronts.Outcome `json:"with"`    // ⟨bos⟩
	Without *fronts.Outcome `json:"without"` // nothing
	Other   *fronts.Outcome `json:"other"`   // an ordinary token in the place of ⟨bos⟩, mean over draws
}

// CompareFronts runs texts of token ids, none of which begins with ⟨bos⟩, behind ⟨bos⟩, behind nothing and
// behind an ordinary token, draws times: the middle one of another text. groups are lists of layers, see
// [fronts.Measure].
func CompareFronts(m *transformer.Model, texts [][]int32, bos int32, draws int, groups ...[]int) (*Compared, error) {
	if draws < 1 || draws >= len(texts) {
		return nil, fmt.Errorf("probe: %d draws of a token from %d other texts: use 1 to %d", draws, len(texts)-1, len(texts)-1)
	}
	measure := func(front func(i int) []int32) (*fronts.Outcome, error) {
		docs := make([][]int32, len(texts))
		for i, ids := range texts {
			docs[i] = append(front(i), ids...)
		}
		traces, err := Run(m, docs, Options{Metrics: []ondevice.Metric{
			ondevice.FirstMass, ondevice.KeyMass, ondevice.RowEntropy, ondevice.ValueNorm,
		}})
		if err != nil {
			return nil, err
		}
		return fronts.Measure(traces, len(front(0)), groups...)
	}
	var out Compared
	var err error
	if out.With, err = measure(func(int) []int32 { return []int32{bos} }); err != nil {
		return nil, err
	}
	if out.Without, err = measure(func(int) []int32 { return nil }); err != nil {
		return nil, err
	}
	var others []*fronts.Outcome
	for d := range draws {
		o, err := measure(func(i int) []int32 {
			next := texts[(i+d+1)%len(texts)]
			return []int32{next[len(next)/2]}
		})
		if err != nil {
			return nil, err
		}
		others = append(others, o)
	}
	out.Other = fronts.Average(others...)
	return &out, nil
}
