// Package beyond shows what notebook 11d finds of a model with local layers, whose queries see a
// window of the last W tokens: what becomes of their sink where ⟨bos⟩ has left the window, what heads
// rest on instead, and what ⟨bos⟩ is worth there. Package values has the numbers and says what each
// is, package measure measures them. Intervals are 95 % over texts, each of another document.
package beyond

import (
	"fmt"

	"firsttoken/notebooks/beyond/values"
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
