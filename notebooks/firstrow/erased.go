package firstrow

import (
	"fmt"
	"slices"
	"strings"

	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks/erasure"
	"firsttoken/sinks/stats"
)

// Probed is what probes read of one model's states, as it is and, in its early blocks and unless it
// is nil, with key 1 hidden.
type Probed struct {
	Name   string
	AsIs   *erasure.Outcome
	Hidden *erasure.Outcome
}

// Read draws the share of last tokens that are read, by block.
func Read(m Probed) (*plots.Figure, error) {
	lines := plots.Lines{
		Title: m.Name + ": last tokens of words that a probe reads", XName: "block", YName: "tokens read (%)", YMax: 100, Width: 4.4, Aspect: 0.5, Legend: plots.LegendBelow,
		VLines: []plots.RefLine{{At: float64(m.AsIs.To), Label: "early"}},
	}
	type curve struct {
		name string
		o    *erasure.Outcome
		c    *erasure.Counted
		like int
	}
	curves := []curve{{"of several tokens", m.AsIs, &m.AsIs.Several, 0}, {"of one, as rare", m.AsIs, &m.AsIs.Matched, 0}, {"of one", m.AsIs, &m.AsIs.Single, 0}}
	if m.Hidden != nil {
		curves = append(curves, curve{"of several, key 1 hidden", m.Hidden, &m.Hidden.Several, 1})
	}
	for i, s := range curves {
		series := plots.Series{Name: s.name, X: floats(s.o.Blocks), Like: s.like}
		for b := range s.o.Blocks {
			e, err := s.c.Rate(b, 0, stats.DefaultOptions())
			if err != nil {
				return nil, err
			}
			series.Y = append(series.Y, e.Value)
			if lo, hi := e.Ends(); i < 2 {
				series.Lo, series.Hi = append(series.Lo, lo), append(series.Hi, hi)
			}
		}
		lines.Series = append(lines.Series, series)
	}
	return lines.Figure()
}

// Losses is a table of what early blocks lose, by offset.
func Losses(models ...Probed) (string, error) {
	head := "read at a word's last token"
	byModel := make([]map[string]erasure.Named, len(models))
	var rest []erasure.Named
	for i, m := range models {
		head += fmt.Sprintf(" | %s: from block | read there (%%) | of that lost (%%) | − words of one, as rare | key 1 hidden − as it is", m.Name)
		list, err := m.AsIs.Figures(m.Hidden, stats.DefaultOptions())
		if err != nil {
			return "", fmt.Errorf("%s: %w", m.Name, err)
		}
		byModel[i] = map[string]erasure.Named{}
		for _, f := range list {
			byModel[i][f.Name] = f
		}
		rest = list[len(list)-3:]
	}
	var rows []string
	for offset, name := range erasure.OffsetNames {
		row := name
		for i, m := range models {
			row += fmt.Sprintf(" | %d", m.AsIs.From[offset])
			for _, f := range []string{erasure.NameRead(offset), erasure.NameLost(offset), erasure.NameMore(offset), erasure.NameHidden(offset)} {
				// Where most is read after the last early block, none of them can lose it.
				if named, ok := byModel[i][f]; ok && (f == erasure.NameRead(offset) || m.AsIs.From[offset] < m.AsIs.To) {
					row += " | " + cell(named.Estimate)
				} else {
					row += " | "
				}
			}
		}
		rows = append(rows, row)
	}
	text := tables.Markdown(head, rows)
	head, rows = "segmentation by ψ", nil
	for _, m := range models {
		head += " | " + m.Name
	}
	for _, f := range rest {
		row := strings.TrimSpace(fmt.Sprintf("%s %s", f.Name, f.Unit))
		for i := range models {
			e := byModel[i][f.Name].Estimate
			if lo, hi := e.Ends(); f.Unit == "" {
				row += fmt.Sprintf(" | %.3f [%.3f, %.3f]", e.Value, lo, hi)
			} else {
				row += " | " + cell(e)
			}
		}
		rows = append(rows, row)
	}
	return text + "\n" + tables.Markdown(head, rows), nil
}

// perRow is the number of tokens in a row of a drawn text, of which there are so many rows.
const perRow, rowsDrawn = 18, 3

// readable undoes what the vocabulary makes of spaces and of the commonest signs beyond ASCII.
var readable = strings.NewReplacer("Ġ", " ", "▁", " ", "Ċ", "\n", "âĢĶ", "—", "âĢĵ", "–", "âĢĻ", "’", "âĢľ", "“", "âĢĿ", "”")

// Segments draws the beginning of a text: what is lost at each token of itself and of the one
// before, and ψ of the span that the segmentation puts it in.
func Segments(m Probed) (*plots.Figure, error) {
	e := m.AsIs.Example
	score := make([]float64, len(e.Tokens))
	for i, s := range e.Spans {
		for t := s.From; t <= s.To; t++ {
			score[t] = e.Score[i]
		}
	}
	panel := plots.Panel{Title: fmt.Sprintf("%s: what blocks %d to %d lose", m.Name, m.AsIs.From[0], m.AsIs.To), Columns: 1, NoLetters: true, Width: plots.PageWidth}
	for from := 0; from < min(len(e.Tokens), perRow*rowsDrawn); from += perRow {
		to := min(from+perRow, len(e.Tokens))
		var tokens []string
		for _, t := range e.Tokens[from:to] {
			tokens = append(tokens, readable.Replace(t))
		}
		row := plots.HeatMap{
			Values: [][]float64{e.Lost[0][from:to], e.Lost[1][from:to], score[from:to]}, RowTokens: []string{"itself", "before", "ψ"}, ColTokens: tokens,
			RowName: "lost", ColName: fmt.Sprintf("tokens %d to %d", from+1, to), BarName: "probability", Diverging: true, Min: -1, Max: 1, Width: plots.PageWidth, Aspect: 0.14,
		}
		if err := panel.Add(row.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// Spans writes the example as text in Markdown: spans of several tokens in brackets, words of
// several tokens in bold.
func Spans(m Probed) string {
	e := m.AsIs.Example
	words := erasure.Words(e.Tokens)
	escape := strings.NewReplacer("\n", " ", "*", "\\*", "[", "\\[", "<", "&lt;")
	var text strings.Builder
	for _, s := range e.Spans {
		if s.Len() == 1 {
			text.WriteString(escape.Replace(readable.Replace(e.Tokens[s.From])))
			continue
		}
		inside := escape.Replace(readable.Replace(strings.Join(e.Tokens[s.From:s.To+1], "·")))
		body := strings.TrimLeft(inside, " ")
		if slices.Contains(words, s) {
			body = "**" + body + "**"
		}
		text.WriteString(inside[:len(inside)-len(strings.TrimLeft(inside, " "))] + "[" + body + "]")
	}
	return text.String()
}
