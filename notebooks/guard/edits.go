package guard

import (
	"fmt"
	"strings"

	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks/security"
	"firsttoken/sinks/security/measure"
)

// Edits is what came of one model.
type Edits struct {
	Name   string
	Tokens []string // that were put there
	*measure.Edited
}

// check refuses exchanges at other places than S5a's.
func (m Edits) check() error {
	if len(m.KL) != len(positionNames) {
		return fmt.Errorf("guard: %s: tokens are exchanged at %d positions, and S5a names %d", m.Name, len(m.KL), len(positionNames))
	}
	return nil
}

// Exchanged shows, position by position, what putting other tokens there does to loss and sinks;
// each dot is a token, mean over texts.
func Exchanged(models ...Edits) (*plots.Figure, error) {
	p := plots.Panel{Title: "One token exchanged, edited − unedited", Columns: 2, Width: panelWidth}
	for _, m := range models {
		if err := m.check(); err != nil {
			return nil, err
		}
		for _, k := range []struct {
			what string
			by   [][][]float64
		}{{"loss (nats)", m.Loss}, {"sink rate (%)", m.Rate}} {
			strip := plots.Strip{Title: m.Name, XName: "which token", YName: k.what, Aspect: 0.55, HLines: []plots.RefLine{{At: 0}}}
			for i, by := range k.by {
				strip.Samples = append(strip.Samples, plots.Sample{Name: positionNames[i], Values: each(by)})
			}
			if err := p.Add(strip.Figure()); err != nil {
				return nil, fmt.Errorf("%s: %w", m.Name, err)
			}
		}
	}
	return p.Figure()
}

// ByToken is a table of what each token does in the first place, and in the twentieth.
func ByToken(m Edits) (string, error) {
	if err := m.check(); err != nil {
		return "", err
	}
	var rows []string
	for k, name := range m.Tokens {
		row := "`" + strings.NewReplacer("|", "¦", "\n", "⏎").Replace(name) + "`"
		for _, of := range []struct {
			by     [][][]float64
			format string
		}{{m.KL, "%.3f"}, {m.Loss, "%.3f"}, {m.Rate, "%.1f"}} {
			for _, i := range []int{0, len(positionNames) - 1} {
				e, err := Mean(of.by[i][k])
				if err != nil {
					return "", err
				}
				row += " | " + e.PlusMinus(of.format)
			}
		}
		rows = append(rows, row)
	}
	return tables.Markdown("token put there | KL, first (nats) | KL, twentieth | loss, first (nats) | loss, twentieth | sink rate, first (%) | sink rate, twentieth", rows), nil
}

// Triggered is a table of what triggers do to answers, by place: KL in nats, mean over the answer's
// tokens, with intervals over messages.
func Triggered(triggers []string, kl [][][]float64) (string, error) {
	var rows []string
	for i, place := range security.Places() {
		row := string(place)
		for k := range triggers {
			e, err := Mean(kl[i][k])
			if err != nil {
				return "", err
			}
			row += " | " + e.PlusMinus("%.3f")
		}
		rows = append(rows, row)
	}
	return tables.Markdown("where it stands | “"+strings.Join(triggers, "” | “")+"”", rows), nil
}

// Runs is a table of what copies of one token become, beside the texts as they are, at some
// positions: the largest channel, and the attention from the queries behind, in %, means over heads
// of the sink's blocks. Both are means over tokens and texts.
func Runs(names []string, runs []*measure.Repeated, positions ...int) string {
	head := "position"
	for _, what := range []string{"max \\|x\\|, ", "attention (%), "} {
		for _, pos := range positions {
			head += fmt.Sprintf(" | %s%d", what, pos)
			what = ""
		}
	}
	var rows []string
	for i, r := range runs {
		row := names[i]
		for _, k := range []struct {
			by     [][]float64
			format string
		}{{r.Massive, " | %.0f"}, {r.Share, " | %.1f"}} {
			got := mean(k.by)
			for _, pos := range positions {
				row += fmt.Sprintf(k.format, got[pos-1])
			}
		}
		rows = append(rows, row)
	}
	return tables.Markdown(head, rows)
}

// Divergence maps the heads by how much more attention token 1 gets in mild prompts than in
// harmless ones.
func Divergence(c *measure.Classed) (*plots.Figure, error) {
	return plots.HeadMap{Title: "α₁ in mild prompts − in harmless ones", Values: c.Delta, Diverging: true, BarName: "difference of attention", Aspect: 0.8}.Figure()
}
