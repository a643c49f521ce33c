package probe

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/perturb"
	"firsttoken/train/transformer"
)

// Perturb runs each text with and without its edit, both under the interventions
// of o, and returns how far the residual streams come apart, and the traces of
// the texts as they are, both in the edits' order. The two versions of a text
// share a batch and are subtracted on the device, so only norms leave it.
func Perturb(m *transformer.Model, edits []perturb.Edit, o Options) ([]*perturb.Map, []*sinks.Trace, error) {
	all, err := PerturbUnder(m, edits, [][]Intervention{o.Interventions}, o)
	if err != nil {
		return nil, nil, err
	}
	return all[0].Maps, all[0].Traces, nil
}

// Perturbed is what Perturb returns for one list of interventions.
type Perturbed struct {
	Maps   []*perturb.Map
	Traces []*sinks.Trace
}

// PerturbUnder is Perturb under each of several lists of interventions, which take
// the place of o.Interventions. Blocks before the first that a list touches are
// computed once for all of them.
func PerturbUnder(m *transformer.Model, edits []perturb.Edit, lists [][]Intervention, o Options) ([]Perturbed, error) {
	if len(lists) == 0 {
		return nil, errors.New("probe: no lists of interventions: an empty list is one")
	}
	docs := make([][]int32, 2*len(edits)) // texts as they are, then edited
	for i, e := range edits {
		if err := e.Validate(); err != nil {
			return nil, fmt.Errorf("probe: edit %d: %w", i+1, err)
		}
		docs[i], docs[len(edits)+i] = e.IDs, e.Edited()
	}
	if err := checkDocuments(&m.Config, docs); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	out := make([]Perturbed, len(lists))
	for k := range lists {
		o.Interventions = lists[k]
		if err := o.Validate(); err != nil {
			return nil, err
		}
		if err := checkInterventions(&m.Config, docs, lists[k]); err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		out[k] = Perturbed{make([]*perturb.Map, len(edits)), make([]*sinks.Trace, len(edits))}
	}
	metrics := o.Metrics
	if len(metrics) == 0 {
		metrics = ondevice.Defined(&m.Config)
	}
	obs, err := o.observer(metrics)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	obs = transformer.Observers(unedited(obs), apart)
	tokens := o.BatchTokens
	if tokens <= 0 {
		tokens = defaultBatchTokens
	}
	done := 0
	for _, group := range batches(docs[:len(edits)], max(1, tokens/2)) {
		all := make([]*pairs, len(lists))
		for k := range lists {
			with := o
			with.Interventions = lists[k]
			all[k] = &pairs{run: run{m: m, o: &with, metrics: metrics, group: group}}
		}
		err := forwardAll(all, edits, docs, obs, func() {
			done += len(group.docs)
			if o.Progress != nil {
				o.Progress(done, len(lists)*len(edits))
			}
		})
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		for k, p := range all {
			for j, i := range group.docs {
				out[k].Maps[i], out[k].Traces[i] = p.maps[j], p.traces[j]
			}
		}
	}
	return out, nil
}

// pairs is a batch under way whose second half is the first, edited.
type pairs struct {
	run
	batch transformer.Batch
	edit  *compiledEdits
	maps  []*perturb.Map
}

// prepare makes the batch, its edits and room for what is recorded.
func (p *pairs) prepare(edits []perturb.Edit, docs [][]int32) (err error) {
	numbers := p.group.numbers()
	for half := range 2 {
		for _, i := range numbers {
			p.batch.IDs = append(p.batch.IDs, docs[half*len(edits)+i])
		}
	}
	if p.edit, err = compileEdits(&p.m.Config, p.batch.IDs, slices.Concat(numbers, numbers), p.o.Interventions); err != nil {
		return err
	}
	layers := p.m.Config.Layers
	for _, i := range p.group.docs {
		n := len(edits[i].IDs)
		p.traces = append(p.traces, p.empty(edits[i].IDs))
		p.maps = append(p.maps, &perturb.Map{Pos: edits[i].Pos, Delta: sinks.Matrix(layers+1, n), Norm: sinks.Matrix(layers+1, n)})
	}
	return p.edit.mark(p.o, p.traces)
}

// forward runs the batch, from a stream unless that is nil, and returns the streams
// before the blocks of keep.
func (p *pairs) forward(obs *transformer.Observer, from *transformer.Stream, keep []int) (map[int]*transformer.Stream, error) {
	embedded, names := p.embedded(), p.quantities()
	out, err := p.m.Forward(p.batch, transformer.Pass{
		Observer: obs,
		OnEmbed: func(outs []*tensors.Tensor) error {
			return errors.Join(p.record(0, 0, embedded, outs), p.take(0, outs[len(embedded):]))
		},
		OnBlock: func(l int, outs []*tensors.Tensor) error {
			return errors.Join(p.record(l, l+1, names, outs), p.take(l+1, outs[len(names):]))
		},
		Edits:   p.edit.at,
		Predict: !p.o.MetricsOnly && !p.o.SkipLoss,
		Last:    !p.o.MetricsOnly,
		// The edited texts and the rows that repeat the last have no trace.
		Documents: len(p.group.docs),
		Keep:      keep,
		From:      from,
	})
	if err != nil {
		return nil, err
	}
	p.predicted(out)
	return out.Kept, nil
}

// take copies Δ and ‖v‖, both [pairs, T padded], into row l of the maps.
func (p *pairs) take(l int, outs []*tensors.Tensor) error {
	padded := outs[0].Shape().Dim(1)
	row := func(out *tensors.Tensor, to func(*perturb.Map) []float32) error {
		return tensors.ConstFlatData(out, func(flat []float32) {
			for r, m := range p.maps {
				copy(to(m), flat[r*padded:])
			}
		})
	}
	return errors.Join(
		row(outs[0], func(m *perturb.Map) []float32 { return m.Delta[l] }),
		row(outs[1], func(m *perturb.Map) []float32 { return m.Norm[l] }))
}

// unedited is an observer of the first half of a batch.
func unedited(obs *transformer.Observer) *transformer.Observer {
	half := &transformer.Observer{
		Name: obs.Name + " of the first half",
		Observe: func(c *transformer.Config, n *transformer.Nodes, lens *graph.Node) []*graph.Node {
			documents := n.Resid.Shape().Dim(0) / 2
			return obs.Observe(c, n.First(documents), graph.Slice(lens, graph.AxisRange(0, documents)))
		},
	}
	if obs.Embedded != nil {
		half.Embedded = func(c *transformer.Config, resid, lens *graph.Node) []*graph.Node {
			documents := resid.Shape().Dim(0) / 2
			first := func(x *graph.Node) *graph.Node { return graph.Slice(x, graph.AxisRange(0, documents)) }
			return obs.Embedded(c, first(resid), first(lens))
		}
	}
	return half
}

// apart reduces a residual stream [2n, T, D] to the norms of the second half minus
// the first and of the first, both [n, T].
var apart = &transformer.Observer{
	Name: "perturbation",
	Observe: func(_ *transformer.Config, n *transformer.Nodes, _ *graph.Node) []*graph.Node {
		return split(n.ResidOut)
	},
	Embedded: func(_ *transformer.Config, resid, _ *graph.Node) []*graph.Node { return split(resid) },
}

func split(resid *graph.Node) []*graph.Node {
	n := resid.Shape().Dim(0) / 2
	base := graph.Slice(resid, graph.AxisRange(0, n))
	edited := graph.Slice(resid, graph.AxisRange(n))
	norm := func(x *graph.Node) *graph.Node { return graph.Sqrt(graph.ReduceSum(graph.Mul(x, x), -1)) }
	return []*graph.Node{norm(graph.Sub(edited, base)), norm(base)}
}
