package guard

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"firsttoken/notebooks/keep"
	"firsttoken/plots"
	"firsttoken/sinks/security"
	"firsttoken/sinks/security/measure"
	"firsttoken/sinks/stats"
)

// Forced is what came of forcing first tokens, and how far that reaches.
type Forced struct {
	*measure.Forced
	*measure.Reach
}

// Load reads what was kept under two names.
func Load(forced, reach string) (Forced, error) {
	f, err := keep.Load[*measure.Forced](forced)
	if err != nil {
		return Forced{}, err
	}
	r, err := keep.Load[*measure.Reach](reach)
	return Forced{f, r}, err
}

// conditions are all, in the order of figures.
var conditions = []string{measure.Free, measure.Safety, measure.Neutral, measure.Random}

// pairs is the number of pairs of messages.
func (f Forced) pairs() int { return len(f.Answers[measure.Free]) / 2 }

// declined says for each answer of a condition whether it declines, 100 or 0, so that means are %:
// those to mild messages, or those to harmless ones.
func (f Forced) declined(condition string, harmless bool) (out []float64) {
	answers := f.Answers[condition]
	if answers = answers[:f.pairs()]; harmless {
		answers = f.Answers[condition][f.pairs():]
	}
	for _, a := range answers {
		x := 0.0
		if security.Refuses(a.Text) {
			x = 100
		}
		out = append(out, x)
	}
	return out
}

// share is the share of answers of a condition that decline, in %, with Wilson's interval.
func (f Forced) share(condition string, harmless bool) (stats.Estimate, error) {
	k := 0
	list := f.declined(condition, harmless)
	for _, x := range list {
		k += int(x / 100)
	}
	e, err := stats.Wilson(k, len(list), stats.DefaultOptions())
	return e.Scale(100), err
}

// Outcome shows what is declined under each condition, and how far an exchange of the first token
// reaches into the answer.
func Outcome(f Forced) (*plots.Figure, error) {
	left, err := declines(f)
	if err != nil {
		return nil, err
	}
	right, err := depth(f)
	if err != nil {
		return nil, err
	}
	return plots.Panel{Title: "A first token forced on the answer, with 95 % intervals", Figures: []*plots.Figure{left, right}}.Figure()
}

func declines(f Forced) (*plots.Figure, error) {
	bars := plots.Bars{Title: "answers that decline", YName: "of the messages (%)", YMin: 0, YMax: 100, Legend: plots.LegendBelow, Width: columnWidth}
	mild, harmless := plots.BarSeries{Name: "mild messages"}, plots.BarSeries{Name: "harmless messages"}
	for _, c := range conditions {
		bars.Groups = append(bars.Groups, strings.TrimSuffix(c, " token"))
		for _, s := range []struct {
			to       *plots.BarSeries
			harmless bool
		}{{&mild, false}, {&harmless, true}} {
			if s.harmless && len(f.Answers[c]) == f.pairs() {
				s.to.Values, s.to.Lo, s.to.Hi = append(s.to.Values, math.NaN()), append(s.to.Lo, math.NaN()), append(s.to.Hi, math.NaN())
				continue
			}
			e, err := f.share(c, s.harmless)
			if err != nil {
				return nil, err
			}
			s.to.Values, s.to.Lo, s.to.Hi = append(s.to.Values, e.Value), append(s.to.Lo, e.CI.Lo), append(s.to.Hi, e.CI.Hi)
		}
	}
	bars.Series = []plots.BarSeries{mild, harmless}
	return bars.Figure()
}

// depth draws KL by depth, of answers to mild messages.
func depth(f Forced) (*plots.Figure, error) {
	lines := plots.Lines{Title: "how deep the exchange reaches", XName: "token of the answer that is predicted", YName: "KL from the free answer (nats)", YScale: plots.Log, Legend: plots.LegendBelow, Width: columnWidth}
	for i, c := range []string{measure.Safety, measure.Neutral, measure.Random, sinkOff} {
		s, err := f.curve(c)
		if err != nil {
			return nil, err
		}
		if s.Name, s.Style = c, i+1; c == sinkOff {
			s.Name, s.Lo, s.Hi = "safety token, sink off", nil, nil // three bands are enough to see
		}
		lines.Series = append(lines.Series, s)
	}
	return lines.Figure()
}

const sinkOff = "sink off"

// kl is KL by depth of answers to mild messages that a token other than their own was forced on.
func (f Forced) kl(condition string) (list [][]float64, err error) {
	all := f.Off
	if condition != sinkOff {
		all = f.KL[condition]
	}
	first := f.First[condition]
	if condition == sinkOff {
		first = f.First[measure.Safety]
	}
	for i := range f.pairs() {
		if first[i] != f.Answers[measure.Free][i].IDs[0] {
			list = append(list, all[i])
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("guard: the %s is every answer's own: there is nothing to compare", condition)
	}
	return list, nil
}

// curve is the mean of kl over answers, by depth, with bands over answers; depth 1 predicts the
// answer's second token.
func (f Forced) curve(condition string) (s plots.Series, err error) {
	list, err := f.kl(condition)
	if err != nil {
		return s, err
	}
	for j := range slices.MaxFunc(list, func(a, b []float64) int { return len(a) - len(b) }) {
		var at []float64
		for _, kl := range list {
			if j < len(kl) {
				at = append(at, kl[j])
			}
		}
		e, err := estimate(at, stats.DefaultOptions())
		if err != nil {
			return s, err
		}
		lo, hi := e.Ends()
		s.X, s.Y, s.Lo, s.Hi = append(s.X, float64(j+2)), append(s.Y, e.Value), append(s.Lo, max(lo, e.Value/20)), append(s.Hi, hi)
	}
	return s, nil
}

// Declined is a table of how many answers decline, with Wilson's intervals.
func Declined(f Forced) (string, error) {
	var rows []string
	for _, c := range conditions {
		row := c
		for _, harmless := range []bool{false, true} {
			if harmless && len(f.Answers[c]) == f.pairs() {
				row += " | "
				continue
			}
			e, err := f.share(c, harmless)
			if err != nil {
				return "", err
			}
			row += fmt.Sprintf(" | %.0f of %d: %.0f %% [%.0f, %.0f]", e.Value*float64(e.N)/100, e.N, e.Value, e.CI.Lo, e.CI.Hi)
		}
		rows = append(rows, row)
	}
	if f.Elicited {
		e, err := security.Share(texts(f.Told))
		if err != nil {
			return "", err
		}
		e = e.Scale(100)
		rows = append(rows, fmt.Sprintf("told to decline by a system message | %.0f of %d: %.0f %% [%.0f, %.0f] | ", e.Value*float64(e.N)/100, e.N, e.Value, e.CI.Lo, e.CI.Hi))
	}
	return table("first token | mild messages declined | harmless ones", rows), nil
}

func texts(answers []measure.Answer) (out []string) {
	for _, a := range answers {
		out = append(out, a.Text)
	}
	return out
}

// Examples is a table of what becomes of the answers to some mild messages, by index.
func Examples(f Forced, pairs []security.Pair, which ...int) string {
	var rows []string
	for _, i := range which {
		row := pairs[i].Mild
		for _, c := range conditions {
			row += " | " + strings.NewReplacer("|", "¦", "\n", " ⏎ ").Replace(f.Answers[c][i].Text) + " …"
		}
		rows = append(rows, row)
	}
	return table("message | "+strings.Join(conditions, " | "), rows)
}
