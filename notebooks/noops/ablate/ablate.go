// Package ablate measures what models lose without what heads write while they sink, and without the
// value of token 1 (package noops).
package ablate

import (
	"fmt"
	"slices"

	"firsttoken/notebooks/keep"
	"firsttoken/notebooks/models"
	"firsttoken/notebooks/noops"
	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/pretrained"
	"firsttoken/train/transformer"
)

// Pairs measures losses with the output of heads set to 0 at the (head, query) pairs that give token
// 1 more than a share of their attention, and at as many random others of the same layers as a
// control. They are kept as 07/pairs.
func Pairs(model string, ids [][]int32, above float64, seed uint64) (noops.Ablations, error) {
	version, err := pretrained.Version(model)
	if err != nil {
		return noops.Ablations{}, err
	}
	a, _, err := keep.Result("07/pairs", []any{version, ids, above, seed}, func() (noops.Ablations, error) { return pairs(model, ids, above, seed) })
	return a, err
}

func pairs(model string, ids [][]int32, above float64, seed uint64) (noops.Ablations, error) {
	return on(model, func(m *transformer.Model, a *noops.Ablations) error {
		a.Same, a.Off = true, true
		for i := range ids {
			run := func(list ...probe.Intervention) ([]*sinks.Trace, error) { // one text: the queries to ablate are its own
				return probe.Run(m, ids[i:i+1], probe.Options{Interventions: list, Metrics: []ondevice.Metric{ondevice.FirstMass, ondevice.HeadWrite}})
			}
			before, err := run()
			if err != nil {
				return err
			}
			if i == 0 {
				again, err := run([]probe.Intervention{}...)
				if err != nil {
					return err
				}
				a.Same = same(before, again)
			}
			sinking, control, count, err := probe.SinkRows(before[0], above, seed+uint64(i))
			if err != nil {
				return err
			}
			t := before[0]
			a.Share += float64(count) / float64((t.T-1)*t.L*t.H*len(ids))
			if err := a.Add(noops.Nothing, before...); err != nil {
				return err
			}
			for name, list := range map[string][]probe.Intervention{noops.Sinking: sinking, noops.Elsewhere: control} {
				after, err := run(list...)
				if err != nil {
					return err
				}
				if err := a.Add(name, after...); err != nil {
					return err
				}
				a.Off = a.Off && silent(list, after[0])
			}
		}
		return nil
	})
}

// Values measures losses with the value vectors of token 1 set to 0 in every layer, and as controls
// those of one token in the middle and of all others. Texts are of one length. They are kept as
// 07/values.
func Values(model string, ids [][]int32) (noops.Ablations, error) {
	version, err := pretrained.Version(model)
	if err != nil {
		return noops.Ablations{}, err
	}
	a, _, err := keep.Result("07/values", []any{version, ids}, func() (noops.Ablations, error) { return values(model, ids) })
	return a, err
}

func values(model string, ids [][]int32) (noops.Ablations, error) {
	return on(model, func(m *transformer.Model, a *noops.Ablations) error {
		run := func(list ...probe.Intervention) ([]*sinks.Trace, error) {
			return probe.Run(m, ids, probe.Options{Interventions: list, Metrics: []ondevice.Metric{ondevice.FirstMass, ondevice.ValueNorm}})
		}
		before, err := run()
		if err != nil {
			return err
		}
		again, err := run([]probe.Intervention{}...)
		if err != nil {
			return err
		}
		a.Same = same(before, again)
		for _, t := range before {
			scores, err := t.SinkScore(sinks.Options{ExcludeSelf: true})
			if err != nil {
				return err
			}
			a.Mass += sinks.FAttn(scores) / float64(len(before))
		}
		length := before[0].T
		var others []probe.Intervention
		for p := 1; p < length; p++ {
			others = append(others, probe.ZeroValue{Pos: p})
		}
		if err := a.Add(noops.Nothing, before...); err != nil {
			return err
		}
		for _, c := range []struct {
			name string
			list []probe.Intervention
		}{{noops.First, []probe.Intervention{probe.ZeroValue{Pos: 0}}}, {noops.Middle(length), []probe.Intervention{probe.ZeroValue{Pos: length/2 - 1}}}, {noops.Others, others}} {
			after, err := run(c.list...)
			if err != nil {
				return err
			}
			if c.name == noops.First {
				a.Off = !slices.ContainsFunc(after, valued)
			}
			if err := a.Add(c.name, after...); err != nil {
				return err
			}
		}
		return nil
	})
}

// on loads a model and measures.
func on(model string, measure func(m *transformer.Model, a *noops.Ablations) error) (a noops.Ablations, err error) {
	m, err := models.Open(model)
	if err != nil {
		return a, err
	}
	defer m.Close()
	if err := measure(m.Model, &a); err != nil {
		return a, fmt.Errorf("ablate: %w", err)
	}
	return a, nil
}

// same tells whether runs agree bit for bit.
func same(a, b []*sinks.Trace) bool {
	return slices.EqualFunc(a, b, func(x, y *sinks.Trace) bool {
		return slices.Equal(x.Loss, y.Loss) && slices.Equal(x.LogitsLast, y.LogitsLast)
	})
}

// silent tells whether heads write exactly 0 at the rows that were ablated.
func silent(list []probe.Intervention, t *sinks.Trace) bool {
	for _, v := range list {
		at, ok := v.(probe.AblateRows)
		if !ok || slices.ContainsFunc(at.Rows, func(p int) bool { return t.HeadWrite[at.Layer][at.Head][p] != 0 }) {
			return false
		}
	}
	return true
}

// valued tells whether any value of token 1 has a norm.
func valued(t *sinks.Trace) bool {
	return slices.ContainsFunc(t.ValueNorm, func(layer [][]float32) bool {
		return slices.ContainsFunc(layer, func(norms []float32) bool { return norms[0] != 0 })
	})
}
