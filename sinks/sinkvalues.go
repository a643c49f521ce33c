package sinks

import (
	"errors"
	"fmt"

	"firsttoken/sinks/stats"
)

// SinkValues says how short the value vector of token 1 is in the heads that have a sink there.
// Query heads count, each with the value of its key/value head. A head has a sink if its mean α₁
// over texts exceeds ε.
type SinkValues struct {
	Rate  stats.Estimate `json:"rate"`  // sink rate, mean over texts, in %
	Heads int            `json:"heads"` // that have a sink
	// Ratio is ‖v₁‖ / mean_j ‖v_j‖, mean over the heads that have a sink, and over texts.
	Ratio stats.Estimate `json:"ratio"`
	// Smallest is the share, in %, of heads with a sink whose ‖v₁‖ is the smallest of all in more
	// than half of the texts. Which heads have a sink and which of them agree is decided anew for
	// every draw of texts.
	Smallest stats.Estimate `json:"smallest"`
	// Layers has the heads with a sink, and those of them that count for Smallest, by layer, [L].
	Layers []SinkValueCount `json:"layers"`
}

// SinkValueCount are the heads of one layer.
type SinkValueCount struct {
	Sinks    int `json:"sinks"`
	Smallest int `json:"smallest"`
}

// ErrNoSink is what [MeasureSinkValues] fails with where no head has a sink.
var ErrNoSink = errors.New("sinks: no head has a sink")

// MeasureSinkValues compares value norms in the traces of texts, which need FirstMass and
// ValueNorm. Where no head has a sink it fails with [ErrNoSink].
func MeasureSinkValues(traces []*Trace, epsilon float64, o stats.Options) (*SinkValues, error) {
	if len(traces) == 0 {
		return nil, errors.New("sinks: no traces to compare value norms in")
	}
	texts := make([]valued, len(traces))
	for i, t := range traces {
		var err error
		if texts[i], err = t.valued(epsilon); err != nil {
			return nil, fmt.Errorf("trace %d: %w", i, err)
		}
		if len(texts[i].score) != len(texts[0].score) || t.L != traces[0].L {
			return nil, fmt.Errorf("trace %d is of another model than trace 0", i)
		}
	}
	rates, ratios, every := make([]float64, len(texts)), make([]float64, len(texts)), make([]int, len(texts))
	for i := range texts {
		rates[i], every[i] = 100*texts[i].rate, i
	}
	v := &SinkValues{Layers: make([]SinkValueCount, traces[0].L)}
	for head := range texts[0].score {
		sink, smallest := agree(texts, every, head, epsilon)
		if !sink {
			continue
		}
		at := &v.Layers[head/traces[0].H]
		v.Heads++
		at.Sinks++
		if smallest {
			at.Smallest++
		}
		for i := range texts {
			ratios[i] += texts[i].ratio[head]
		}
	}
	if v.Heads == 0 {
		return nil, fmt.Errorf("%w above %g: there are no values to compare", ErrNoSink, epsilon)
	}
	for i := range ratios {
		ratios[i] /= float64(v.Heads)
	}
	return v, v.estimate(texts, rates, ratios, epsilon, o)
}

func (v *SinkValues) estimate(texts []valued, rates, ratios []float64, epsilon float64, o stats.Options) (err error) {
	if v.Ratio, err = stats.Mean(ratios, o); err != nil {
		return err
	}
	o.Range = stats.Percent
	if v.Rate, err = stats.Mean(rates, o); err != nil {
		return err
	}
	v.Smallest, err = stats.Bootstrap(len(texts), o, func(draw []int) float64 {
		sinks, agreeing := 0.0, 0.0
		for head := range texts[0].score {
			switch sink, smallest := agree(texts, draw, head, epsilon); {
			case sink && smallest:
				agreeing++
				fallthrough
			case sink:
				sinks++
			}
		}
		return 100 * agreeing / sinks
	})
	return err
}

// valued is one text: its sink rate, and numbers of each query head, [L·H].
type valued struct {
	rate     float64
	score    []float64 // α₁
	ratio    []float64 // ‖v₁‖ / mean_j ‖v_j‖
	smallest []bool    // no other token's value is as short
}

func (t *Trace) valued(epsilon float64) (v valued, err error) {
	scores, err := t.SinkScore(Options{})
	if err != nil {
		return v, err
	}
	ratios, err := t.ValueNormRatio()
	if err != nil {
		return v, err
	}
	v.rate = SinkRate(scores, epsilon)
	for l, row := range scores {
		for h, score := range row {
			k := h * t.K / t.H
			norms := t.ValueNorm[l][k]
			smallest := true
			for _, x := range norms[1:] {
				smallest = smallest && x > norms[0]
			}
			v.score, v.ratio, v.smallest = append(v.score, score), append(v.ratio, ratios[l][k]), append(v.smallest, smallest)
		}
	}
	return v, nil
}

// agree tells whether a head has a sink in these texts, and whether its ‖v₁‖ is the smallest in
// more than half of them.
func agree(texts []valued, draw []int, head int, epsilon float64) (sink, smallest bool) {
	score, n := 0.0, 0
	for _, i := range draw {
		score += texts[i].score[head]
		if texts[i].smallest[head] {
			n++
		}
	}
	return score > epsilon*float64(len(draw)), 2*n > len(draw)
}
