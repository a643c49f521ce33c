// Package contexts is the work behind notebooks 03 and 03b: what becomes of sink rates when models
// are trained on longer contexts (claim C7 of arXiv 2504.02732, Fig. 5a), on text and on
// trigger-mean, a task that needs an average, and what a sink is worth to queries at each position.
//
// Sink rates are shares of (text, layer, head) with α₁ above ε, in %, at one length for all
// contexts ([Short], [Brief]) or at the length of the training ([Own]). It imports no tensor
// library, so that cells which only plot link fast; package trained trains and measures.
package contexts

import (
	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/curves"
	"firsttoken/sinks/stats"
)

// Evaluations that rates are read from.
const (
	Short = "bos+text@64" // held-out documents of 64 tokens behind ⟨bos⟩
	Own   = "packed"      // held-out windows of the training context
	Brief = "bos+text@16" // sequences of 16 inputs of trigger-mean
)

// Budgets in tokens: what all runs of long.json have read, and the two earlier ends of them.
const (
	Budget  = 98_304_000
	Earlier = 24_576_000
	Early   = 8_192_000
)

// Field is what contexts are called in the runs' configurations.
const Field = "model.context"

// Slope is how much a rate changes when the context doubles, in points: least squares over the
// contexts of each seed, mean over seeds with Student's t interval.
func Slope(set *curves.Set, number curves.Number) (stats.Estimate, error) {
	slopes, err := set.Slopes(Field, number)
	if err != nil {
		return stats.Estimate{}, err
	}
	return stats.Repeats(slopes, stats.Options{Range: stats.PercentChange})
}

// unit is that of a slope.
const unit = "% a doubling"

// list gathers figures until the first error.
type list struct {
	figures []claims.Figure
	err     error
}

func (l *list) add(name, unit string, e stats.Estimate, err error) {
	if l.err == nil {
		l.err = err
	}
	l.figures = append(l.figures, claims.Figure{Name: name, Unit: unit, Estimate: e})
}

// rates are the sink rates of a set by context, and their slope.
func (l *list) rates(name string, set *curves.Set, number curves.Number) {
	for _, length := range set.Values(Field) {
		e, err := set.Where(Field, length).FinalShare(number)
		l.add(name+", context "+length, "%", e, err)
	}
	e, err := Slope(set, number)
	l.add(name+", slope", unit, e, err)
}

// Judged are the figures that claims.C7 reads of the runs of long.json.
func Judged(long *curves.Set) ([]claims.Figure, error) {
	final := long.Until(Budget)
	rates, err := final.Last(curves.SinkRate(Short, 0))
	if err != nil {
		return nil, err
	}
	l := list{figures: []claims.Figure{claims.AtHand("98.3 M tokens, all contexts", rates)}}
	e, err := Slope(final, curves.SinkRate(Short, 0))
	l.add("slope of the sink rate by doubling of the context, 98.3 M tokens", unit, e, err)
	return l.figures, l.err
}

// OnText are the figures that stand beside those of [Judged]: the same runs at another ε, length or
// budget, and the grid of three contexts (context.json) at its end.
func OnText(long, early *curves.Set) ([]claims.Figure, error) {
	var l list
	l.rates("after 98.3 M tokens", long.Until(Budget), curves.SinkRate(Short, 0))
	l.rates("after 98.3 M tokens, ε = 0.8", long.Until(Budget), curves.SinkRate(Short, 1))
	l.rates("on windows of the training length", long.Until(Budget), curves.SinkRate(Own, 0))
	l.rates("after 24.6 M tokens", long.Until(Earlier), curves.SinkRate(Short, 0))
	l.rates("after 8.2 M tokens", early, curves.SinkRate(Short, 0))
	return l.figures, l.err
}

// Centre are the runs of mean.json whose sequences have a centre each, or one common to all.
func Centre(mean *curves.Set, common bool) *curves.Set {
	if common {
		return mean.Where("data.trigger_mean.common", "true")
	}
	return mean.Where("data.trigger_mean.common", "")
}

// OnTask are the figures of trigger-mean that stand beside C7: of mean.json, again.json and
// mlp.json.
func OnTask(mean, again, mlp *curves.Set) ([]claims.Figure, error) {
	var l list
	rate, each := curves.SinkRate(Brief, 0), Centre(mean, false)
	l.rates("trigger-mean, a centre each", each, rate)
	l.rates("trigger-mean, a common centre", Centre(mean, true), rate)
	l.rates("trigger-mean, a centre each, seeds 6 to 10", again, rate)
	l.rates("trigger-mean, a centre each, seeds 1 to 10", curves.Join(each, again), rate)
	for _, width := range mlp.Values("model.hidden") {
		l.rates("trigger-mean, MLP "+width, mlp.Where("model.hidden", width), rate)
	}
	return l.figures, l.err
}
