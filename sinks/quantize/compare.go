package quantize

import (
	"fmt"
	"slices"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// Plan says what schemes are compared on. The texts are divided into draws, in their order and all
// alike: each draw has its own calibration texts, which set the static steps that its own texts are
// read with. Draws share no text, so they are the units that intervals are over.
type Plan struct {
	Draws       int
	Texts       [][]int32 // to measure, of one length
	Calibration [][]int32 // of one length
	// Off switches the sink off where token 1 is made massive; Elsewhere does the same at another
	// token, Other, which is also kept in place of token 1 as a control.
	Off, Elsewhere []probe.Intervention
	Other          int
	// First is the first block above those that make the sink, 0-based, and Last the last in which
	// it stands.
	First, Last int
}

// Sink is where a model's sink is made: by what the MLPs of some blocks write at token 1, 0-based.
// It stands in the blocks First to Last.
type Sink struct {
	Makers      []int
	First, Last int
}

// The sinks of the models here: found by leaving updates out (notebooks 1, 6 and 14).
var (
	SmolLM2Sink = Sink{Makers: []int{11}, First: 12, Last: 27}
	Gemma3Sink  = Sink{Makers: []int{3, 4, 5, 6, 7, 8}, First: 9, Last: 17}
)

// Plan divides texts: the first n to measure, the others to calibrate on. other is the token that
// is treated as token 1 is, as a control.
func (s Sink) Plan(texts [][]int32, n, draws, other int) Plan {
	p := Plan{Draws: draws, Texts: texts[:n], Calibration: texts[n:], Other: other, First: s.First, Last: s.Last}
	for _, l := range s.Makers {
		p.Off = append(p.Off, probe.SkipUpdate{Layer: l, Pos: 0, Part: probe.MLP})
		p.Elsewhere = append(p.Elsewhere, probe.SkipUpdate{Layer: l, Pos: other, Part: probe.MLP})
	}
	return p
}

// Compared is what came of a plan.
type Compared struct {
	Loss map[string][]float64 // mean loss in nats, by scheme and text
	// Rate and RateOff are shares of the heads of the sink's blocks with α₁ > 0.3, in %, by text.
	Rate, RateOff []float64
	// Tokens and CalibrationTokens are the outlier tokens of each text, 0-based.
	Tokens, CalibrationTokens [][]int
	// Output and Down are the outliers' measures by layer, means over texts, at the block's output
	// and the down projection's input.
	Output, Down []Outliers
	// Massive is max_c |h| of the first text by block and token, at the block's output.
	Massive [][]float32
}

// Schemes that [Compare] measures, all names of Compared.Loss: weights alone, then 8-bit weights
// with 8-bit activations.
const (
	SchemeFloat      = "float"
	SchemeW8         = "W8"
	SchemeW4         = "W4"
	SchemeKV4        = "KV4"
	SchemeDynamic    = "W8A8 dynamic"
	SchemeStatic     = "W8A8 static"
	SchemeFirst      = "static, token 1 kept"
	SchemeOutliers   = "static, outlier tokens kept"
	SchemeOther      = "static, another token kept"
	SchemeOff        = "sink off, float"
	SchemeOffDynamic = "sink off, dynamic"
	SchemeOffStatic  = "sink off, static"
	SchemeElsewhereD = "off elsewhere, dynamic"
	SchemeElsewhereS = "off elsewhere, static"
)

// Compare measures all schemes that need no other model than m with its weights rounded.
func Compare(m *transformer.Model, p Plan) (*Compared, error) {
	if err := p.check(&m.Config); err != nil {
		return nil, err
	}
	texts, err := Traces(m, p.Texts, Measure{Loss: true})
	if err != nil {
		return nil, err
	}
	plainLoss, err := losses(texts)
	if err != nil {
		return nil, err
	}
	c := &Compared{Loss: map[string][]float64{SchemeFloat: plainLoss}, Massive: texts[0].ResidMax[1:]}
	if err := c.outliers(texts, p); err != nil {
		return nil, err
	}
	plain, err := Traces(m, p.Calibration, Measure{})
	if err != nil {
		return nil, err
	}
	for _, t := range plain {
		tokens, err := OutlierTokens(t)
		if err != nil {
			return nil, err
		}
		c.CalibrationTokens = append(c.CalibrationTokens, tokens)
	}
	off, err := Traces(m, p.Calibration, Measure{Under: p.Off})
	if err != nil {
		return nil, err
	}
	elsewhere, err := Traces(m, p.Calibration, Measure{Under: p.Elsewhere})
	if err != nil {
		return nil, err
	}
	massive, err := KeepOutliers(slices.Concat(texts, plain))
	if err != nil {
		return nil, err
	}
	offRun := run{m: m, p: p, under: p.Off}
	if c.RateOff, err = offRun.losses(c.Loss, SchemeOff, Activations{}, nil); err != nil {
		return nil, err
	}
	if _, err = (run{m: m, p: p}).losses(c.Loss, SchemeKV4, Activations{KV: 4}, nil); err != nil {
		return nil, err
	}
	for _, weights := range []struct {
		scheme Scheme
		name   string
	}{{W4, SchemeW4}, {W8, SchemeW8}} {
		err := rounded(m, weights.scheme, func(m *transformer.Model) error {
			if _, err := (run{m: m, p: p}).losses(c.Loss, weights.name, Activations{}, nil); err != nil || weights.scheme != W8 {
				return err
			}
			for _, s := range []struct {
				name   string
				under  []probe.Intervention
				keep   *Keep
				ranges []*sinks.Trace // nil: dynamic
			}{
				{SchemeDynamic, nil, nil, nil}, {SchemeStatic, nil, nil, plain},
				{SchemeFirst, nil, First(), plain}, {SchemeOutliers, nil, massive, plain}, {SchemeOther, nil, Positions(p.Other), plain},
				{SchemeOffDynamic, p.Off, nil, nil}, {SchemeOffStatic, p.Off, nil, off},
				{SchemeElsewhereD, p.Elsewhere, nil, nil}, {SchemeElsewhereS, p.Elsewhere, nil, elsewhere},
			} {
				if _, err := (run{m: m, p: p, under: s.under}).losses(c.Loss, s.name, Activations{Bits: 8, Keep: s.keep}, s.ranges); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Rewritten is a model of other weights that computes the same before anything is rounded.
type Rewritten struct {
	Name    string
	Rewrite func(n *Net) error
	Turn    *Turn // an online turn of its activations too, or nil
}

// CompareRewritten measures rewritten models with weights and activations of 8 bits, static and
// dynamic: names are "NAME, static" and "NAME, dynamic".
func CompareRewritten(m *transformer.Model, p Plan, list []Rewritten) (map[string][]float64, error) {
	if err := p.check(&m.Config); err != nil {
		return nil, err
	}
	loss := map[string][]float64{}
	for _, r := range list {
		net, err := Read(m)
		if err != nil {
			return nil, err
		}
		if err := r.Rewrite(net); err != nil {
			return nil, err
		}
		other, err := net.Model(m.Backend)
		if err != nil {
			return nil, err
		}
		ranges, err := Traces(other, p.Calibration, Measure{Turn: r.Turn})
		if err == nil {
			err = rounded(other, W8, func(m *transformer.Model) error {
				acts := Activations{Bits: 8, Turn: r.Turn}
				if _, err := (run{m: m, p: p}).losses(loss, r.Name+", static", acts, ranges); err != nil {
					return err
				}
				_, err := (run{m: m, p: p}).losses(loss, r.Name+", dynamic", acts, nil)
				return err
			})
		}
		other.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return loss, nil
}

// check refuses a plan that does not divide into draws.
func (p *Plan) check(c *transformer.Config) error {
	switch n := p.Draws; {
	case n < 1 || len(p.Texts) == 0 || len(p.Texts)%n != 0 || len(p.Calibration) == 0 || len(p.Calibration)%n != 0:
		return fmt.Errorf("quantize: %d texts and %d calibration texts: neither may be 0, and %d draws must share both evenly", len(p.Texts), len(p.Calibration), n)
	case p.First < 0 || p.Last < p.First || p.Last >= c.Layers:
		return fmt.Errorf("quantize: the sink's blocks are said to be %d to %d: the model has %d", p.First+1, p.Last+1, c.Layers)
	}
	return nil
}

// rounded does something with a model of rounded weights, which is closed afterwards.
func rounded(m *transformer.Model, s Scheme, do func(*transformer.Model) error) error {
	net, err := Read(m)
	if err != nil {
		return err
	}
	if err := net.Round(s); err != nil {
		return err
	}
	r, err := net.Model(m.Backend)
	if err != nil {
		return err
	}
	defer r.Close()
	return do(r)
}

// run is a model that reads a plan's texts.
type run struct {
	m     *transformer.Model
	p     Plan
	under []probe.Intervention
}

// losses reads the texts draw by draw, with static steps of the draw's own of the calibration
// traces if there are any, and enters their losses under a name. It returns the sink rates.
func (r run) losses(into map[string][]float64, name string, a Activations, calibration []*sinks.Trace) (rates []float64, err error) {
	for d := range r.p.Draws {
		if calibration != nil {
			if a.Range, err = Calibrated(part(calibration, d, r.p.Draws), a.Keep, a.Turn); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		traces, err := probe.Run(r.m, part(r.p.Texts, d, r.p.Draws), probe.Options{
			Metrics: []ondevice.Metric{ondevice.FirstMass}, Interventions: append(slices.Clone(r.under), a),
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		read, err := losses(traces)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		into[name] = append(into[name], read...)
		for _, t := range traces {
			rate, err := r.p.rate(t)
			if err != nil {
				return nil, err
			}
			rates = append(rates, rate)
		}
	}
	return rates, nil
}

// part is the d-th of n equal runs of a list.
func part[T any](list []T, d, n int) []T {
	size := len(list) / n
	return list[d*size:][:size]
}

// losses are the mean losses of traces.
func losses(traces []*sinks.Trace) ([]float64, error) {
	out := make([]float64, len(traces))
	for i, t := range traces {
		var err error
		if out[i], err = t.MeanLoss(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rate is the sink rate of the sink's blocks, in %.
func (p *Plan) rate(t *sinks.Trace) (float64, error) {
	scores, err := t.SinkScore(sinks.Options{})
	if err != nil {
		return 0, err
	}
	return 100 * sinks.SinkRate(scores[p.First:p.Last+1], sinks.EpsilonGu), nil
}

// outliers fills in what the texts at full precision show.
func (c *Compared) outliers(texts []*sinks.Trace, p Plan) error {
	for _, t := range texts {
		tokens, err := OutlierTokens(t)
		if err != nil {
			return err
		}
		c.Tokens = append(c.Tokens, tokens)
		rate, err := p.rate(t)
		if err != nil {
			return err
		}
		c.Rate = append(c.Rate, rate)
		for place, sum := range map[Place]*[]Outliers{BlockOutput: &c.Output, DownInput: &c.Down} {
			list, err := MeasureOutliers(t, place)
			if err != nil {
				return err
			}
			if *sum == nil {
				*sum = make([]Outliers, len(list))
			}
			for l, o := range list {
				n := float64(len(texts))
				(*sum)[l].Max += o.Max / n
				(*sum)[l].Ratio += o.Ratio / n
				(*sum)[l].Kurtosis += o.Kurtosis / n
			}
		}
	}
	return nil
}
