package trained

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"firsttoken/notebooks/forms"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/perturb"
	"firsttoken/sinks/probe"
	"firsttoken/train"
	"firsttoken/train/local/backend"
	"firsttoken/train/transformer"
)

// Edits are exchanges of one token in held-out documents behind ⟨bos⟩, T tokens with it: one a
// document, at a place among tokens 9 to T − 16, for another token that stands there somewhere. All
// runs of a grid have read the same text, so one run's will do for all.
func Edits(ctx context.Context, run string, n, T int, seed uint64) ([]perturb.Edit, error) {
	texts, err := train.Texts(ctx, "", run, n, T-1)
	if err != nil {
		return nil, err
	}
	var edits []perturb.Edit
	rng := rand.New(rand.NewPCG(seed, 13))
	for _, ids := range texts.IDs {
		ids = append([]int32{texts.BOS}, ids...)
		e := perturb.Edit{IDs: ids, Pos: 8 + rng.IntN(T-24)}
		for e.To = ids[e.Pos]; e.To == ids[e.Pos]; {
			other := texts.IDs[rng.IntN(len(texts.IDs))]
			e.To = other[rng.IntN(len(other))]
		}
		edits = append(edits, e)
	}
	return edits, nil
}

// Spreads measures C1's spread of the same edits in the runs of each form: of the model as it is,
// and with ⟨bos⟩'s key hidden in all blocks. The error wraps local.ErrAbsent if a run, its weights
// or its text are not there.
func Spreads(ctx context.Context, names []string, configs map[string][]train.Config, n, T int, seed uint64) (map[string][]forms.Spread, error) {
	edits, err := Edits(ctx, configs[names[0]][0].ID(), n, T, seed)
	if err != nil {
		return nil, err
	}
	out := map[string][]forms.Spread{}
	for _, name := range names {
		if out[name], err = spreads(configs[name], edits); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func spreads(configs []train.Config, edits []perturb.Edit) (list []forms.Spread, err error) {
	for _, c := range configs {
		s := forms.Spread{Seed: c.Seed}
		err := withModel(c, func(m *transformer.Model) error {
			under, err := probe.PerturbUnder(m, edits, [][]probe.Intervention{nil, {probe.MaskKey{}}},
				probe.Options{MetricsOnly: true, Metrics: []ondevice.Metric{ondevice.ResidNorm}})
			if err != nil {
				return err
			}
			for k, to := range []*float64{&s.Whole, &s.Hidden} {
				byEdit, err := perturb.Depth(under[k].Maps, perturb.Relative, perturb.Mean, 1, c.Model.Layers)
				if err != nil {
					return err
				}
				for _, x := range byEdit {
					*to += math.Log(x) / float64(len(byEdit))
				}
				*to = math.Exp(*to)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// withModel measures the model of a run. The error names the run; it wraps local.ErrAbsent if it or
// its weights are not there.
func withModel(c train.Config, measure func(*transformer.Model) error) error {
	states, err := train.Status([]train.Config{c}, "")
	if err != nil {
		return err
	}
	if states[0].Result == nil {
		return absent(c)
	}
	on, _, err := backend.Open()
	if err != nil {
		return err
	}
	m, _, err := train.LoadModel(on, "", c.ID())
	if err != nil {
		return err
	}
	defer m.Close()
	if err := measure(m); err != nil {
		return fmt.Errorf("run %s: %w", c.ID(), err)
	}
	return nil
}
