package quantize

import (
	"cmp"
	"fmt"
	"maps"

	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/train/transformer"
)

// OutlierRatio is from where a token is an outlier: its largest channel over the median token's
// (PrefixQuant).
const OutlierRatio = 64

// Place is where outliers are looked for.
type Place string

// The places: the residual stream as it leaves a block, and what the down projection reads.
const (
	BlockOutput Place = "block output"
	DownInput   Place = "down input"
)

// Outliers are measures of one layer of one text.
type Outliers struct {
	Max      float64 `json:"max"`      // max |h| over tokens and channels
	Ratio    float64 `json:"ratio"`    // max over tokens of max_c |h|, over the median of the same
	Kurtosis float64 `json:"kurtosis"` // E[(h−μ)⁴]/σ⁴ over all entries, not excess: 3 for a normal distribution
}

// of is the node that a place names.
func (p Place) of(n *transformer.Nodes) *graph.Node {
	if p == DownInput {
		return n.Read[transformer.SiteDown]
	}
	return n.ResidOut
}

// moments are the metrics mean_c h^k, k = 1 … 4, [B, T], of both places: what kurtosis is made of.
func moments() []ondevice.Own {
	var all []ondevice.Own
	for _, p := range []Place{BlockOutput, DownInput} {
		for k := 1; k <= 4; k++ {
			all = append(all, ondevice.Own{Name: moment(p, k), Dims: "LT", Reduce: func(_ *transformer.Config, n *transformer.Nodes, _ *graph.Node) *graph.Node {
				h := p.of(n)
				power := h
				for range k - 1 {
					power = graph.Mul(power, h)
				}
				return graph.ReduceMean(power, -1)
			}})
		}
	}
	return all
}

func moment(p Place, k int) string { return fmt.Sprintf("moment %d of %s", k, p) }

// TokenMax is max_c |h| by layer and token at a place, of a trace that [Traces] made.
func TokenMax(t *sinks.Trace, p Place) ([][]float32, error) {
	if p == BlockOutput && len(t.ResidMax) == t.L+1 {
		return t.ResidMax[1:], nil
	}
	if own := t.Own[MaxAt(transformer.SiteDown).Name]; p == DownInput && own != nil && len(own.Values) > 0 {
		return own.Values[0], nil
	}
	return nil, fmt.Errorf("quantize: a trace without the tokens' largest channels at the %s: use Traces", p)
}

// MeasureOutliers gives the measures by layer, of a trace that [Traces] made.
func MeasureOutliers(t *sinks.Trace, p Place) ([]Outliers, error) {
	rows, err := TokenMax(t, p)
	if err != nil {
		return nil, err
	}
	out := make([]Outliers, len(rows))
	for l, row := range rows {
		largest := slices.Max(row)
		out[l] = Outliers{Max: float64(largest), Ratio: float64(largest) / float64(sinks.MedianAbs(row))}
		var e [5]float64 // E[h^k]
		for k := 1; k <= 4; k++ {
			own := t.Own[moment(p, k)]
			if own == nil || len(own.Values) == 0 {
				return nil, fmt.Errorf("quantize: a trace without %q: use Traces", moment(p, k))
			}
			for _, x := range own.Values[0][l] {
				e[k] += float64(x) / float64(len(row))
			}
		}
		out[l].Kurtosis = kurtosis(e[1], e[2], e[3], e[4])
	}
	return out, nil
}

// kurtosis is E[(h−μ)⁴]/σ⁴ from the moments about 0.
func kurtosis(m1, m2, m3, m4 float64) float64 {
	variance := m2 - m1*m1
	return (m4 - 4*m1*m3 + 6*m1*m1*m2 - 3*m1*m1*m1*m1) / (variance * variance)
}

// OutlierTokens lists the tokens of a text, 0-based and ascending, that are outliers in some layer,
// at the block's output or the down projection's input: over OutlierRatio times the median token of
// the layer.
func OutlierTokens(t *sinks.Trace) ([]int, error) {
	var list []int
	for _, p := range []Place{BlockOutput, DownInput} {
		rows, err := TokenMax(t, p)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			median := sinks.MedianAbs(row)
			for pos, x := range row {
				if x > OutlierRatio*median && !slices.Contains(list, pos) {
					list = append(list, pos)
				}
			}
		}
	}
	slices.Sort(list)
	return list, nil
}

// KeepOutliers keeps the outlier tokens of texts, wherever they stand, by traces of these very
// texts at full precision: what a method that finds them beforehand could do at best. Other texts
// keep none.
func KeepOutliers(traces []*sinks.Trace) (*Keep, error) {
	at := map[string][]int{}
	total := 0
	for _, t := range traces {
		list, err := OutlierTokens(t)
		if err != nil {
			return nil, err
		}
		at[fmt.Sprint(t.IDs)] = list
		total += len(list)
	}
	return &Keep{
		Name: fmt.Sprintf("the %d outlier tokens of %d texts", total, len(traces)),
		At:   func(ids []int32) []int { return at[fmt.Sprint(ids)] },
	}, nil
}

// Census counts outlier tokens, by text and 0-based: the texts that have one, those that have one
// at token 1, those that have one behind it, and all that stand behind it.
func Census(tokens [][]int) (any, first, later, behind int) {
	for _, list := range tokens {
		if len(list) == 0 {
			continue
		}
		any++
		n := len(list)
		if slices.Contains(list, 0) {
			first++
			n--
		}
		if n > 0 {
			later++
		}
		behind += n
	}
	return any, first, later, behind
}

// Commonest lists the n most frequent words with their counts, ties in order of the words.
func Commonest(words []string, n int) string {
	count := map[string]int{}
	for _, w := range words {
		count[w]++
	}
	distinct := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(count[b]-count[a], strings.Compare(a, b))
	})
	var parts []string
	for _, w := range distinct[:min(n, len(distinct))] {
		parts = append(parts, fmt.Sprintf("%q × %d", w, count[w]))
	}
	return strings.Join(parts, ", ")
}
