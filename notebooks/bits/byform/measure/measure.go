// Package measure tells what few bits cost trainings that differ in how scores become attention
// (notebooks/grids/patterns.json), for package byform to compare: numbers are rounded as package
// quantize defines it, on held-out documents behind ⟨bos⟩.
//
// Steps are set by other documents, in draws: each draw's texts are read with the steps that
// calibration texts of its own gave. All forms and seeds read the same texts and are calibrated on
// the same, so differences between them are paired.
package measure

import (
	"context"
	"fmt"
	"math"
	"slices"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/quantize"
	"firsttoken/train"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/transformer"
)

// Plan says what is read.
type Plan struct {
	Draws       int
	Texts       [][]int32 // to measure, ⟨bos⟩ and T − 1 tokens each; the draws share them evenly, in order
	Calibration [][]int32 // to set static steps by, as many and as long
}

// Cut takes the first 2n held-out documents of a run that have T − 1 tokens or more, cut to T with
// ⟨bos⟩ in front: n to measure, the others to calibrate on. All runs of a grid have read the same
// text, so one run's will do for all. The error wraps local.ErrAbsent if its text is not there.
func Cut(ctx context.Context, run string, n, T, draws int) (Plan, error) {
	held, err := train.Texts(ctx, "", run, 2*n, T-1)
	if err != nil {
		return Plan{}, err
	}
	var docs [][]int32
	for _, ids := range held.IDs {
		docs = append(docs, append([]int32{held.BOS}, ids...))
	}
	return Plan{Draws: draws, Texts: docs[:n], Calibration: docs[n:]}, nil
}

// Validate refuses texts that do not divide into draws.
func (p Plan) Validate() error {
	if p.Draws < 1 || len(p.Texts) == 0 || len(p.Texts)%p.Draws != 0 || len(p.Calibration) != len(p.Texts) {
		return fmt.Errorf("measure: %d texts and %d calibration texts: as many of both are needed, in %d even draws", len(p.Texts), len(p.Calibration), p.Draws)
	}
	return nil
}

// Run is what came of one training.
type Run struct {
	ID    string             `json:"id"`
	Seed  uint64             `json:"seed"`
	Loss  map[string]float64 `json:"loss"` // mean over texts, nats a token, by Scheme.String
	Sites Sites              `json:"sites"`
	// Output are the outliers' measures of the residual stream as it leaves each block, means over
	// texts.
	Output []quantize.Outliers `json:"output"`
}

// Sites says, by layer and site, how many times as large as the median token's own step the largest
// token's is: what a static step has to reach over, means over texts. Tokens that read zeros alone
// do not count for the median. Without is the same with token 1 left out.
type Sites struct {
	All     [][transformer.Sites]float64 `json:"all"`
	Without [][transformer.Sites]float64 `json:"without"`
}

// Runs measures those of the configurations that are trained here, on the texts that [Cut] gives.
// The error wraps local.ErrAbsent if none is, or the weights or the text of one are not there.
func Runs(ctx context.Context, configs []train.Config, n, T, draws int) (runs []Run, err error) {
	states, err := train.Status(configs, "")
	if err != nil {
		return nil, err
	}
	states = slices.DeleteFunc(states, func(s train.State) bool { return s.Result == nil })
	if len(states) == 0 {
		return nil, fmt.Errorf("measure: none of %d runs is trained: they are %w", len(configs), local.ErrAbsent)
	}
	p, err := Cut(ctx, states[0].Config.ID(), n, T, draws)
	if err != nil {
		return nil, err
	}
	on, _, err := backend.Open()
	if err != nil {
		return nil, err
	}
	var first *transformer.Model // what is compiled for it serves all
	for _, s := range states {
		m, _, err := train.LoadModel(on, "", s.Config.ID())
		if err != nil {
			return nil, err
		}
		defer m.Close()
		if first == nil {
			first = m
		}
		r := Run{ID: s.Config.ID(), Seed: s.Config.Seed}
		err = lend(first, m, func() error { return r.measure(first, p) })
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", r.ID, err)
		}
		r.round()
		runs = append(runs, r)
	}
	return runs, nil
}

// round keeps millionths of a nat and thousandths of a ratio: what comes with the checkout is to be
// small.
func (r *Run) round() {
	for name, x := range r.Loss {
		r.Loss[name] = math.Round(1e6*x) / 1e6
	}
	short := func(x *float64) { *x = math.Round(1000*(*x)) / 1000 }
	for l := range r.Output {
		for _, x := range []*float64{&r.Output[l].Max, &r.Output[l].Ratio, &r.Output[l].Kurtosis} {
			short(x)
		}
		for site := range transformer.Sites {
			short(&r.Sites.All[l][site])
			short(&r.Sites.Without[l][site])
		}
	}
}

// measure fills in what a model does under all [Schemes]; the model stays as it is.
func (r *Run) measure(m *transformer.Model, p Plan) error {
	r.Loss = map[string]float64{}
	if err := p.Validate(); err != nil {
		return err
	}
	texts, err := quantize.Traces(m, p.Texts, quantize.Measure{})
	if err != nil {
		return err
	}
	if err := r.outliers(texts); err != nil {
		return err
	}
	calibration, err := quantize.Traces(m, p.Calibration, quantize.Measure{})
	if err != nil {
		return err
	}
	for _, w := range []quantize.Scheme{quantize.Float, quantize.W8, quantize.W4} {
		err := rounded(m, w, func() error {
			for _, s := range Schemes() {
				if s.Weights != w {
					continue
				}
				loss, err := p.loss(m, s, calibration)
				if err != nil {
					return fmt.Errorf("%s: %w", s, err)
				}
				r.Loss[s.String()] = loss
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// loss is the mean loss of the texts under a scheme, of a model whose weights are rounded already.
func (p Plan) loss(m *transformer.Model, s Scheme, calibration []*sinks.Trace) (sum float64, err error) {
	size := len(p.Texts) / p.Draws
	for d := range p.Draws {
		acts := quantize.Activations{Bits: s.Bits, KV: s.KV, Keep: s.keep()}
		if s.Static {
			if acts.Range, err = quantize.Calibrated(calibration[d*size:][:size], acts.Keep, nil); err != nil {
				return 0, err
			}
		}
		traces, err := probe.Run(m, p.Texts[d*size:][:size], probe.Options{
			Metrics: []ondevice.Metric{ondevice.FirstMass}, Interventions: []probe.Intervention{acts},
		})
		if err != nil {
			return 0, err
		}
		for _, t := range traces {
			loss, err := t.MeanLoss()
			if err != nil {
				return 0, err
			}
			sum += loss / float64(len(p.Texts))
		}
	}
	return sum, nil
}

// outliers fills in what the texts at full precision show.
func (r *Run) outliers(texts []*sinks.Trace) error {
	n := float64(len(texts))
	r.Output = make([]quantize.Outliers, texts[0].L)
	r.Sites = Sites{All: make([][transformer.Sites]float64, texts[0].L), Without: make([][transformer.Sites]float64, texts[0].L)}
	for _, t := range texts {
		list, err := quantize.MeasureOutliers(t, quantize.BlockOutput)
		if err != nil {
			return err
		}
		for l, o := range list {
			r.Output[l].Max += o.Max / n
			r.Output[l].Ratio += o.Ratio / n
			r.Output[l].Kurtosis += o.Kurtosis / n
			for site := range transformer.Sites {
				row := t.Own[quantize.MaxAt(site).Name].Values[0][l]
				r.Sites.All[l][site] += over(row, row) / n
				r.Sites.Without[l][site] += over(row[1:], row) / n
			}
		}
	}
	return nil
}

// over is the largest of some tokens over the median of all that are not 0: a token at which every
// head rests reads nothing but zeros, which any step leaves as they are. 1 where all are.
func over(some, all []float32) float64 {
	median := sinks.MedianAbs(slices.DeleteFunc(slices.Clone(all), func(x float32) bool { return x == 0 }))
	if !(median > 0) {
		return 1
	}
	return float64(slices.Max(some)) / float64(median)
}
