package beyond

import (
	"fmt"

	"firsttoken/notebooks/beyond/values"
	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks/stats"
)

// Sinks draws, by position, what heads give to ⟨bos⟩ and to the row's largest key, and where rows of
// local layers have it.
func Sinks(m *values.Measured) (*plots.Figure, error) {
	panel := plots.Panel{Title: "Heads with a sink at ⟨bos⟩ in the first half of the window"}
	attention := lines(m, "Attention", "mean attention")
	if err := panel.Add(draw(m, attention, line{"local layers, to ⟨bos⟩", values.AsIs, values.First, false},
		line{"local, the row's largest", values.AsIs, values.Largest, false}, line{"global layers, to ⟨bos⟩", values.AsIs, values.First, true})); err != nil {
		return nil, err
	}
	if err := panel.Add(draw(m, lines(m, "What local rows look at most", "share of rows"), line{"⟨bos⟩", values.AsIs, values.OnFirst, false},
		line{"a massive token of the text", values.AsIs, values.OnSecond, false})); err != nil {
		return nil, err
	}
	return panel.Figure()
}

// Massive draws where the texts have massive tokens, as the model is and with ⟨bos⟩ hidden.
func Massive(m *values.Measured) (*plots.Figure, error) {
	panel := plots.Panel{Title: "Massive tokens of the text, a row of dots a text"}
	for _, run := range []string{values.AsIs, values.Hidden} {
		l := lines(m, run, "text")
		l.XName, l.XMax, l.YMax = "token", float64(m.T), float64(len(m.Runs[values.AsIs].Massive))+0.5
		s := plots.Series{Points: true}
		for doc, list := range m.Runs[run].Massive {
			for _, x := range list {
				s.X, s.Y = append(s.X, float64(x.Row+1)), append(s.Y, float64(doc+1))
			}
		}
		l.Series = []plots.Series{s}
		if err := panel.Add(l.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// Instead draws what the local heads read and pass on, and how evenly they look.
func Instead(m *values.Measured) (*plots.Figure, error) {
	panel := plots.Panel{Title: "The same heads of local layers"}
	if err := panel.Add(draw(m, lines(m, "Values: 1 is a mean one of the text", "‖·‖ / mean ‖v‖"),
		line{"of the row's largest key", values.AsIs, values.Top, false}, line{"read: weights × ‖v‖", values.AsIs, values.Read, false},
		line{"passed on: ‖z‖", values.AsIs, values.Passed, false})); err != nil {
		return nil, err
	}
	if err := panel.Add(draw(m, lines(m, "Entropy of rows", "of even attention's"), line{"as it is", values.AsIs, values.Entropy, false},
		line{"⟨bos⟩ hidden", values.Hidden, values.Entropy, false}, line{"massive tokens hidden", values.Second, values.Entropy, false})); err != nil {
		return nil, err
	}
	return panel.Figure()
}

// Price draws what it costs to hide ⟨bos⟩ from layers of one kind or all, and to hide massive tokens of
// the text.
func Price(m *values.Measured) (*plots.Figure, error) {
	panel := plots.Panel{Title: "What hidden keys cost, loss less that as it is, of the same targets"}
	if err := panel.Add(differences(m, lines(m, "⟨bos⟩ hidden", "nats"), 0, [3]string{"from all layers", values.Hidden, values.AsIs},
		[3]string{"from local layers", values.Local, values.AsIs}, [3]string{"from global layers", values.Global, values.AsIs})); err != nil {
		return nil, err
	}
	if err := panel.Add(differences(m, lines(m, "Tokens of the text hidden", "nats"), 0, [3]string{"massive ones", values.Second, values.AsIs},
		[3]string{"as many others", values.Others, values.AsIs})); err != nil {
		return nil, err
	}
	return panel.Figure()
}

// Step draws the loss by position with windows and without, and what half a window of further text in
// front is worth to the same targets: where ⟨bos⟩ leaves the window there for the whole text, and not
// for the text that begins later, a step would show what that costs.
func Step(m *values.Measured) (*plots.Figure, error) {
	panel := plots.Panel{Title: "Is there a step where ⟨bos⟩ leaves the window?"}
	loss := lines(m, "Loss by position", "loss (nats)")
	for _, run := range []string{values.AsIs, values.Wide} {
		s, err := curve(m, run, 0, func(s section) []float64 { return s.loss(m, run) })
		if err != nil {
			return nil, err
		}
		loss.Series = append(loss.Series, s)
	}
	if err := panel.Add(loss.Figure()); err != nil {
		return nil, err
	}
	begin := m.Window / 2 / m.Bin
	if err := panel.Add(differences(m, lines(m, fmt.Sprintf("%d further tokens in front", m.Window/2), "loss with − without them (nats)"), begin+1,
		[3]string{"the same targets", values.AsIs, values.Later})); err != nil {
		return nil, err
	}
	return panel.Figure()
}

// Table compares the window's second half with what lies beyond, quantity by quantity.
func Table(m *values.Measured) (string, error) {
	all := halves(m)
	in, out := all[1], section{"", all[2].from, all[len(all)-1].to}
	var list []string
	for _, x := range []line{
		{"local", values.AsIs, "", false}, {"local, no windows", values.Wide, "", false}, {"local, ⟨bos⟩ hidden", values.Hidden, "", false},
		{"local, massive tokens hidden", values.Second, "", false}, {"global", values.AsIs, "", true}, {"global, ⟨bos⟩ hidden", values.Hidden, "", true},
	} {
		for _, s := range []section{in, out} {
			row := fmt.Sprintf("%s | %d – %d", x.name, s.from*m.Bin+1, s.to*m.Bin)
			for _, q := range []string{values.First, values.Largest, values.Oldest, values.Entropy, values.Top, values.Read, values.Passed, values.Written} {
				e, err := stats.Mean(s.mean(rows(m, x.run, x.global)[q]), stats.DefaultOptions())
				if err != nil {
					return "", err
				}
				row += " | " + e.PlusMinus("%.2f")
			}
			list = append(list, row)
		}
	}
	return tables.Markdown("heads of layers | queries | to ⟨bos⟩ | largest | oldest | entropy | ‖v‖ of largest | read | passed on | written", list), nil
}

// Rests lists where local heads have their largest weight, in the window's second half and beyond: how
// far back, and on which tokens.
func Rests(m *values.Measured) string {
	in, out := m.Looks[0], m.Looks[1]
	var list []string
	for _, lag := range values.Lags() {
		list = append(list, fmt.Sprintf("%s | %.1f | %.1f", lag, 100*in.Lags[lag], 100*out.Lags[lag]))
	}
	text := tables.Markdown(fmt.Sprintf("largest weight on | queries %d to %d (%% of rows) | %d to %d", in.From+1, in.To, out.From+1, out.To), list)
	list = nil
	for _, t := range out.Tokens[:min(6, len(out.Tokens))] {
		list = append(list, fmt.Sprintf("`%s` | %.1f | %.1f | %.2f", t.Text, 100*t.Share, 100*t.Base, t.Value))
	}
	return text + "\n" + tables.Markdown(fmt.Sprintf("token, queries %d to %d | largest weight (%% of rows) | of all tokens (%%) | ‖v‖ / mean", out.From+1, out.To), list)
}
