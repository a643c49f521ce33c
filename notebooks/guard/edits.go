package guard

import (
	"fmt"
	"strings"

	"firsttoken/plots"
	"firsttoken/sinks/security"
	"firsttoken/sinks/security/measure"
	"firsttoken/sinks/stats"
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

// Exchanged shows, position by position, what putting other tokens there does to predictions, loss
// and sinks; each dot is a token, mean over texts.
func Exchanged(models ...Edits) (*plots.Figure, error) {
	p := plots.Panel{Title: "One token is exchanged; each dot is a token put there, mean over texts", Columns: 3}
	for _, m := range models {
		if err := m.check(); err != nil {
			return nil, err
		}
		for _, k := range []struct {
			what, y string
			by      [][][]float64
			scale   plots.Scale
		}{{"predictions", "KL (nats)", m.KL, plots.Log}, {"loss", "edited − unedited (nats)", m.Loss, plots.Linear}, {"sinks", "sink rate, edited − unedited (%)", m.Rate, plots.Linear}} {
			strip := plots.Strip{Title: m.Name + ": " + k.what, XName: "token exchanged", YName: k.y, YScale: k.scale, Width: 3.5}
			if k.scale == plots.Linear {
				strip.HLines = []plots.RefLine{{At: 0}}
			}
			for i, by := range k.by {
				strip.Samples = append(strip.Samples, plots.Sample{Name: positionNames[i], Values: each(by)})
			}
			f, err := strip.Figure()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.Name, err)
			}
			p.Figures = append(p.Figures, f)
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
		row := "`" + strings.ReplaceAll(name, "|", "¦") + "`"
		for _, of := range []struct {
			by     [][][]float64
			format string
		}{{m.KL, "%.3f"}, {m.Loss, "%.3f"}, {m.Rate, "%.1f"}} {
			for _, i := range []int{0, len(positionNames) - 1} {
				e, err := estimate(of.by[i][k], stats.DefaultOptions())
				if err != nil {
					return "", err
				}
				row += " | " + e.PlusMinus(of.format)
			}
		}
		rows = append(rows, row)
	}
	return table("token put there | KL, first (nats) | KL, twentieth | loss, first (nats) | loss, twentieth | sink rate, first (%) | sink rate, twentieth", rows), nil
}

// Triggered shows what triggers do to answers, by place; each dot is a message.
func Triggered(triggers []string, kl [][][]float64) (*plots.Figure, error) {
	p := plots.Panel{Title: "A phrase is added to the prompt; each dot is one of the harmless messages"}
	for k, trigger := range triggers {
		strip := plots.Strip{Title: fmt.Sprintf("“%s”", trigger), XName: "where it stands", YName: "KL, mean over the answer's tokens (nats)", YScale: plots.Log, Width: columnWidth}
		for i, place := range security.Places() {
			strip.Samples = append(strip.Samples, plots.Sample{Name: string(place), Values: kl[i][k]})
		}
		f, err := strip.Figure()
		if err != nil {
			return nil, err
		}
		p.Figures = append(p.Figures, f)
	}
	return p.Figure()
}

// Runs shows what copies of one token become, position by position, beside the texts as they are:
// means over tokens and texts.
func Runs(names []string, runs []*measure.Repeated) (*plots.Figure, error) {
	massive := plots.Lines{Title: "largest channel, middle of the sink's blocks", XName: "position", YName: "max |x|", YScale: plots.Log, Legend: plots.LegendBelow, Width: columnWidth}
	share := plots.Lines{Title: "attention from queries behind it, mean over heads", XName: "position", YName: "share (%)", YScale: plots.Log, Legend: plots.LegendBelow, Width: columnWidth}
	for i, r := range runs {
		massive.Series = append(massive.Series, plots.Series{Name: names[i], Y: mean(r.Massive)})
		got := mean(r.Share)
		share.Series = append(share.Series, plots.Series{Name: names[i], Y: got[:len(got)-8]}) // the last are seen by few
	}
	left, err := massive.Figure()
	if err != nil {
		return nil, err
	}
	right, err := share.Figure()
	if err != nil {
		return nil, err
	}
	return plots.Panel{Title: "Copies of one token in a row; means over eight tokens", Figures: []*plots.Figure{left, right}}.Figure()
}

// Divergence maps the heads by how much more attention token 1 gets in mild prompts than in
// harmless ones.
func Divergence(c *measure.Classed) (*plots.Figure, error) {
	return plots.HeadMap{Title: "α₁ in mild prompts − in harmless ones", Values: c.Delta, Diverging: true, BarName: "difference of attention", Width: columnWidth}.Figure()
}
