// Package measure runs models for package security: all of it is forward passes and greedy
// continuations of a dozen tokens. What is measured is defined there.
package measure

import (
	"errors"
	"fmt"
	"math"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/security"
	"firsttoken/train/transformer"
)

// metrics are what sink rates and the scores of keys take.
var metrics = []ondevice.Metric{ondevice.FirstMass, ondevice.KeyMass, ondevice.SelfMass}

// tails runs documents and gives their traces to see and, if it is not nil, the logits of their
// last n tokens to hand.
func tails(m *transformer.Model, docs [][]int32, n, batch int, under []probe.Intervention, see func(i int, t *sinks.Trace) error, hand func(i int, logits [][]float32) error) error {
	o := probe.Options{Metrics: metrics, MetricsOnly: true, Interventions: under, BatchTokens: batch}
	if hand != nil {
		o.Tail, o.OnTail = n, hand
	}
	return probe.Each(m, docs, o, see)
}

// logitsOf keeps the logits of the last n tokens of each document, and hands its trace to see.
func logitsOf(m *transformer.Model, docs [][]int32, n, batch int, under []probe.Intervention, see func(i int, t *sinks.Trace) error) ([][][]float32, error) {
	out := make([][][]float32, len(docs))
	err := tails(m, docs, n, batch, under, see, func(i int, logits [][]float32) error {
		out[i] = logits
		return nil
	})
	return out, err
}

// ignore sees nothing.
func ignore(int, *sinks.Trace) error { return nil }

// kls is KL(p‖q) row by row.
func kls(p, q [][]float32) ([]float64, error) {
	if len(p) != len(q) {
		return nil, fmt.Errorf("measure: %d rows of logits against %d", len(p), len(q))
	}
	out := make([]float64, len(p))
	for t := range p {
		var err error
		if out[t], err = security.KL(p[t], q[t]); err != nil {
			return nil, err
		}
		out[t] = short(out[t])
	}
	return out, nil
}

// meanKL is the mean of kls.
func meanKL(p, q [][]float32) (float64, error) {
	list, err := kls(p, q)
	if err != nil || len(list) == 0 {
		return 0, errors.Join(err)
	}
	return short(sinks.RowSum(list) / float64(len(list))), nil
}

// short keeps five decimals: what is kept of a measurement needs no more.
func short(x float64) float64 { return math.Round(x*1e5)/1e5 + 0 } // + 0: no −0

// rate is the share of heads with α₁ > 0.3, in %, of the blocks from first to last; −1: all.
func rate(t *sinks.Trace, first, last int) (float64, error) {
	scores, err := t.SinkScore(sinks.Options{})
	if err != nil {
		return 0, err
	}
	if first >= 0 {
		scores = scores[first : last+1]
	}
	return short(100 * sinks.SinkRate(scores, sinks.EpsilonGu)), nil
}

// atKey is the share of heads that give a key more than 0.3 of the attention of the queries behind
// it, in %.
func atKey(t *sinks.Trace, pos int) (float64, error) {
	scores, err := t.SinkScore(sinks.Options{Key: pos, ExcludeSelf: true})
	if err != nil {
		return 0, err
	}
	return short(100 * sinks.SinkRate(scores, sinks.EpsilonGu)), nil
}
