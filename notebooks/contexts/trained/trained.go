// Package trained trains the runs of package contexts, or finds them trained, and measures their
// models.
package trained

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/floats"

	"firsttoken/notebooks/contexts/hidden"
	"firsttoken/notebooks/keep"
	"firsttoken/notebooks/runs"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train"
	"firsttoken/train/corpus"
	"firsttoken/train/local"
	"firsttoken/train/store"
	"firsttoken/train/transformer"
)

// Sweep trains the grids of these names (notebooks/grids), or finds them trained, and keeps their
// runs for [curves.Kept], as notebook/name. changes are fields that are set otherwise, by grid.
func Sweep(notebook string, changes map[string][]string, names ...string) error {
	for _, name := range names {
		points, err := Runs(name, changes[name]...)
		if err == nil {
			err = keep.Save(notebook+"/"+name, points)
		}
		if err != nil {
			return fmt.Errorf("grid %s: %w", name, err)
		}
	}
	return nil
}

// Runs are those of a grid, with fields set otherwise if any are given.
func Runs(name string, set ...string) ([]store.Point, error) {
	configs, err := configs(name, set...)
	if err != nil {
		return nil, err
	}
	states, err := train.Sweep(context.Background(), configs, train.SweepOptions{})
	if err != nil {
		return nil, err
	}
	return train.Points(states)
}

func configs(name string, set ...string) ([]train.Config, error) {
	root, err := local.Root()
	if err != nil {
		return nil, err
	}
	grid, err := train.ReadGrid(root + "/notebooks/grids/" + name + ".json")
	if err != nil {
		return nil, err
	}
	grid.Set = append(grid.Set, set...)
	return grid.Configs()
}

// control is the position of the key that is no sink, from 0.
const control = 4

// Hide measures what hiding ⟨bos⟩ and token 5 costs each run on the same texts, cut to its context.
// The error wraps local.ErrAbsent if weights are not there.
func Hide(points []store.Point, texts train.HeldOut) (all []hidden.Cost, err error) {
	err = runs.Each(points, func(_ int, m *transformer.Model, c train.Config) error {
		cost, err := hide(m, texts, c.Model.Context)
		all = append(all, cost)
		return err
	})
	return all, err
}

func hide(m *transformer.Model, texts train.HeldOut, length int) (c hidden.Cost, err error) {
	docs, _, err := probe.FrontBOS.Documents(texts.IDs, length, texts.BOS)
	if err != nil {
		return c, err
	}
	intact, err := losses(m, docs)
	if err != nil {
		return c, err
	}
	if c.BOS, err = losses(m, docs, probe.MaskKey{}); err != nil {
		return c, err
	}
	if c.Control, err = losses(m, docs, probe.MaskKey{Pos: control}); err != nil {
		return c, err
	}
	c.Context = strconv.Itoa(length)
	floats.Sub(c.BOS, intact)
	floats.Sub(c.Control, intact)
	return c, nil
}

// losses are the mean losses over documents at each query position but the last.
func losses(m *transformer.Model, docs [][]int32, edits ...probe.Intervention) ([]float64, error) {
	traces, err := probe.Run(m, docs, probe.Options{Metrics: []ondevice.Metric{ondevice.FirstMass}, Interventions: edits})
	if err != nil {
		return nil, err
	}
	x := make([]float64, len(docs[0])-1)
	for _, t := range traces {
		for i, loss := range t.Loss {
			x[i] += float64(loss) / float64(len(docs))
		}
	}
	return x, nil
}

// Sight is what queries see under a mask, on the held-out windows of a grid's text.
type Sight struct {
	Mask    corpus.Mask
	Windows int
	Several int // windows that hold more than one document
	Keys    int // the median over queries of the keys that they see
}

func (s Sight) String() string {
	return fmt.Sprintf("%s: %d of %d held-out windows hold more than one document; half of the queries see at most %d keys", s.Mask, s.Several, s.Windows, s.Keys)
}

// Sights are those of the two masks with a fixed ⟨bos⟩, on the text and at the context of the grid
// of this name.
func Sights(name string) (all []Sight, err error) {
	configs, err := configs(name)
	if err != nil {
		return nil, err
	}
	c := configs[0]
	data, err := corpus.Load(context.Background(), c.Data, "")
	if err != nil {
		return nil, err
	}
	defer data.Close()
	for _, p := range corpus.PaperPackings() {
		if p.BOS != corpus.BOSFixed {
			continue
		}
		windows, err := data.HeldOut(p, c.Model.Context)
		if err != nil {
			return nil, err
		}
		s := Sight{Mask: p.Mask, Windows: windows.Windows()}
		var seen []int
		for i := range s.Windows {
			w, err := windows.Batch(i, 1)
			if err != nil {
				return nil, err
			}
			visible := p.Visible(w.Segments)
			for t := range w.T {
				keys := 0
				for _, v := range visible[t*w.T : (t+1)*w.T] {
					if v {
						keys++
					}
				}
				seen = append(seen, keys)
			}
			if documents := w.Segments[1:]; slices.Max(w.Segments)-slices.Min(documents) > 0 { // the first is ⟨bos⟩
				s.Several++
			}
		}
		slices.Sort(seen)
		s.Keys = seen[len(seen)/2]
		all = append(all, s)
	}
	return all, nil
}
