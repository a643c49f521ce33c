package probe

import (
	"fmt"

	"firsttoken/sinks/ifelse"
	"firsttoken/train/transformer"
)

// Swap makes the causal check of an if–else head, see [ifelse.Swaps], on those of
// the documents in which its trigger is present and can be inserted, the first limit
// of them. What is put in is drawn from all documents: tokens of the class for an
// insertion, others for the rest. Every text keeps its length.
func Swap(m *transformer.Model, docs [][]int32, head Head, x ifelse.Trigger, limit int, seed uint64, o RecentOptions) ([]ifelse.Swapped, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := x.Validate(o.Window); err != nil {
		return nil, err
	}
	if head.Layer < 0 || head.Layer >= m.Config.Layers || head.Head < 0 || head.Head >= m.Config.Heads {
		return nil, fmt.Errorf("probe: %s: the model has %d layers of %d heads", head, m.Config.Layers, m.Config.Heads)
	}
	plan, err := planSwaps(docs, x, limit, seed, o.Text)
	if err != nil {
		return nil, err
	}
	o.Layers = head.Layer + 1 // nothing above is read
	measured, err := Recent(m, plan.edited, o)
	if err != nil {
		return nil, err
	}
	for j := range plan.out {
		s := &plan.out[j]
		for _, read := range []struct {
			to      *ifelse.Masses
			variant int
			at      []ifelse.Place
		}{
			{&s.Before, asItIs, plan.places[j]}, {&s.Removed, removed, plan.places[j]}, {&s.Control, control, plan.places[j]},
			{&s.Without, asItIs, plan.inserted[j]}, {&s.Inserted, inserted, plan.inserted[j]},
		} {
			if *read.to, err = measured[j*variants+read.variant].Masses(head.Layer, head.Head, read.at); err != nil {
				return nil, err
			}
		}
	}
	return plan.out, nil
}

// The texts that Swap runs for each document, in order.
const (
	asItIs = iota
	removed
	control
	inserted
	variants
)

// swapPlan is what Swap runs and where it reads the results; j counts the documents used.
type swapPlan struct {
	out              []ifelse.Swapped
	edited           [][]int32 // [len(out)·variants]
	places, inserted [][]ifelse.Place
}

func planSwaps(docs [][]int32, x ifelse.Trigger, limit int, seed uint64, text func(int32) string) (*swapPlan, error) {
	var inside, outside []int32
	tokens := make([][]string, len(docs))
	for i, ids := range docs {
		for t, id := range ids {
			tokens[i] = append(tokens[i], text(id))
			switch {
			case t == 0: // may be special: not drawn
			case x.Class.Match(tokens[i][t]):
				inside = append(inside, id)
			default:
				outside = append(outside, id)
			}
		}
	}
	plan := &swapPlan{}
	for i, ids := range docs {
		places, s := x.Places(tokens[i]), x.Swaps(tokens[i], seed+uint64(i))
		if len(plan.out) == limit || len(places) == 0 || len(s.Control) == 0 || len(s.Insert) == 0 {
			continue
		}
		plan.edited = append(plan.edited, ids)
		for _, e := range []struct {
			at   []int
			from []int32
		}{{s.Remove, outside}, {s.Control, outside}, {s.Insert, inside}} {
			exchanged, err := ifelse.Exchange(ids, e.at, e.from, seed+uint64(i))
			if err != nil {
				return nil, fmt.Errorf("probe: %w", err)
			}
			plan.edited = append(plan.edited, exchanged)
		}
		plan.out = append(plan.out, ifelse.Swapped{Document: i, Queries: len(places)})
		plan.places, plan.inserted = append(plan.places, places), append(plan.inserted, x.InsertPlaces(s.Insert))
	}
	if plan.out == nil {
		return nil, fmt.Errorf("probe: no document of %d shows %s: use more texts", len(docs), x)
	}
	return plan, nil
}
