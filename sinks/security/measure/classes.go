package measure

import (
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/security"
)

// Classed is what tells the prompts of two classes apart before anything is answered.
type Classed struct {
	*security.Divergent
	// Safe is the probability of all tokens of P_safety together as the first of the answer, by
	// prompt, the mild ones first.
	Safe []float64 `json:"safe"`
}

// Classes compares the sinks of mild and harmless prompts.
func Classes(s Speaker, pairs []security.Pair, safe *security.Firsts, draws int, seed uint64) (*Classed, error) {
	prompts, err := s.Ask(security.Messages(pairs)...)
	if err != nil {
		return nil, err
	}
	traces, err := probe.Run(s.Model, prompts, probe.Options{Metrics: []ondevice.Metric{ondevice.FirstMass}, SkipLoss: true})
	if err != nil {
		return nil, err
	}
	out := &Classed{}
	for _, t := range traces {
		p, err := security.Probability(t.LogitsLast, safe.IDs...)
		if err != nil {
			return nil, err
		}
		out.Safe = append(out.Safe, short(p))
		t.LogitsLast = nil
	}
	n := len(pairs)
	out.Divergent, err = security.Divergence(traces[:n], traces[n:], draws, seed)
	if err != nil {
		return nil, err
	}
	for _, heads := range out.Delta {
		for h := range heads {
			heads[h] = short(heads[h])
		}
	}
	return out, nil
}
