package guard

import (
	"fmt"
	"slices"
	"strings"

	"firsttoken/notebooks/keep"
	"firsttoken/notebooks/tables"
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

// answers are those of a condition to mild messages, or to harmless ones.
func (f Forced) answers(condition string, harmless bool) []string {
	all := texts(f.Answers[condition])
	if harmless {
		return all[f.pairs():]
	}
	return all[:f.pairs()]
}

// declined says for each answer of a condition whether it declines, 100 or 0, so that means are %.
func (f Forced) declined(condition string, harmless bool) (out []float64) {
	for _, text := range f.answers(condition, harmless) {
		x := 0.0
		if security.Refuses(text) {
			x = 100
		}
		out = append(out, x)
	}
	return out
}

// share is the share of answers of a condition that decline, in %, with Wilson's interval.
func (f Forced) share(condition string, harmless bool) (stats.Estimate, error) {
	e, err := security.Share(f.answers(condition, harmless))
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
	return plots.Panel{Title: "A first token forced on the answer", Figures: []*plots.Figure{left, right}, Width: panelWidth}.Figure()
}

// declines shows the mild messages under all conditions, then the harmless ones, with a star, under
// those that they were answered under.
func declines(f Forced) (*plots.Figure, error) {
	bars := plots.Bars{Title: "answers that decline", XName: "first token (*: harmless messages)", YName: "of the messages (%)", YMin: 0, YMax: 100}
	var s plots.BarSeries
	for _, harmless := range []bool{false, true} {
		for _, c := range conditions {
			if harmless && len(f.Answers[c]) == f.pairs() {
				continue
			}
			e, err := f.share(c, harmless)
			if err != nil {
				return nil, err
			}
			name := strings.TrimSuffix(c, " token")
			if harmless {
				name += "*"
			}
			bars.Groups = append(bars.Groups, name)
			s.Values, s.Lo, s.Hi = append(s.Values, e.Value), append(s.Lo, e.CI.Lo), append(s.Hi, e.CI.Hi)
		}
	}
	bars.Series = []plots.BarSeries{s}
	return bars.Figure()
}

// depth maps KL by depth, of answers to mild messages, a row for each condition; sinkless is
// the safety token with the sink off.
func depth(f Forced) (*plots.Figure, error) {
	m := plots.HeatMap{Title: "how deep it reaches", RowName: "forced", ColName: "token of the answer", ColOffset: 1, BarName: "KL (nats)", Scale: plots.Log,
		RowTokens: []string{"safety", "neutral", "random", "sinkless"}, Aspect: 0.6}
	for _, c := range []string{measure.Safety, measure.Neutral, measure.Random, sinkOff} {
		by, err := f.curve(c)
		if err != nil {
			return nil, err
		}
		m.Values = append(m.Values, by)
	}
	return m.Figure()
}

// sinkOff is measure.Safety with the sink switched off.
const sinkOff = "sink off"

// kl is KL by depth of answers to mild messages that a token other than their own was forced on.
func (f Forced) kl(condition string) (list [][]float64, err error) {
	all, first := f.KL[condition], f.First[condition]
	if condition == sinkOff {
		all, first = f.Off, f.First[measure.Safety]
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

// curve is the mean of kl over answers, by depth; depth 1, the first, predicts the answer's second
// token.
func (f Forced) curve(condition string) (by []float64, err error) {
	list, err := f.kl(condition)
	if err != nil {
		return nil, err
	}
	for j := range slices.MaxFunc(list, func(a, b []float64) int { return len(a) - len(b) }) {
		sum, n := 0.0, 0.0
		for _, kl := range list {
			if j < len(kl) {
				sum, n = sum+kl[j], n+1
			}
		}
		by = append(by, sum/n)
	}
	return by, nil
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
	return tables.Markdown("first token | mild messages declined | harmless ones", rows), nil
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
	return tables.Markdown("message | "+strings.Join(conditions, " | "), rows)
}
