package probe

import (
	"errors"
	"fmt"
	"maps"
	"sort"

	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// Options say what a run measures. The zero value records every metric, the
// loss, the predictions and the last logits.
type Options struct {
	Model   string            // name written into the traces
	Metrics []ondevice.Metric // none: all that the model has
	// Only the metrics: no output layer, so no Loss, Top1 or LogitsLast.
	MetricsOnly bool
	// No Loss and no Top1, which cost an output layer at every token; LogitsLast costs
	// one at the last.
	SkipLoss      bool
	Interventions []Intervention
	// OnTail, if set, is handed the logits [Tail][V] after each of the last Tail tokens of each
	// document, by the document's index, in no particular order. They are its own to keep. Batches
	// hold B·Tail·V of them at a time: lower BatchTokens where that is much.
	Tail   int
	OnTail func(i int, logits [][]float32) error
	// Own are metrics of the caller's, which go to Trace.Own.
	Own []ondevice.Own
	// BatchTokens bounds B·T of a batch; 0 means 2048. It changes speed and
	// memory, not results beyond rounding.
	BatchTokens int
	// Progress, if set, is told how many documents are done.
	Progress func(done, total int)
	// Tokenizer, if set, is that of the documents: traces get each token's form in the vocabulary,
	// such as "Ġcapital", what ⟨bos⟩ stands in front, and the warnings that this deserves.
	Tokenizer *tokenizer.Tokenizer
	// Provenance is copied into every trace.
	Provenance map[string]string
}

const defaultBatchTokens = 2048

// Validate names the first option that no model could satisfy. Places of
// interventions depend on model and documents; Run and Each check them before
// anything runs.
func (o *Options) Validate() error {
	if o.BatchTokens < 0 {
		return fmt.Errorf("probe: BatchTokens = %d: use 0 for %d, or a positive number", o.BatchTokens, defaultBatchTokens)
	}
	if (o.OnTail != nil) != (o.Tail > 0) {
		return fmt.Errorf("probe: Tail = %d: OnTail wants at least 1, and is wanted by it", o.Tail)
	}
	if _, err := ondevice.Observer(o.Metrics...); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	if _, err := ondevice.Owns(o.Own...); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	for i, v := range o.Interventions {
		if v == nil {
			return fmt.Errorf("probe: intervention %d is nil", i+1)
		}
	}
	return nil
}

// Run measures documents of token ids, fed as they are. Traces come in the documents' order.
func Run(m *transformer.Model, docs [][]int32, o Options) ([]*sinks.Trace, error) {
	traces := make([]*sinks.Trace, len(docs))
	err := Each(m, docs, o, func(i int, t *sinks.Trace) error {
		traces[i] = t
		return nil
	})
	if err != nil {
		return nil, err
	}
	return traces, nil
}

// Each is Run for many documents: it hands over each trace as soon as it is there, by the document's
// index, in no particular order, and keeps none.
func Each(m *transformer.Model, docs [][]int32, o Options, yield func(i int, t *sinks.Trace) error) error {
	return each(m, docs, o, nil, yield)
}

// each also hands the patterns of a picker's heads to it, unless p is nil.
func each(m *transformer.Model, docs [][]int32, o Options, p *picker, yield func(i int, t *sinks.Trace) error) error {
	if err := o.Validate(); err != nil {
		return err
	}
	if err := checkDocuments(&m.Config, docs); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	if err := checkInterventions(&m.Config, docs, o.Interventions); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	metrics := o.Metrics
	if len(metrics) == 0 {
		metrics = ondevice.Defined(&m.Config)
	}
	obs, err := o.observer(metrics)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	if p != nil {
		obs = transformer.Observers(obs, p.observer)
	}
	done := 0
	for _, group := range batches(docs, o.BatchTokens) {
		r := &run{m: m, o: &o, metrics: metrics, group: group, picker: p}
		if err := r.forward(docs, obs); err != nil {
			return fmt.Errorf("probe: %w", err)
		}
		for j, i := range group.docs {
			if err := yield(i, r.traces[j]); err != nil {
				return err
			}
		}
		done += len(group.docs)
		if o.Progress != nil {
			o.Progress(done, len(docs))
		}
	}
	return nil
}

// observer reduces blocks to metrics and, after them, to the caller's.
func (o *Options) observer(metrics []ondevice.Metric) (*transformer.Observer, error) {
	obs, err := ondevice.Observer(metrics...)
	if err != nil || len(o.Own) == 0 {
		return obs, err
	}
	own, err := ondevice.Owns(o.Own...)
	if err != nil {
		return nil, err
	}
	return transformer.Observers(obs, own), nil
}

// checkDocuments refuses what the model cannot run, all documents before the
// first one is: a batch would count documents from its own first.
func checkDocuments(c *transformer.Config, docs [][]int32) error {
	if len(docs) == 0 {
		return errors.New("no documents")
	}
	for i, d := range docs {
		switch {
		case len(d) == 0:
			return fmt.Errorf("document %d of %d is empty: a prompt needs at least one token", i+1, len(docs))
		case len(d) > c.Context:
			return fmt.Errorf("document %d of %d has %d tokens, the model's context is %d: shorten it", i+1, len(docs), len(d), c.Context)
		}
		for t, id := range d {
			if id < 0 || int(id) >= c.Vocab {
				return fmt.Errorf("document %d of %d, token %d: id %d is outside the vocabulary [0, %d)", i+1, len(docs), t+1, id, c.Vocab)
			}
		}
	}
	return nil
}

// group is one batch: the documents in it and how many rows it is run with.
type group struct {
	docs []int
	rows int // B ≥ len(docs); the rest repeat the last document
}

// numbers are the documents of the rows.
func (g group) numbers() []int {
	list := make([]int, g.rows)
	for r := range list {
		list[r] = g.docs[min(r, len(g.docs)-1)]
	}
	return list
}

// batches sorts documents into groups of one bucketed length and splits these
// into batches of equal B, since each new B costs a compilation.
func batches(docs [][]int32, tokens int) []group {
	if tokens <= 0 {
		tokens = defaultBatchTokens
	}
	byLength := map[int][]int{}
	var lengths []int
	for i, d := range docs {
		t := transformer.Bucket(len(d))
		if byLength[t] == nil {
			lengths = append(lengths, t)
		}
		byLength[t] = append(byLength[t], i)
	}
	sort.Ints(lengths)
	var out []group
	for _, t := range lengths {
		all := byLength[t]
		most := max(1, tokens/t)
		count := (len(all) + most - 1) / most
		rows := (len(all) + count - 1) / count
		for len(all) > 0 {
			n := min(rows, len(all))
			out = append(out, group{docs: all[:n], rows: rows})
			all = all[n:]
		}
	}
	return out
}

// run is one batch under way.
type run struct {
	m       *transformer.Model
	o       *Options
	metrics []ondevice.Metric
	group   group
	traces  []*sinks.Trace
	picker  *picker // nil: no patterns
}

func (r *run) forward(docs [][]int32, obs *transformer.Observer) error {
	numbers := r.group.numbers()
	batch := transformer.Batch{IDs: make([][]int32, r.group.rows)}
	for b, i := range numbers {
		batch.IDs[b] = docs[i]
	}
	for b := range r.group.docs {
		r.traces = append(r.traces, r.empty(batch.IDs[b]))
	}
	edit, err := compileEdits(&r.m.Config, batch.IDs, numbers, r.o.Interventions)
	if err != nil {
		return err
	}
	defer edit.free()
	if err := edit.mark(r.o, r.traces); err != nil {
		return err
	}
	names := r.quantities()
	out, err := r.m.Forward(batch, transformer.Pass{
		Observer: obs,
		OnEmbed: func(outs []*tensors.Tensor) error {
			return r.record(0, 0, r.embedded(), outs)
		},
		OnBlock: func(l int, outs []*tensors.Tensor) error {
			if r.picker != nil {
				if err := r.picker.take(l, outs[len(names)]); err != nil {
					return err
				}
			}
			return r.record(l, l+1, names, outs)
		},
		Edits:   edit.at,
		Predict: !r.o.MetricsOnly && !r.o.SkipLoss,
		Last:    !r.o.MetricsOnly,
		Logits:  r.o.OnTail != nil, Tail: r.o.Tail, Documents: len(r.group.docs),
	})
	if err != nil {
		return err
	}
	r.predicted(out)
	if r.o.OnTail != nil {
		for j, i := range r.group.docs {
			if err := r.o.OnTail(i, out.Logits[j]); err != nil {
				return err
			}
		}
	}
	return nil
}

// predicted hands the output layer's results to the traces, those that were asked for.
func (r *run) predicted(out *transformer.Output) {
	for b, t := range r.traces {
		if out.Loss != nil {
			t.Loss, t.Top1 = out.Loss[b], out.Top1[b]
		}
		if out.LogitsLast != nil {
			t.LogitsLast = out.LogitsLast[b]
		}
	}
}

// empty makes the trace of one document with room for the chosen metrics.
func (r *run) empty(ids []int32) *sinks.Trace {
	c, n := &r.m.Config, len(ids)
	t := &sinks.Trace{
		Model: r.o.Model, IDs: ids,
		T: n, L: c.Layers, H: c.Heads, K: c.KVHeads, D: c.Width,
	}
	t.BOS, t.Warnings = LeadingBOS(ids, r.o.Tokenizer)
	if r.o.Tokenizer != nil {
		for _, id := range ids {
			t.Tokens = append(t.Tokens, r.o.Tokenizer.Token(id))
		}
	}
	for _, o := range r.o.Own {
		if t.Own == nil {
			t.Own = map[string]*sinks.Own{}
		}
		t.Own[o.Name] = &sinks.Own{Dims: o.Dims, Whole: o.Whole}
	}
	t.Provenance = map[string]string{}
	maps.Copy(t.Provenance, r.o.Provenance)
	for i, v := range r.o.Interventions {
		t.Provenance[fmt.Sprintf("intervention %d", i+1)] = v.String()
	}
	for _, name := range r.quantities() {
		if err := t.Room(name); err != nil {
			panic(err) // unreachable: the metrics are known, and Owns has checked the others
		}
	}
	return t
}

// quantities names what is recorded of a block, in the order of the observer's outputs.
func (r *run) quantities() []string {
	var names []string
	for _, m := range r.metrics {
		names = append(names, m.Field())
	}
	for _, o := range r.o.Own {
		names = append(names, o.Name)
	}
	return names
}

// embedded names what is recorded of the stream before the first block.
func (r *run) embedded() []string {
	var names []string
	for _, m := range ondevice.Embedded(r.metrics) {
		names = append(names, m.Field())
	}
	return names
}

// record copies one layer's outputs into the traces, padding cut off. Metrics of the residual
// stream, whose rows count the embedding as row 0, go to row after; all others to row layer.
func (r *run) record(layer, after int, names []string, outs []*tensors.Tensor) error {
	for i, name := range names {
		size := outs[i].Shape().Dimensions
		err := tensors.ConstFlatData(outs[i], func(flat []float32) {
			for b, t := range r.traces {
				switch dims, to := t.Quantity(name); dims {
				case "M": // [B, T, D]; its median, which has no fast form on the device
					to[0][0][after] = sinks.MedianAbs(flat[b*size[1]*size[2]:][:t.T*size[2]])
				case "MT": // [B, T]
					copy(to[0][after], flat[b*size[1]:])
				case "LT":
					copy(to[0][layer], flat[b*size[1]:])
				default: // [B, heads, T]
					for h, row := range to[layer] {
						copy(row, flat[(b*size[1]+h)*size[2]:])
					}
				}
			}
		})
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
	}
	return nil
}
