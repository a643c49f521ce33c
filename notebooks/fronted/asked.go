package fronted

import (
	"fmt"
	"math"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/fronted/values"
	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/stats"
	"firsttoken/sinks/tasks"
)

// Names of the two tests.
const choice, needle = "multiple choice", "needle"

// Asked are a model's answers behind fronts.
type Asked struct {
	fronts []string // "with" first
	tokens []int    // lengths of the prompts with a needle
	behind map[string]values.Answers
}

// NewAsked takes answers by front, those with ⟨bos⟩ first, to questions and to needles in prompts of
// so many tokens.
func NewAsked(fronts []string, tokens []int, behind map[string]values.Answers) (*Asked, error) {
	if len(fronts) == 0 || fronts[0] != with || len(tokens) == 0 {
		return nil, fmt.Errorf("fronted: answers behind %q to needles of %v tokens: the first front must be %q, and there must be needles", fronts, tokens, with)
	}
	a := &Asked{fronts, tokens, behind}
	for _, front := range fronts {
		for i, list := range a.parts(front) {
			if n := len(a.parts(with)[i]); len(list) == 0 || len(list) != n {
				return nil, fmt.Errorf("fronted: test %d has %d answers behind %q and %d behind %q: ask all behind every front", i+1, len(list), front, n, with)
			}
		}
	}
	return a, nil
}

// parts are the answers behind a front, one list for the questions and one for each length of
// needles.
func (a *Asked) parts(front string) [][]tasks.Result {
	list := [][]tasks.Result{a.behind[front].Choice}
	for _, n := range a.tokens {
		list = append(list, a.behind[front].Needle[n])
	}
	return list
}

// answers are those to one test behind a front, and what each is drawn with: needles of all lengths
// lie in the same haystacks.
func (a *Asked) answers(front, test string) (list []tasks.Result, unit []string) {
	parts := a.parts(front)
	if test == choice {
		parts = parts[:1]
	} else {
		parts = parts[1:]
	}
	for _, part := range parts {
		for i, r := range part {
			list, unit = append(list, r), append(unit, fmt.Sprint(test, i))
		}
	}
	return list, unit
}

func margins(results []tasks.Result) (x []float64) {
	for _, r := range results {
		x = append(x, r.Margin())
	}
	return x
}

// Figure is the share of right answers, and how far margins are from those with ⟨bos⟩, item by item.
func (a *Asked) Figure() (*plots.Figure, error) {
	groups := []string{"choice"}
	for _, n := range a.tokens {
		groups = append(groups, fmt.Sprintf("needle %d", n))
	}
	accuracy := plots.Bars{Title: "Right answers", YName: "right (%)", Groups: groups, YMax: 100, Legend: plots.LegendBelow}
	margin := plots.Bars{Title: "Margin against that with ⟨bos⟩", YName: "difference (nats a token)", Groups: groups, Legend: plots.LegendBelow}
	for _, front := range a.fronts {
		right, change := plots.BarSeries{Name: front}, plots.BarSeries{Name: front}
		for i, list := range a.parts(front) {
			x, err := stats.Mean(tasks.Accuracy(list), stats.Options{Range: stats.Share})
			if err != nil {
				return nil, err
			}
			d, err := stats.Paired(margins(list), margins(a.parts(with)[i]), stats.DefaultOptions())
			if err != nil {
				return nil, err
			}
			lo, hi := x.Scale(100).Ends()
			right.Values, right.Lo, right.Hi = append(right.Values, 100*x.Value), append(right.Lo, lo), append(right.Hi, hi)
			lo, hi = d.Ends()
			change.Values, change.Lo, change.Hi = append(change.Values, d.Value), append(change.Lo, lo), append(change.Hi, hi)
		}
		accuracy.Series, margin.Series = append(accuracy.Series, right), append(margin.Series, change)
	}
	return panel(accuracy.Figure, margin.Figure)
}

// Moved says, a line each, how answers and margins change with the front.
func (a *Asked) Moved() (lines []string, err error) {
	for _, test := range []string{choice, needle} {
		before, units := a.answers(with, test)
		lines = append(lines, fmt.Sprintf("%-15s %-8s %d of %d right", test, with, right(before), len(before)))
		for _, front := range a.fronts[1:] {
			after, _ := a.answers(front, test)
			change, far, down, turned := margins(after), 0, 0, 0
			for i, x := range margins(before) {
				if change[i] -= x; math.Abs(change[i]) > 0.5 {
					far++
				}
				if change[i] < 0 {
					down++
				}
				if before[i].Correct() != after[i].Correct() {
					turned++
				}
			}
			e, err := stats.Clustered(change, units, stats.DefaultOptions())
			if err != nil {
				return nil, err
			}
			lo, hi := e.Ends()
			lines = append(lines, fmt.Sprintf("%-15s %-8s %d right, %d turned; margin %+.2f nats a token [%.2f, %.2f], %d items move by more than 0.5, %d go down",
				test, front, right(after), turned, e.Value, lo, hi, far, down))
		}
	}
	return lines, nil
}

func right(list []tasks.Result) int { return int(sinks.RowSum(tasks.Accuracy(list))) }

// Scores are the right answers behind every front, in %, under the model's name.
func (a *Asked) Scores(model string) ([]claims.Figure, error) {
	var l claims.List
	for _, test := range []string{choice, needle} {
		for _, front := range a.fronts {
			x, units := a.answers(front, test)
			e, err := stats.Clustered(tasks.Accuracy(x), units, stats.Options{Range: stats.Share})
			l.Add(fmt.Sprintf("%s, %s, front %q", model, test, front), "%", e.Scale(100), err)
		}
	}
	return l.Figures()
}

// C17 are the figures of claims.C17 for a model of fixed ⟨bos⟩. Where a model has nothing to lose,
// the shares lost are left out.
func (a *Asked) C17() ([]claims.Figure, error) {
	var l claims.List
	for _, test := range []string{choice, needle} {
		x, units := a.answers(with, test)
		e, err := stats.Clustered(tasks.AboveChance(x), units, stats.Options{Range: stats.PercentChange})
		l.Add(test+": score above chance, with ⟨bos⟩", "%", e, err)
		if lost, err := tasks.Lost(a.items(test), stats.DefaultOptions()); err == nil {
			l.Add(test+": share of that lost without ⟨bos⟩", "%", lost, nil)
		}
	}
	if more, err := tasks.LostMore(a.items(needle), a.items(choice), stats.DefaultOptions()); err == nil {
		l.Add("share lost, needle − multiple choice", "%", more, nil)
	}
	return l.Figures()
}

// items are those of a test with and without ⟨bos⟩.
func (a *Asked) items(test string) (items []tasks.Item) {
	before, units := a.answers(with, test)
	after, _ := a.answers(without, test)
	for i, r := range before {
		items = append(items, tasks.Item{With: r, Without: after[i], Unit: units[i]})
	}
	return items
}
