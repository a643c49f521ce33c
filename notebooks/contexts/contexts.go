// Package contexts is the work behind notebooks 02, 03 and 03b: when sinks emerge in training, and
// at what loss (claims C8 and C9 of arXiv 2504.02732, Figs. 5b and 7), what becomes of sink rates
// when models are trained on longer contexts (claim C7, Fig. 5a), on text and on trigger-mean, a
// task that needs an average, and what a sink is worth to queries at each position.
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

// rates are the sink rates of a set by context, and their slope.
func rates(l *claims.List, name string, set *curves.Set, number curves.Number) {
	for _, length := range set.Values(Field) {
		e, err := set.Where(Field, length).FinalShare(number)
		l.Add(name+", context "+length, "%", e, err)
	}
	e, err := Slope(set, number)
	l.Add(name+", slope", unit, e, err)
}

// Judged are the figures that claims.C7 reads of the runs of long.json.
func Judged(long *curves.Set) ([]claims.Figure, error) {
	final := long.Until(Budget)
	atHand, err := final.Last(curves.SinkRate(Short, 0))
	if err != nil {
		return nil, err
	}
	var l claims.List
	e, err := Slope(final, curves.SinkRate(Short, 0))
	l.Add("slope of the sink rate by doubling of the context, 98.3 M tokens", unit, e, err)
	figures, err := l.Figures()
	return append([]claims.Figure{claims.AtHand("98.3 M tokens, all contexts", atHand)}, figures...), err
}

// OnText are the figures that stand beside those of [Judged]: the same runs at another ε, length or
// budget, and the grid of three contexts (context.json) at its end.
func OnText(long, early *curves.Set) ([]claims.Figure, error) {
	var l claims.List
	rates(&l, "after 98.3 M tokens", long.Until(Budget), curves.SinkRate(Short, 0))
	rates(&l, "after 98.3 M tokens, ε = 0.8", long.Until(Budget), curves.SinkRate(Short, 1))
	rates(&l, "on windows of the training length", long.Until(Budget), curves.SinkRate(Own, 0))
	rates(&l, "after 24.6 M tokens", long.Until(Earlier), curves.SinkRate(Short, 0))
	rates(&l, "after 8.2 M tokens", early, curves.SinkRate(Short, 0))
	return l.Figures()
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
	var l claims.List
	rate, each := curves.SinkRate(Brief, 0), Centre(mean, false)
	rates(&l, "trigger-mean, a centre each", each, rate)
	rates(&l, "trigger-mean, a common centre", Centre(mean, true), rate)
	rates(&l, "trigger-mean, a centre each, seeds 6 to 10", again, rate)
	rates(&l, "trigger-mean, a centre each, seeds 1 to 10", curves.Join(each, again), rate)
	for _, width := range mlp.Values("model.hidden") {
		rates(&l, "trigger-mean, MLP "+width, mlp.Where("model.hidden", width), rate)
	}
	return l.Figures()
}
