// Package beyond shows what notebook 11d finds of a model with local layers, whose queries see a
// window of the last W tokens: what becomes of their sink where ⟨bos⟩ has left the window, what heads
// rest on instead, and what ⟨bos⟩ is worth there. Package values has the numbers and says what each
// is, package measure measures them. Intervals are 95 % over texts, each of another document.
package beyond

import (
	"fmt"

	"firsttoken/notebooks/beyond/values"
	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/stats"
)

// section is a range of bins.
type section struct {
	name     string
	from, to int
}

// halves are the halves of the window and what follows, in pieces of the same size.
func halves(m *values.Measured) (list []section) {
	half := m.Window / 2 / m.Bin
	for from := 0; from < m.T/m.Bin; from += half {
		to := min(from+half, m.T/m.Bin)
		list = append(list, section{fmt.Sprintf("queries %d to %d", from*m.Bin+1, to*m.Bin), from, to})
	}
	return list
}

// mean is the mean of a quantity over the section's bins, for each text.
func (s section) mean(x [][]float64) (list []float64) {
	for _, bins := range x {
		part := bins[s.from:s.to]
		list = append(list, sinks.RowSum(part)/float64(len(part)))
	}
	return list
}

// loss is that of a run by text, its bins as they lie in the whole text.
func (s section) loss(m *values.Measured, run string) []float64 {
	if run == values.Later {
		begin := m.Window / 2 / m.Bin
		s.from, s.to = s.from-begin, s.to-begin
	}
	return s.mean(m.Runs[run].Loss)
}

// curve is a series by position: the mean of a quantity, or of a difference, over texts.
func curve(m *values.Measured, name string, from int, at func(section) []float64) (plots.Series, error) {
	s := plots.Series{Name: name}
	for b := from; b < m.T/m.Bin; b++ {
		e, err := stats.Mean(at(section{from: b, to: b + 1}), stats.DefaultOptions())
		if err != nil {
			return s, fmt.Errorf("beyond: %s: %w", name, err)
		}
		lo, hi := e.Ends()
		s.X, s.Y = append(s.X, (float64(b)+0.5)*float64(m.Bin)), append(s.Y, e.Value)
		s.Lo, s.Hi = append(s.Lo, lo), append(s.Hi, hi)
	}
	return s, nil
}

// lines is a figure by position with the window marked.
func lines(m *values.Measured, title, unit string) plots.Lines {
	return plots.Lines{Title: title, XName: "query position", YName: unit, Legend: plots.LegendBelow, VLines: []plots.RefLine{{At: float64(m.Window), Label: "window"}}}
}

// line is one curve of a figure: of the heads of local or of global layers, under a condition.
type line struct {
	name, run, quantity string
	global              bool
}

// rows are a condition's, by kind of layer.
func rows(m *values.Measured, run string, global bool) values.Rows {
	if global {
		return m.Runs[run].Global
	}
	return m.Runs[run].Local
}

// draw fills a figure with curves.
func draw(m *values.Measured, l plots.Lines, list ...line) (*plots.Figure, error) {
	for _, x := range list {
		s, err := curve(m, x.name, 0, func(s section) []float64 { return s.mean(rows(m, x.run, x.global)[x.quantity]) })
		if err != nil {
			return nil, err
		}
		l.Series = append(l.Series, s)
	}
	return l.Figure()
}

// differences fills a figure with differences of losses, of the same targets.
func differences(m *values.Measured, l plots.Lines, from int, pairs ...[3]string) (*plots.Figure, error) {
	for _, p := range pairs {
		s, err := curve(m, p[0], from, func(s section) []float64 {
			a, b := s.loss(m, p[1]), s.loss(m, p[2])
			for i := range a {
				a[i] -= b[i]
			}
			return a
		})
		if err != nil {
			return nil, err
		}
		l.Series = append(l.Series, s)
	}
	return l.Figure()
}

// Sinks draws, by position, what heads with a sink give to ⟨bos⟩ and to the row's largest key, and
// what hiding ⟨bos⟩ costs.
func Sinks(m *values.Measured) (*plots.Figure, error) {
	panel := plots.Panel{Title: "Heads with a sink at ⟨bos⟩ in the first half of the window, and what it is worth"}
	attention := lines(m, "Attention", "mean attention")
	attention.YMax = 1
	if err := panel.Add(draw(m, attention, line{"local layers, to ⟨bos⟩", values.AsIs, values.First, false},
		line{"local layers, the row's largest", values.AsIs, values.Largest, false}, line{"global layers, to ⟨bos⟩", values.AsIs, values.First, true})); err != nil {
		return nil, err
	}
	if err := panel.Add(differences(m, lines(m, "What hiding ⟨bos⟩ costs", "loss − loss as it is (nats)"), 0,
		[3]string{"from all layers", values.Hidden, values.AsIs}, [3]string{"from local layers", values.Local, values.AsIs},
		[3]string{"from global layers", values.Global, values.AsIs})); err != nil {
		return nil, err
	}
	return panel.Figure()
}

// Instead draws what the local heads do: what they read and pass on, and how many keys they look at.
func Instead(m *values.Measured) (*plots.Figure, error) {
	panel := plots.Panel{Title: "The same heads of local layers: what they read, and from how many keys"}
	if err := panel.Add(draw(m, lines(m, "Values, 1: a mean value of the text", "‖·‖ / mean ‖v‖"),
		line{"of the row's largest key", values.AsIs, values.Top, false}, line{"read: weights × ‖v‖", values.AsIs, values.Read, false},
		line{"passed on: ‖z‖", values.AsIs, values.Passed, false})); err != nil {
		return nil, err
	}
	if err := panel.Add(draw(m, lines(m, "Keys that would share a row evenly", "e^entropy"), line{"as it is", values.AsIs, values.Keys, false},
		line{"no windows", values.Wide, values.Keys, false}, line{"⟨bos⟩ hidden", values.Hidden, values.Keys, false})); err != nil {
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
	for _, run := range []string{values.AsIs, values.Wide, values.Hidden} {
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
	if err := panel.Add(differences(m, lines(m, fmt.Sprintf("%d further tokens in front", m.Window/2), "loss with them − loss without (nats)"), begin+1,
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
		{"global", values.AsIs, "", true},
	} {
		for _, s := range []section{in, out} {
			row := fmt.Sprintf("%s | %d – %d", x.name, s.from*m.Bin+1, s.to*m.Bin)
			for _, q := range []string{values.First, values.Largest, values.Oldest, values.Own, values.Entropy, values.Top, values.Read, values.Passed, values.Written} {
				e, err := stats.Mean(s.mean(rows(m, x.run, x.global)[q]), stats.DefaultOptions())
				if err != nil {
					return "", err
				}
				row += " | " + e.PlusMinus("%.3f")
			}
			list = append(list, row)
		}
	}
	return tables.Markdown("heads | queries | to ⟨bos⟩ | largest | oldest | own | entropy / even | ‖v‖ of largest | read | passed on | written / stream", list), nil
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
	for _, t := range out.Tokens {
		list = append(list, fmt.Sprintf("`%s` | %.1f | %.1f | %.2f", t.Text, 100*t.Share, 100*t.Base, t.Value))
	}
	return text + "\n" + tables.Markdown(fmt.Sprintf("token, queries %d to %d | largest weight (%% of rows) | of all tokens (%%) | ‖v‖ / mean", out.From+1, out.To), list)
}
