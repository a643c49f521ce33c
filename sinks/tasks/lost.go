package tasks

import (
	"errors"

	"firsttoken/sinks/stats"
)

// Item is one prompt behind two fronts.
type Item struct {
	With, Without Result // with and without ⟨bos⟩
	// Unit names what is drawn as a whole: the question, or the haystack that needles of several
	// lengths lie in.
	Unit string
}

// AboveChance is what each result adds to the score above chance, in %: 100 where it is right, less
// what guessing gives.
func AboveChance(results []Result) []float64 {
	x := Accuracy(results)
	for i, r := range results {
		x[i] = 100 * (x[i] - 1/float64(len(r.Scores)))
	}
	return x
}

// Lost is the share, in %, of the score above chance that is lost without ⟨bos⟩: 0 where a model
// answers as before, 100 where it guesses. The interval is stats.Bootstrap over units. It is an
// error where the model does not score above chance with ⟨bos⟩.
func Lost(items []Item, o stats.Options) (stats.Estimate, error) {
	units := unitsOf(items)
	return stats.Bootstrap(len(units), o, func(draw []int) float64 {
		var s score
		for _, u := range draw {
			s.add(units[u])
		}
		return s.lost()
	})
}

// LostMore is Lost of a less Lost of b, of two tests. The units of both are drawn together, so how
// many are of each varies with the draw. Without stats.MinBootstrap units of either there is no
// interval.
func LostMore(a, b []Item, o stats.Options) (stats.Estimate, error) {
	first, second := unitsOf(a), unitsOf(b)
	n := len(first) + len(second)
	more := func(draw []int) float64 {
		var x, y score
		for _, u := range draw {
			if u < len(first) {
				x.add(first[u])
			} else {
				y.add(second[u-len(first)])
			}
		}
		return x.lost() - y.lost()
	}
	if few := min(len(first), len(second)); few < stats.MinBootstrap {
		x, errA := Lost(a, o)
		y, errB := Lost(b, o)
		return stats.Estimate{Value: x.Value - y.Value, N: n}, errors.Join(errA, errB)
	}
	return stats.Bootstrap(n, o, more)
}

// score sums items above chance.
type score struct{ with, without float64 }

func (s *score) add(items []Item) {
	for _, i := range items {
		s.with += AboveChance([]Result{i.With})[0]
		s.without += AboveChance([]Result{i.Without})[0]
	}
}

// lost is NaN or infinite where there is nothing to lose.
func (s score) lost() float64 { return 100 * (1 - s.without/s.with) }

func unitsOf(items []Item) [][]Item {
	names := make([]string, len(items))
	for i, x := range items {
		names[i] = x.Unit
	}
	var units [][]Item
	for _, members := range stats.Clusters(names) {
		var unit []Item
		for _, i := range members {
			unit = append(unit, items[i])
		}
		units = append(units, unit)
	}
	return units
}
