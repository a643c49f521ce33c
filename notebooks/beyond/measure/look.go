package measure

import (
	"cmp"
	"maps"
	"slices"

	"firsttoken/notebooks/beyond/values"
)

// watch counts where rows have their largest weight, by local layer.
type watch struct {
	from, to int // rows
	layers   map[int]*counts
}

// counts are of one layer's heads that are followed, over all texts.
type counts struct {
	heads, rows, first, massive int
	lags                        map[string]int
	tokens, ordinary            tallies // keys but ⟨bos⟩ and the row's own; those of them that are not massive
}

// tallies are what tokens are as such keys.
type tallies map[int32]tally

type tally struct {
	rows  int
	value float64 // Σ ‖v‖ over the mean of the keys seen
}

func (t tallies) add(id int32, rows int, value float64) {
	t[id] = tally{t[id].rows + rows, t[id].value + value}
}

// ranked are the tokens with most rows first.
func (t tallies) ranked() []int32 {
	return slices.SortedFunc(maps.Keys(t), func(a, b int32) int { return cmp.Or(cmp.Compare(t[b].rows, t[a].rows), cmp.Compare(a, b)) })
}

// look counts the rows of a text, of the local heads followed.
func (r *reading) look() {
	r.meanValues()
	_, top := r.t.Quantity(argMax)
	for i := range r.watched {
		w := &r.watched[i]
		for _, l := range r.local {
			for h := range r.t.H {
				if !r.followed[r.doc][l*r.t.H+h] {
					continue
				}
				if w.layers == nil {
					w.layers = map[int]*counts{}
				}
				if w.layers[l] == nil {
					w.layers[l] = &counts{lags: map[string]int{}, tokens: tallies{}, ordinary: tallies{}}
				}
				w.layers[l].heads++
				for t := w.from; t < w.to; t++ {
					r.count(w.layers[l], l, h, t, int(top[l][h][t]))
				}
			}
		}
	}
}

// count takes one row of a head, whose largest weight is on a key.
func (r *reading) count(c *counts, l, h, t, key int) {
	c.rows++
	c.lags[values.OfLag(t, key, r.out.Window)]++
	if key == 0 {
		c.first++
	}
	if key == 0 || key == t {
		return
	}
	k := h / (r.t.H / r.t.K)
	value := float64(r.t.ValueNorm[l][k][key]) / r.mean[l][k][t]
	c.tokens.add(r.t.IDs[key], 1, value)
	if r.massive[key] > 0 {
		c.massive++
		return
	}
	c.ordinary.add(r.t.IDs[key], 1, value)
}

// tokensShown is how many tokens a Look lists.
const tokensShown = 12

// look is what was counted over all texts.
func (x watch) look(w *work) values.Look {
	out := values.Look{From: x.from, To: x.to, Lags: map[string]float64{}}
	all, rows := tallies{}, 0
	for _, l := range slices.Sorted(maps.Keys(x.layers)) {
		c := x.layers[l]
		share := func(n int) float64 { return rounded(float64(n) / float64(c.rows)) }
		one := values.Layer{Layer: l + 1, Heads: rounded(float64(c.heads) / float64(len(w.texts))), First: share(c.first), Massive: share(c.massive)}
		if ids := c.ordinary.ranked(); len(ids) > 0 {
			t := c.ordinary[ids[0]]
			one.Text, one.Share, one.Value = w.display(ids[0]), share(t.rows), rounded(t.value/float64(t.rows))
		}
		out.Layers, rows = append(out.Layers, one), rows+c.rows
		for id, t := range c.tokens {
			all.add(id, t.rows, t.value)
		}
		for name, n := range c.lags {
			out.Lags[name] += float64(n)
		}
	}
	for name, n := range out.Lags {
		out.Lags[name] = rounded(n / float64(rows))
	}
	among, text := map[int32]int{}, 0
	for _, ids := range w.texts {
		for _, id := range ids[1:] {
			among[id]++
			text++
		}
	}
	ids := all.ranked()
	for _, id := range ids[:min(tokensShown, len(ids))] {
		t := all[id]
		out.Tokens = append(out.Tokens, values.Token{Text: w.display(id), Share: rounded(float64(t.rows) / float64(rows)),
			Base: rounded(float64(among[id]) / float64(text)), Value: rounded(t.value / float64(t.rows))})
	}
	return out
}
