package measure

import (
	"fmt"
	"slices"

	"firsttoken/sinks"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/quantize"
	"firsttoken/sinks/security"
)

// Reach is how far an exchange of an answer's first token is felt, and what the sink has to do with
// it. Lists are by prompt; KL in nats, of the answer as it is ‖ with another first token, by how
// many tokens behind: KL[0] is the prediction right after it.
type Reach struct {
	KL map[string][][]float64 `json:"kl"` // by condition, up to the answer's end
	// Off is KL of Safety with the sink switched off for both, that is without what the MLPs of its
	// makers write at token 1; of mild messages, as Rate and RateOff.
	Off [][]float64 `json:"off"`
	// Second is the share of heads that give the answer's first token more than 0.3 of the attention
	// of the queries behind it, in %, by condition.
	Second map[string][]float64 `json:"second"`
	// Rate and RateOff are the shares of heads of the sink's blocks with α₁ > 0.3, in %.
	Rate    []float64 `json:"rate"`
	RateOff []float64 `json:"rate_off"`
}

// Depth reads the free answers again, each with its first token exchanged for those of f.First.
func Depth(s Speaker, pairs []security.Pair, f *Forced, sink quantize.Sink) (*Reach, error) {
	prompts, err := s.Ask(security.Messages(pairs)...)
	if err != nil {
		return nil, err
	}
	free := f.Answers[Free]
	if len(free) != len(prompts) {
		return nil, fmt.Errorf("measure: %d answers to %d prompts", len(free), len(prompts))
	}
	if sink.First < 0 || sink.Last >= s.Config.Layers {
		return nil, fmt.Errorf("measure: the sink's blocks %d to %d are not all among the model's %d", sink.First+1, sink.Last+1, s.Config.Layers)
	}
	n := len(free[0].IDs)
	r := &Reach{KL: map[string][][]float64{}, Second: map[string][]float64{}}
	// read reads the answers to the first prompts with other first tokens, or none.
	read := func(first []int32, count int, under []probe.Intervention, see func(i int, t *sinks.Trace) error) ([][][]float32, error) {
		docs := make([][]int32, count)
		for i := range docs {
			docs[i] = slices.Concat(prompts[i], free[i].IDs)
			if first != nil {
				docs[i][len(prompts[i])] = first[i]
			}
		}
		return logitsOf(s.Model, docs, n, 0, under, see)
	}
	r.Rate, r.RateOff = make([]float64, len(pairs)), make([]float64, len(pairs))
	second := func(condition string, count int) func(i int, t *sinks.Trace) error {
		r.Second[condition] = make([]float64, count)
		return func(i int, t *sinks.Trace) (err error) {
			if condition == Free && i < len(pairs) {
				if r.Rate[i], err = rate(t, sink.First, sink.Last); err != nil {
					return err
				}
			}
			r.Second[condition][i], err = atKey(t, len(prompts[i]))
			return err
		}
	}
	compare := func(whole, other [][][]float32) (list [][]float64, err error) {
		for i := range other {
			by, err := kls(whole[i], other[i])
			if err != nil {
				return nil, err
			}
			list = append(list, by[:length(free[i].IDs, s.Chat.End())])
		}
		return list, nil
	}
	whole, err := read(nil, len(prompts), nil, second(Free, len(prompts)))
	if err != nil {
		return nil, err
	}
	for _, c := range []string{Safety, Neutral, Random} {
		other, err := read(f.First[c], len(f.First[c]), nil, second(c, len(f.First[c])))
		if err != nil {
			return nil, err
		}
		if r.KL[c], err = compare(whole, other); err != nil {
			return nil, err
		}
	}
	var off []probe.Intervention
	for _, l := range sink.Makers {
		off = append(off, probe.SkipUpdate{Layer: l, Pos: 0, Part: probe.MLP})
	}
	whole, err = read(nil, len(pairs), off, func(i int, t *sinks.Trace) (err error) {
		r.RateOff[i], err = rate(t, sink.First, sink.Last)
		return err
	})
	if err != nil {
		return nil, err
	}
	other, err := read(f.First[Safety], len(pairs), off, ignore)
	if err != nil {
		return nil, err
	}
	r.Off, err = compare(whole, other)
	return r, err
}
