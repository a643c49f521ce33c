package leftout

import (
	"firsttoken/notebooks/leftout/measure"
	"firsttoken/plots"
	"firsttoken/sinks/collapse"
)

// Depth draws by block how far all tokens are from their mean and the last two from each other, as
// shares of lengths, means over passages.
func Depth(c measure.Collapsed) (*plots.Figure, error) {
	lines := plots.Lines{Title: "All tokens, and the last two", XName: "after block (0: embedded)", YName: "mean over passages, ⟨bos⟩ left out", Legend: plots.LegendBelow}
	for _, q := range []struct {
		name string
		of   func(*collapse.Depth) []float64
	}{
		{"‖V − mean‖ / ‖V‖", func(d *collapse.Depth) []float64 { return d.Relative }},
		{"‖v(n) − v(n−1)‖ / ‖v(n)‖", func(d *collapse.Depth) []float64 { return d.Apart }},
	} {
		s := plots.Series{Name: q.name}
		for i, d := range c.Text {
			for l, x := range q.of(d) {
				if i == 0 {
					s.X, s.Y = append(s.X, float64(l)), append(s.Y, 0)
				}
				s.Y[l] += x / float64(len(c.Text))
			}
		}
		lines.Series = append(lines.Series, s)
	}
	return lines.Figure()
}
