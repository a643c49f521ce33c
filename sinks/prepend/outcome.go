package prepend

import (
	"fmt"
	"math"

	"firsttoken/sinks/stats"
)

// The conditions under which embeddings are taken.
const (
	Alone      = "prompt alone"
	Held       = "placeholder, nothing copied"
	Copied     = "Token Prepending"
	Other      = "another row copied" // that of the token before the placeholder
	AtFirst    = "copied to row 1"
	NoSink     = "prompt alone, key 1 hidden"
	CopyNoSink = "Token Prepending, key 1 hidden"
)

// Outcome is what came of a model.
type Outcome struct {
	Layers int `json:"layers"`
	// Of the choosing frames' pairs: Spearman × 100 by block, from the embedding on, [L+1]; with copies
	// until each of Untils [untils][L+1].
	Untils []int       `json:"untils"`
	Alone  []float64   `json:"alone"`
	Held   []float64   `json:"held"`
	Copied [][]float64 `json:"copied"`
	// Until is k and Block the block of each condition, by the best of these.
	Until int            `json:"until"`
	Block map[string]int `json:"block"`
	// Cosines of the pairs that judge, by condition.
	Cosines map[string][]float64 `json:"cosines"`
	Pairs   []Pair               `json:"pairs"`
	// Sinks of the choosing frames' plain sentences: % of heads that give row 1 more than 0.3 of
	// their attention, mean over rows, as by [Sinks].
	Sink Sinks `json:"sink"`
}

// Sinks are sink rates in %, by sentence: under no copy, with the placeholder inside and in front,
// and with copies until each of Untils there, [untils][sentences]; and the same of the placeholder
// inside as a sink itself.
type Sinks struct {
	Alone  []float64   `json:"alone"`
	Inside [][]float64 `json:"inside"`
	First  [][]float64 `json:"first"`
	Itself [][]float64 `json:"itself"`
}

// Choose sets k and the blocks to the best on the choosing pairs, the shallower of equals. Blocks
// count from 1: embeddings as they enter the first block have seen nothing.
func (o *Outcome) Choose() {
	best := func(row []float64) (block int) {
		block = 1
		for l := 1; l < len(row); l++ {
			if row[l] > row[block] || math.IsNaN(row[block]) {
				block = l
			}
		}
		return block
	}
	o.Block = map[string]int{Alone: best(o.Alone), Held: best(o.Held)}
	top := math.Inf(-1)
	for i, row := range o.Copied {
		if b := best(row); row[b] > top {
			top, o.Until, o.Block[Copied] = row[b], o.Untils[i], b
		}
	}
	o.Block[NoSink] = o.Block[Alone]
	for _, c := range []string{Other, AtFirst, CopyNoSink} {
		o.Block[c] = o.Block[Copied]
	}
}

// Named is a figure.
type Named struct {
	Name, Unit string
	stats.Estimate
}

// Spearman estimates a condition's agreement × 100, less another's unless that is empty, over frames
// drawn with all their pairs.
func (o *Outcome) Spearman(condition, less string, so stats.Options) (stats.Estimate, error) {
	frames := 0
	for _, p := range o.Pairs {
		frames = max(frames, p.Frame+1)
	}
	of := func(name string, draw []int) float64 {
		var cosines []float64
		var pairs []Pair
		for _, f := range draw {
			for i, p := range o.Pairs {
				if p.Frame == f {
					cosines, pairs = append(cosines, o.Cosines[name][i]), append(pairs, p)
				}
			}
		}
		rho, err := Agreement(cosines, pairs)
		if err != nil {
			return math.NaN()
		}
		return 100 * rho
	}
	for _, name := range []string{condition, less} {
		if name != "" && len(o.Cosines[name]) != len(o.Pairs) {
			return stats.Estimate{}, fmt.Errorf("prepend: %d cosines of %d pairs, %s", len(o.Cosines[name]), len(o.Pairs), name)
		}
	}
	return stats.Bootstrap(frames, so, func(draw []int) float64 {
		if less == "" {
			return of(condition, draw)
		}
		return of(condition, draw) - of(less, draw)
	})
}

// Figures are those of claim S6a and what stands beside it.
func (o *Outcome) Figures(so stats.Options) (list []Named, err error) {
	for _, f := range [][2]string{
		{Copied, Alone}, {Copied, Held}, {Copied, Other}, {Copied, AtFirst}, {CopyNoSink, NoSink}, {NoSink, Alone},
		{Alone, ""}, {Held, ""}, {Copied, ""},
	} {
		e, err := o.Spearman(f[0], f[1], so)
		if err != nil {
			return nil, err
		}
		list = append(list, Named{FigureName(f[0], f[1]), "points", e})
	}
	return list, nil
}

// FigureName names the figure of a condition less another.
func FigureName(condition, less string) string {
	if less == "" {
		return "Spearman × 100, " + condition
	}
	return fmt.Sprintf("Spearman × 100, %s − %s", condition, less)
}
