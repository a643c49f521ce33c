package ifelse

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"firsttoken/sinks/stats"
)

// Options say which triggers occur often enough to be judged.
type Options struct {
	Queries   int `json:"queries"`   // at least so many queries present, and as many absent
	Documents int `json:"documents"` // at least so many documents in which the trigger is present
}

// DefaultOptions ask for 20 queries in 10 documents.
func DefaultOptions() Options { return Options{Queries: 20, Documents: 10} }

// Validate reports bounds that let triggers through which never occur.
func (o Options) Validate() error {
	if o.Queries < 1 || o.Documents < 1 {
		return fmt.Errorf("ifelse: Queries = %d, Documents = %d: both must be at least 1", o.Queries, o.Documents)
	}
	return nil
}

// Found is a head with a trigger and its response on the documents searched.
type Found struct {
	Layer    int      `json:"layer"` // 0-based
	Head     int      `json:"head"`  // 0-based
	Trigger  Trigger  `json:"trigger"`
	Response Response `json:"response"`
}

// String names head and trigger, counting from 1.
func (f Found) String() string {
	return fmt.Sprintf("layer %d, head %d: %s", f.Layer+1, f.Head+1, f.Trigger)
}

// Search finds, for every head, the trigger with the largest score, the first of
// equals. It returns one Found a head, the largest score first, ties in reading
// order. It fails if no trigger occurs often enough.
func Search(docs []Document, triggers []Trigger, o Options) ([]Found, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	layers, heads, window, err := checkDocuments(docs)
	if err != nil {
		return nil, err
	}
	var usable []Trigger
	var lags [][][]uint64 // [trigger][document][T]
	for _, x := range triggers {
		if err := x.Validate(window); err != nil {
			return nil, err
		}
		at, enough := occurrences(docs, x, o)
		if enough {
			usable, lags = append(usable, x), append(lags, at)
		}
	}
	if usable == nil {
		return nil, fmt.Errorf("ifelse: none of %d triggers is present in %d queries of %d documents, and absent in as many: use more texts or wider classes",
			len(triggers), o.Queries, o.Documents)
	}
	var out []Found
	for l := range layers {
		for h := range heads {
			var all tally
			for i := range docs {
				one := docs[i].totals(l, h)
				all.add(&one, window)
			}
			var best Found
			for i, x := range usable {
				total := all
				for j := range docs {
					docs[j].move(&total, l, h, x, lags[i][j])
				}
				r := total.response()
				if math.IsNaN(r.Moved()) {
					continue // present at every query that could be compared with at a lag
				}
				if best.Trigger.Class.Match == nil || r.Score() > best.Response.Score() {
					best = Found{l, h, x, r}
				}
			}
			if best.Trigger.Class.Match == nil {
				return nil, fmt.Errorf("ifelse: no trigger of %d is ever absent at the places where it is looked for: use narrower classes", len(usable))
			}
			out = append(out, best)
		}
	}
	slices.SortStableFunc(out, func(a, b Found) int { return cmp.Compare(b.Response.Score(), a.Response.Score()) })
	return out, nil
}

// occurrences finds a trigger in all documents and tells whether that is enough.
func occurrences(docs []Document, x Trigger, o Options) (lags [][]uint64, enough bool) {
	present, absent, in := 0, 0, 0
	for _, d := range docs {
		here := 0
		at := x.lags(d.Tokens)
		for _, found := range at {
			if found != 0 {
				here++
			}
		}
		lags = append(lags, at)
		present += here
		absent += len(at) - 1 - here
		if here > 0 {
			in++
		}
	}
	return lags, present >= o.Queries && absent >= o.Queries && in >= o.Documents
}

// Measure is the response of one head to one trigger.
func Measure(docs []Document, layer, head int, x Trigger) (Response, error) {
	parts, err := tallies(docs, layer, head, x)
	if err != nil {
		return Response{}, err
	}
	var total tally
	for i := range parts {
		total.add(&parts[i], x.To)
	}
	return total.response(), nil
}

// Estimate is a number of the response of one head to one trigger, such as Response.Moved, with a
// bootstrap interval over documents. Documents drawn again bring all their queries. A number that
// is NaN, because no query has the trigger or every one has it, is an error.
func Estimate(docs []Document, layer, head int, x Trigger, number func(Response) float64, o stats.Options) (stats.Estimate, error) {
	parts, err := tallies(docs, layer, head, x)
	if err != nil {
		return stats.Estimate{}, err
	}
	e, err := stats.Bootstrap(len(parts), o, func(draw []int) float64 {
		var total tally
		for _, i := range draw {
			total.add(&parts[i], x.To)
		}
		return number(total.response())
	})
	if err != nil {
		return stats.Estimate{}, fmt.Errorf("ifelse: layer %d, head %d, %s: %w", layer+1, head+1, x, err)
	}
	return e, nil
}

// tallies are a head's and trigger's, document by document.
func tallies(docs []Document, layer, head int, x Trigger) ([]tally, error) {
	layers, heads, window, err := checkDocuments(docs)
	if err != nil {
		return nil, err
	}
	if layer < 0 || layer >= layers || head < 0 || head >= heads {
		return nil, fmt.Errorf("ifelse: no layer %d head %d among %d layers of %d heads", layer+1, head+1, layers, heads)
	}
	if err := x.Validate(window); err != nil {
		return nil, err
	}
	out := make([]tally, len(docs))
	for i := range docs {
		out[i] = docs[i].totals(layer, head)
		docs[i].move(&out[i], layer, head, x, x.lags(docs[i].Tokens))
	}
	return out, nil
}
