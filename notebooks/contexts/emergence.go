package contexts

import (
	"fmt"
	"strings"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/curves"
	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks/stats"
)

// SomeSink is the sink rate at ε = 0.3, in %, above which a run counts as one with a sink.
const SomeSink = 5

// emergence is the share of each run's training, in %, after which it first has a sink on texts of
// 64 tokens; 100 if it never does.
func emergence(s *curves.Set) ([]float64, error) {
	return s.Crossing(curves.SinkRate(Short, 0), SomeSink)
}

// ends are the runs of the first and of the last context, which grids list from the shortest on.
func ends(set *curves.Set) (shortest, longest *curves.Set, err error) {
	lengths := set.Values(Field)
	if len(lengths) < 2 {
		return nil, nil, fmt.Errorf("contexts: runs of %d contexts: two at least can be compared", len(lengths))
	}
	return set.Where(Field, lengths[0]), set.Where(Field, lengths[len(lengths)-1]), nil
}

// C8 are the figures of claims.C8 (Fig. 5b of arXiv 2504.02732): how many runs have a sink at
// initialisation and at the end, and how soon at the longest and the shortest context.
func C8(set *curves.Set) ([]claims.Figure, error) {
	shortest, longest, err := ends(set)
	if err != nil {
		return nil, err
	}
	var l claims.List
	first, err := set.First(curves.SinkRate(Short, 0))
	if err != nil {
		return nil, err
	}
	start, err := curves.Share(first, SomeSink)
	l.Add("runs with a sink at initialisation", "%", start, err)
	end, err := set.Exceeding(curves.SinkRate(Short, 0), SomeSink)
	l.Add("runs with a sink at the end", "%", end, err)
	sooner, err := curves.Compare(emergence, longest, shortest, curves.Minus, stats.PercentChange)
	l.Add("emergence, longest − shortest context", "% of training", sooner, err)
	for i, s := range []*curves.Set{longest, shortest} {
		x, err := emergence(s)
		if err != nil {
			return nil, err
		}
		e, err := stats.Repeats(x, stats.Options{Range: stats.Percent})
		l.Add("emergence, "+[]string{"longest", "shortest"}[i]+" context", "% of training", e, err)
	}
	return l.Figures()
}

// C9 are the figures of claims.C9 (Fig. 7): the loss of the longest context against that of the
// shortest, on windows of the own length and on the same texts of 64 tokens.
func C9(set *curves.Set) ([]claims.Figure, error) {
	shortest, longest, err := ends(set)
	if err != nil {
		return nil, err
	}
	var l claims.List
	for _, on := range []struct{ change, eval string }{
		{"loss at the longest context against the shortest", Own}, {"loss on texts of 64 tokens, longest context against the shortest", Short},
	} {
		e, err := curves.Compare(curves.AtEnd(curves.Loss(on.eval)), longest, shortest, curves.Change, stats.Range{})
		l.Add(on.change, "%", e, err)
	}
	for _, on := range []struct{ name, eval string }{{"loss", Own}, {"loss on texts of 64 tokens", Short}} {
		for i, s := range []*curves.Set{longest, shortest} {
			e, err := s.Final(curves.Loss(on.eval))
			l.Add(on.name+", "+[]string{"longest", "shortest"}[i]+" context", "nats", e, err)
		}
	}
	return l.Figures()
}

// Emergence has the emergence and the final sink rate of every run in a table, by context, with the
// held-out loss on windows of the own length.
func Emergence(set *curves.Set) (string, error) {
	var rows []string
	for _, length := range set.Values(Field) {
		runs := set.Where(Field, length)
		sooner, err := emergence(runs)
		if err != nil {
			return "", err
		}
		rate, err := runs.Last(curves.SinkRate(Short, 0))
		if err != nil {
			return "", err
		}
		loss, err := runs.Final(curves.Loss(Own))
		if err != nil {
			return "", err
		}
		rows = append(rows, strings.Join([]string{length, list(sooner), list(rate), loss.PlusMinus("%.3f")}, " | "))
	}
	head := "context | emergence, by seed (% of training) | final sink rate, by seed (%) | held-out loss"
	return tables.Markdown(head, rows) + "\n± is the half width of the 95 % t interval over seeds.", nil
}

// list writes numbers of runs without decimals.
func list(x []float64) string {
	var parts []string
	for _, v := range x {
		parts = append(parts, fmt.Sprintf("%.0f", v))
	}
	return strings.Join(parts, ", ")
}

// Losses draws the held-out loss along the training under an evaluation, as [Along] draws sink
// rates.
func Losses(title string, set *curves.Set, eval string) (*plots.Figure, error) {
	return along(plots.Lines{Title: title, YName: "nats a token"}, set, curves.Loss(eval))
}
