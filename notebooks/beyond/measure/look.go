package measure

import (
	"cmp"
	"maps"
	"slices"

	"firsttoken/notebooks/beyond/values"
)

// watch counts where rows have their largest weight.
type watch struct {
	from, to int // rows
	rows     int
	lags     map[string]int
	tokens   map[int32]*tally
}

// tally is what one token is as such a key.
type tally struct {
	rows  int
	value float64 // Σ ‖v‖ over the mean of the keys seen
}

// look counts the rows of a text, of the local heads followed.
func (r *reading) look() {
	r.meanValues()
	_, top := r.t.Quantity(argMax)
	group := r.t.H / r.t.K
	for i := range r.watched {
		w := &r.watched[i]
		if w.lags == nil {
			w.lags, w.tokens = map[string]int{}, map[int32]*tally{}
		}
		for _, l := range r.local {
			for h := range r.t.H {
				if !r.followed[r.doc][l*r.t.H+h] {
					continue
				}
				for t := w.from; t < w.to; t++ {
					key := int(top[l][h][t])
					w.rows++
					w.lags[values.OfLag(t, key, r.out.Window)]++
					if key == 0 || key == t {
						continue
					}
					id := r.t.IDs[key]
					if w.tokens[id] == nil {
						w.tokens[id] = &tally{}
					}
					w.tokens[id].rows++
					w.tokens[id].value += float64(r.t.ValueNorm[l][h/group][key]) / r.mean[l][h/group][t]
				}
			}
		}
	}
}

// tokensShown is how many tokens a Look lists.
const tokensShown = 12

// look is what was counted over all texts.
func (x watch) look(w *work) values.Look {
	out := values.Look{From: x.from, To: x.to, Lags: map[string]float64{}}
	for name, n := range x.lags {
		out.Lags[name] = rounded(float64(n) / float64(x.rows))
	}
	among, all := map[int32]int{}, 0
	for _, ids := range w.texts {
		for _, id := range ids[1:] {
			among[id]++
			all++
		}
	}
	ids := slices.SortedFunc(maps.Keys(x.tokens), func(a, b int32) int {
		return cmp.Or(cmp.Compare(x.tokens[b].rows, x.tokens[a].rows), cmp.Compare(a, b))
	})
	for _, id := range ids[:min(tokensShown, len(ids))] {
		one := x.tokens[id]
		out.Tokens = append(out.Tokens, values.Token{Text: w.display(id), Share: rounded(float64(one.rows) / float64(x.rows)),
			Base: rounded(float64(among[id]) / float64(all)), Value: rounded(one.value / float64(one.rows))})
	}
	return out
}
