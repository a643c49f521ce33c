package security

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"firsttoken/sinks"
	"firsttoken/sinks/stats"
)

// Divergent is the sink divergence of each head between two classes of texts.
type Divergent struct {
	Delta [][]float64 `json:"delta"` // [L][H] mean over pairs of α₁ on a − α₁ on b
	// Apart is how many heads have an interval over pairs that leaves 0 out, all heads' intervals
	// holding at once (Bonferroni), and Chance the mean of that number when a and b change places in
	// each pair by chance.
	Apart  int     `json:"apart"`
	Chance float64 `json:"chance"`
	Heads  int     `json:"heads"`
	Pairs  int     `json:"pairs"`
}

// Divergence compares the attention that token 1 gets in texts a[i] and b[i], which are alike in
// all but their class; row 1, which sees nothing else, is left out. The traces need FirstMass.
func Divergence(a, b []*sinks.Trace, draws int, seed uint64) (*Divergent, error) {
	if len(a) != len(b) || len(a) < 3 {
		return nil, fmt.Errorf("security: %d texts of one class, %d of the other: pairs of texts are compared, three or more", len(a), len(b))
	}
	if draws < 1 {
		return nil, errors.New("security: no draws of the order in pairs: chance takes at least one")
	}
	var by [][][]float64 // [pairs][L][H]
	for i := range a {
		delta, err := a[i].SinkScore(sinks.Options{ExcludeSelf: true})
		if err != nil {
			return nil, err
		}
		other, err := b[i].SinkScore(sinks.Options{ExcludeSelf: true})
		if err != nil {
			return nil, err
		}
		if len(delta) != len(other) || len(delta[0]) != len(other[0]) {
			return nil, fmt.Errorf("security: pair %d is of two models", i+1)
		}
		for l := range delta {
			for h := range delta[l] {
				delta[l][h] -= other[l][h]
			}
		}
		by = append(by, delta)
	}
	d := &Divergent{Pairs: len(a)}
	ones := make([]float64, len(by))
	for i := range ones {
		ones[i] = 1
	}
	var err error
	if d.Delta, d.Apart, err = apart(by, ones); err != nil {
		return nil, err
	}
	d.Heads = len(d.Delta) * len(d.Delta[0])
	rng := rand.New(rand.NewPCG(seed, 15))
	for range draws {
		signs := make([]float64, len(by))
		for i := range signs {
			signs[i] = float64(2*rng.IntN(2) - 1)
		}
		_, n, err := apart(by, signs)
		if err != nil {
			return nil, err
		}
		d.Chance += float64(n) / float64(draws)
	}
	return d, nil
}

// apart is the mean of each head over pairs times their signs, and how many intervals leave 0 out.
func apart(by [][][]float64, signs []float64) (mean [][]float64, n int, err error) {
	o := stats.DefaultOptions().Bonferroni(len(by[0]) * len(by[0][0]))
	for l := range by[0] {
		mean = append(mean, make([]float64, len(by[0][l])))
		for h := range by[0][l] {
			x := make([]float64, len(by))
			for i := range by {
				x[i] = signs[i] * by[i][l][h]
			}
			e, err := stats.Repeats(x, o)
			if err != nil {
				return nil, 0, err
			}
			mean[l][h] = e.Value
			if e.CI != nil && (e.CI.Lo > 0 || e.CI.Hi < 0) {
				n++
			}
		}
	}
	return mean, n, nil
}
