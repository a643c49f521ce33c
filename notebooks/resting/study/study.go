// Package study measures what notebook 4b shows: where heads of trained models look and what they
// write, on text and on trigger-mean, a task that needs a rest (arXiv 2603.11487).
package study

import (
	"context"
	"errors"
	"fmt"

	"firsttoken/notebooks/resting/values"
	"firsttoken/notebooks/runs"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/rest"
	"firsttoken/train"
	"firsttoken/train/corpus"
	"firsttoken/train/corpus/synthetic"
	"firsttoken/train/store"
	"firsttoken/train/transformer"
)

// metrics are what rest.Look needs.
var metrics = []ondevice.Metric{ondevice.FirstMass, ondevice.SelfMass, ondevice.RowEntropy, ondevice.HeadWrite, ondevice.ValueWrite, ondevice.ResidNorm}

// OnText looks at every layer of every run on texts of T tokens, under the inference that matches
// its training, at the queries from `from` on (0-based). The error wraps local.ErrAbsent where
// weights are not here.
func OnText(points []store.Point, texts train.HeldOut, T, from int) (all [][]values.Layer, err error) {
	err = runs.Each(points, func(i int, m *transformer.Model, _ train.Config) error {
		front := probe.FrontBOS
		if points[i].Fields["packing.bos"] == "none" {
			front = probe.FrontNone
		}
		docs, _, err := front.Documents(texts.IDs, T, texts.BOS)
		if err != nil {
			return err
		}
		traces, err := probe.Run(m, docs, probe.Options{MetricsOnly: true, Metrics: append(metrics, ondevice.KeyMass)})
		if err != nil {
			return err
		}
		var layers []values.Layer
		for l := range traces[0].L {
			heads, err := rest.Look(traces, []int{l}, from, nil)
			if err != nil {
				return err
			}
			layers = append(layers, values.Layer{Heads: heads, Favourite: rest.Favourite(traces, l)})
		}
		all = append(all, layers)
		return nil
	})
	return all, err
}

// OnTask looks at runs on trigger-mean, in the first held-out sequences, at the queries from `from`
// on, values and triggers apart. The error wraps local.ErrAbsent where weights are not here.
func OnTask(points []store.Point, sequences, from int) (all []values.TaskRun, err error) {
	err = runs.Each(points, func(i int, m *transformer.Model, c train.Config) error {
		docs, task, err := Sequences(context.Background(), c, sequences)
		if err != nil {
			return err
		}
		traces, err := probe.Run(m, docs, probe.Options{MetricsOnly: true, Metrics: metrics})
		if err != nil {
			return err
		}
		layers := make([]int, c.Model.Layers)
		for l := range layers {
			layers[l] = l
		}
		var r values.TaskRun
		if r.Value, err = rest.Look(traces, layers, from, func(id int32) bool { return id != task.Trigger() }); err != nil {
			return err
		}
		if r.Trigger, err = rest.Look(traces, layers, from, func(id int32) bool { return id == task.Trigger() }); err != nil {
			return err
		}
		r.Excess, err = Excess(points[i], c, task)
		all = append(all, r)
		return err
	})
	return all, err
}

// Sequences are the first held-out windows of a configuration's trigger-mean.
func Sequences(ctx context.Context, c train.Config, n int) (docs [][]int32, task *synthetic.TriggerMean, err error) {
	data, err := corpus.Load(ctx, c.Data, "")
	if err != nil {
		return nil, nil, err
	}
	defer data.Close()
	task, ok := data.Task.(*synthetic.TriggerMean)
	if !ok {
		return nil, nil, errors.New("its data are not trigger-mean")
	}
	held, err := data.HeldOut(c.Packing, c.Model.Context)
	if err != nil {
		return nil, nil, err
	}
	w, err := held.Batch(0, n)
	if err != nil {
		return nil, nil, err
	}
	for i := range w.B {
		docs = append(docs, w.Tokens[i*w.T:(i+1)*w.T])
	}
	return docs, task, nil
}

// Excess is a run's loss on held-out sequences above the least possible, in nats.
func Excess(p store.Point, c train.Config, task *synthetic.TriggerMean) (float64, error) {
	records, err := (&store.Run{ID: p.ID, Dir: p.Dir}).Curves()
	if err != nil {
		return 0, err
	}
	if len(records) == 0 || records[len(records)-1].Eval("packed") == nil {
		return 0, fmt.Errorf("run %s has no loss of held-out windows at its end", p.ID)
	}
	loss := records[len(records)-1].Eval("packed").Loss
	return loss - task.OracleLoss(c.Packing.BOS == corpus.BOSFixed, c.Model.Context), nil
}
