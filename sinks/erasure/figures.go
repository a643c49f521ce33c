package erasure

import (
	"fmt"
	"math"
	"slices"

	"firsttoken/sinks/stats"
)

// Named is a figure.
type Named struct {
	Name, Unit string
	stats.Estimate
}

// OffsetNames name what is read, by offset.
var OffsetNames = [Offsets]string{"the token itself", "the token before", "two before", "three before"}

// NameRead is the name of the figure of what is read of an offset.
func NameRead(offset int) string {
	return "read at best in early blocks, words of several tokens, " + OffsetNames[offset]
}

// NameLost is that of the share of it which early blocks lose.
func NameLost(offset int) string {
	return "share of that lost in early blocks, " + OffsetNames[offset]
}

// NameMore is that of the same less the share at words of one token.
func NameMore(offset int) string {
	return "share lost, words of several tokens − of one as rare, " + OffsetNames[offset]
}

// NameHidden is that of the share lost with key 1 hidden less the share lost as it is.
func NameHidden(offset int) string {
	return "share lost, key 1 hidden − as it is, " + OffsetNames[offset]
}

// shareLost is 1 − Σ hits after block To / Σ hits after block From over the documents drawn, in %.
func (o *Outcome) shareLost(c *Counted, offset int, draw []int) float64 {
	a, b := c.Hits[slices.Index(o.Blocks, o.From[offset])][offset], c.Hits[slices.Index(o.Blocks, o.To)][offset]
	var before, after float64
	for _, d := range draw {
		before, after = before+a[d], after+b[d]
	}
	if before == 0 {
		return math.NaN()
	}
	return 100 * (1 - after/before)
}

// Figures are those of claim S6b and what stands beside it. hidden, unless it is nil, is what was
// read of the same documents with key 1 hidden from all later queries.
func (o *Outcome) Figures(hidden *Outcome, so stats.Options) (list []Named, err error) {
	docs := len(o.Words)
	add := func(name, unit string, e stats.Estimate, wrong error) {
		if wrong != nil && err == nil {
			err = fmt.Errorf("%s: %w", name, wrong)
		}
		list = append(list, Named{name, unit, e})
	}
	for i := range Offsets {
		e, wrong := o.Several.Rate(slices.Index(o.Blocks, o.From[i]), i, so)
		add(NameRead(i), "%", e, wrong)
		e, wrong = stats.Bootstrap(docs, so, func(draw []int) float64 { return o.shareLost(&o.Several, i, draw) })
		add(NameLost(i), "%", e, wrong)
		e, wrong = stats.Bootstrap(docs, so, func(draw []int) float64 {
			return o.shareLost(&o.Several, i, draw) - o.shareLost(&o.Matched, i, draw)
		})
		add(NameMore(i), "points", e, wrong)
		if hidden == nil {
			continue
		}
		if hidden.To != o.To || len(hidden.Words) != docs {
			return nil, fmt.Errorf("erasure: %d documents until block %d with key 1 hidden, %d until block %d without: they must be the same", len(hidden.Words), hidden.To, docs, o.To)
		}
		e, wrong = stats.Bootstrap(docs, so, func(draw []int) float64 {
			return hidden.shareLost(&hidden.Several, i, draw) - o.shareLost(&o.Several, i, draw)
		})
		add(NameHidden(i), "points", e, wrong)
	}
	whole := func(x []int) (y []float64) {
		for _, v := range x {
			y = append(y, float64(v))
		}
		return y
	}
	share := so
	share.Range = stats.Share
	e, wrong := stats.Ratio(whole(o.Found), whole(o.Words), share)
	add("words of several tokens that the segmentation finds", "%", e.Scale(100), wrong)
	e, wrong = stats.Ratio(whole(o.Chance), whole(o.Words), share)
	add("… with the losses at other tokens", "%", e.Scale(100), wrong)
	e, wrong = stats.Paired(o.ScoreWords, o.ScoreOthers, so)
	add("ψ, words of several tokens − other spans as long", "", e, wrong)
	return list, err
}
