package beyond

import (
	"fmt"
	"slices"
	"strings"

	"firsttoken/notebooks/beyond/values"
	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks/stats"
)

// Sinks draws, by position, what heads give to ⟨bos⟩ and to the row's largest key, and where rows of
// local layers have it.
func Sinks(m *values.Measured) (*plots.Figure, error) {
	panel := plots.Panel{Title: "Heads with a sink at ⟨bos⟩ in the first half of the window"}
	if err := panel.Add(draw(m, lines(m, "Attention", "mean attention"), line{"local layers, to ⟨bos⟩", values.AsIs, values.First, false},
		line{"local, the row's largest", values.AsIs, values.Largest, false}, line{"global layers, to ⟨bos⟩", values.AsIs, values.First, true},
		line{"local, no windows, to ⟨bos⟩", values.Wide, values.First, false})); err != nil {
		return nil, err
	}
	if err := panel.Add(draw(m, lines(m, "What local rows look at most", "share of rows"), line{"⟨bos⟩", values.AsIs, values.OnFirst, false},
		line{"a massive token of the text", values.AsIs, values.OnSecond, false})); err != nil {
		return nil, err
	}
	return panel.Figure()
}

// grown are a text's massive tokens under a condition; where those that the model has as it is were
// hidden, the others.
func grown(m *values.Measured, run string, doc int) (list []values.Massive) {
	for _, x := range m.Runs[run].Massive[doc] {
		known := func(y values.Massive) bool { return y.Row == x.Row }
		if run != values.Second || !slices.ContainsFunc(m.Runs[values.AsIs].Massive[doc], known) {
			list = append(list, x)
		}
	}
	return list
}

// conditions are those that massive tokens are looked for under, as figures and tables call them.
var conditions = []struct{ run, name string }{{values.AsIs, "as it is"}, {values.Hidden, "⟨bos⟩ hidden"}, {values.Second, "new ones where those as it is are hidden"}}

// Massive draws where the priced texts have massive tokens.
func Massive(m *values.Measured) (*plots.Figure, error) {
	l := lines(m, "Massive tokens of the text", "text")
	texts := len(m.Runs[values.Hidden].Massive)
	l.XName, l.XMax, l.YMax, l.Width, l.Aspect = "token", float64(m.T), float64(texts)+0.75, plots.PageWidth, 0.3
	for i, c := range conditions {
		s := plots.Series{Name: c.name, Points: true}
		for doc := range texts {
			for _, x := range grown(m, c.run, doc) {
				s.X, s.Y = append(s.X, float64(x.Row+1)), append(s.Y, float64(doc+1)+0.25*float64(1-i))
			}
		}
		l.Series = append(l.Series, s)
	}
	return l.Figure()
}

// Relay says, a line a condition, how many massive tokens the texts have, where the first is, and how
// far they are apart and from all others in size.
func Relay(m *values.Measured) string {
	var list []string
	for _, c := range conditions {
		var first, apart, shares, others []float64
		count := 0
		texts := m.Runs[c.run].Massive
		for doc := range texts {
			last := 0
			for i, x := range grown(m, c.run, doc) {
				if count++; i == 0 {
					first = append(first, float64(x.Row+1))
				} else {
					apart = append(apart, float64(x.Row-last))
				}
				last, shares = x.Row, append(shares, x.Share)
			}
			others = append(others, m.Runs[c.run].Most[doc])
		}
		row := fmt.Sprintf("%s | %d | %.1f", c.name, len(texts), float64(count)/float64(len(texts)))
		for _, x := range [][]float64{first, apart} {
			if slices.Sort(x); len(x) == 0 {
				row += " | none"
				continue
			}
			row += fmt.Sprintf(" | %.0f, %.0f – %.0f", x[len(x)/2], x[0], x[len(x)-1])
		}
		if len(shares) == 0 {
			shares = []float64{0}
		}
		list = append(list, row+fmt.Sprintf(" | %.2f – %.2f | %.2f", slices.Min(shares), slices.Max(shares), slices.Max(others)))
	}
	return tables.Markdown("condition | texts | massive tokens a text | the first: median, range | apart: median, range | size over ⟨bos⟩'s | largest of all others", list)
}

// Price draws what it costs to hide ⟨bos⟩ from layers of one kind or all, what it costs to hide massive
// tokens of the text, and what half a window of further text in front is worth to the same targets:
// where ⟨bos⟩ leaves the window there for the whole text, and not for the text that begins later, a
// step would show what that costs.
func Price(m *values.Measured) (*plots.Figure, error) {
	panel := plots.Panel{Title: "Losses of the same targets, less those of the model as it is"}
	for _, p := range []struct {
		title string
		from  int
		pairs [][3]string
	}{
		{"⟨bos⟩ hidden", 0, [][3]string{{"from all layers", values.Hidden, values.AsIs}, {"from local layers", values.Local, values.AsIs}, {"from global layers", values.Global, values.AsIs}}},
		{"Other changes", m.Window/2/m.Bin + 1, [][3]string{{"massive tokens hidden", values.Second, values.AsIs}, {"as many others hidden", values.Others, values.AsIs},
			{fmt.Sprintf("%d fewer tokens in front", m.Window/2), values.Later, values.AsIs}}},
	} {
		if err := panel.Add(differences(m, lines(m, p.title, "difference (nats)"), p.from, p.pairs...)); err != nil {
			return nil, err
		}
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

// Rests lists where local heads have their largest weight in the window's second half and beyond, by how
// far back, layer by layer, and on which tokens of the text.
func Rests(m *values.Measured) string {
	in, out := m.Looks[0], m.Looks[1]
	var lags []string
	for _, l := range m.Looks {
		row := fmt.Sprintf("%d – %d", l.From+1, l.To)
		for _, lag := range values.Lags() {
			row += fmt.Sprintf(" | %.1f", 100*l.Lags[lag])
		}
		lags = append(lags, row)
	}
	text := tables.Markdown("largest weight of queries (%) on | "+strings.Join(values.Lags(), " | "), lags) + "\n"
	before := map[int]values.Layer{}
	for _, l := range in.Layers {
		before[l.Layer] = l
	}
	var list []string
	for _, l := range out.Layers {
		was := before[l.Layer]
		list = append(list, fmt.Sprintf("%d | %.1f | %.0f | %.0f | %.0f | `%s` | %.0f | %.2f", l.Layer, l.Heads, 100*was.First, 100*was.Massive, 100*l.Massive, l.Text, 100*l.Share, l.Value))
	}
	text += tables.Markdown(fmt.Sprintf("layer | heads a text | ⟨bos⟩, queries %d to %d (%% of rows) | massive token | massive token, %d to %d | most frequent other | (%% of rows) | ‖v‖ / mean",
		in.From+1, in.To, out.From+1, out.To), list)
	list = nil
	for _, t := range out.Tokens[:min(6, len(out.Tokens))] {
		list = append(list, fmt.Sprintf("`%s` | %.1f | %.1f | %.2f", t.Text, 100*t.Share, 100*t.Base, t.Value))
	}
	return text + "\n" + tables.Markdown(fmt.Sprintf("token, queries %d to %d | largest weight (%% of rows) | of all tokens (%%) | ‖v‖ / mean", out.From+1, out.To), list)
}
