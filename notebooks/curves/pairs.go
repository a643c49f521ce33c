package curves

import (
	"errors"
	"fmt"
	"slices"

	"firsttoken/sinks/stats"
)

// Pairs are a number of runs in two or more sets that agree in their seed, [set][seed], seeds in
// the order of the first set: what differences between settings are made of. of reads the number of
// each run of a set, such as
//
//	func(s *Set) ([]float64, error) { return s.Last(curves.Loss("text")) }
//
// Each set must have each seed once; runs in another order, or one of which a set has more, would
// pair what does not belong together.
func Pairs(of func(*Set) ([]float64, error), sets ...*Set) ([][]float64, error) {
	if len(sets) < 2 {
		return nil, errors.New("curves: pairs of fewer than two sets")
	}
	seeds, err := sets[0].seeds()
	if err != nil {
		return nil, err
	}
	var out [][]float64
	for i, s := range sets {
		own, err := s.seeds()
		if err != nil {
			return nil, err
		}
		if len(own) != len(seeds) {
			return nil, fmt.Errorf("curves: set 1 has the seeds %q, set %d has %q: pairs need the same", seeds, i+1, own)
		}
		x, err := of(s)
		if err != nil {
			return nil, err
		}
		if len(x) != len(own) {
			return nil, fmt.Errorf("curves: %d numbers of %d runs of set %d", len(x), len(own), i+1)
		}
		row := make([]float64, len(seeds))
		for k, seed := range seeds {
			at := slices.Index(own, seed)
			if at < 0 {
				return nil, fmt.Errorf("curves: set 1 has the seeds %q, set %d has %q: pairs need the same", seeds, i+1, own)
			}
			row[k] = x[at]
		}
		out = append(out, row)
	}
	return out, nil
}

// AtEnd reads a number at the end of training.
func AtEnd(number Number) func(*Set) ([]float64, error) {
	return func(s *Set) ([]float64, error) { return s.Last(number) }
}

// PairsAtEnd are Pairs of a number at the end of training.
func PairsAtEnd(number Number, sets ...*Set) ([][]float64, error) {
	return Pairs(AtEnd(number), sets...)
}

// Compare is the mean over seeds of f(x, y), where x and y are the numbers of the runs of a and b
// that share the seed, with Student's t interval: a difference ([Minus]) or a change in %
// ([Change]). within are the values that f can have; zero for any.
func Compare(of func(*Set) ([]float64, error), a, b *Set, f func(x, y float64) float64, within stats.Range) (stats.Estimate, error) {
	pairs, err := Pairs(of, a, b)
	if err != nil {
		return stats.Estimate{}, err
	}
	z := make([]float64, len(pairs[0]))
	for k := range z {
		z[k] = f(pairs[0][k], pairs[1][k])
	}
	return stats.Repeats(z, stats.Options{Range: within})
}

// Minus is x − y.
func Minus(x, y float64) float64 { return x - y }

// Change is x against y, in %.
func Change(x, y float64) float64 { return 100 * (x - y) / y }

// Contrasts are, for pairs [set][seed], the deviations of each set from the mean over sets of the
// same seed, in % of that mean: what a setting changes, with what the seed changes taken out. Every
// set has one value a seed, so they add up to 0.
func Contrasts(pairs [][]float64) [][]float64 {
	out := make([][]float64, len(pairs))
	for i, row := range pairs {
		out[i] = make([]float64, len(row))
		for k := range row {
			mean := 0.0
			for j := range pairs {
				mean += pairs[j][k] / float64(len(pairs))
			}
			out[i][k] = 100 * (row[k] - mean) / mean
		}
	}
	return out
}

// seeds lists the seeds of the runs, each of which has one of its own.
func (s *Set) seeds() ([]string, error) {
	if err := s.readable(); err != nil {
		return nil, err
	}
	var seeds []string
	for _, p := range s.Points {
		seed, ok := p.Fields["seed"]
		switch {
		case !ok:
			return nil, fmt.Errorf("curves: run %s names no seed: pairs are made by it", p.ID)
		case slices.Contains(seeds, seed):
			return nil, fmt.Errorf("curves: two runs of a set have seed %s: choose one setting a set", seed)
		}
		seeds = append(seeds, seed)
	}
	return seeds, nil
}
