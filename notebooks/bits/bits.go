// Package bits draws what notebook 14 measures: models under schemes of few bits (package
// sinks/quantize), side by side.
package bits

import (
	"fmt"
	"slices"
	"strings"

	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks/quantize"
	"firsttoken/sinks/stats"
)

// Model is what came of one model.
type Model struct {
	Name string
	*quantize.Compared
	Words   []string  // outlier tokens behind the first, of all texts
	OffKept []float64 // what package offkept measured, by text
}

// losses are those of a scheme by text.
func (m Model) losses(scheme string) []float64 {
	if scheme == schemeOffKept {
		return m.OffKept
	}
	return m.Loss[scheme]
}

const schemeOffKept = "sink off, static, token 1 kept"

// cost is what scheme a loses more than b, by draw.
func (m Model) cost(a, b string, draws int) ([]float64, error) {
	by, err := quantize.ByDraw(m.losses(a), m.losses(b), draws)
	if err != nil {
		return nil, fmt.Errorf("%s, %s against %s: %w", m.Name, a, b, err)
	}
	return by, nil
}

// columnWidth is that of one of two figures side by side, in inches.
const columnWidth = 5.2

// Massive maps the largest channel of each token as it leaves each block, of each model's first
// text.
func Massive(models ...Model) (*plots.Figure, error) {
	return panel("Largest channel max |h| of each token as it leaves each block, one text", models, func(m Model) (*plots.Figure, error) {
		return plots.HeatMap{
			Title: m.Name, Values: plots.Matrix(m.Massive), RowName: "block", ColName: "position of the token", BarName: "largest channel",
			Scale: plots.Log, Width: columnWidth, Aspect: 0.62,
		}.Figure()
	})
}

// panel puts a figure of each model side by side.
func panel(title string, models []Model, of func(Model) (*plots.Figure, error)) (*plots.Figure, error) {
	p := plots.Panel{Title: title, Columns: len(models)}
	for _, m := range models {
		if err := p.Add(of(m)); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
	}
	return p.Figure()
}

// Outliers draws the outliers' ratio by block at both places, and tells in a table which tokens are
// outliers, and kurtosis.
func Outliers(models ...Model) (*plots.Figure, string, error) {
	lines := plots.Lines{
		Title: "The most massive token against the median one, means over texts", XName: "block", YName: "max / median over tokens of max |x|", YScale: plots.Log,
		HLines: []plots.RefLine{{At: quantize.OutlierRatio, Label: "outlier token"}}, Width: 6.5,
	}
	var rows []string
	for i, m := range models {
		texts := slices.Concat(m.Tokens, m.CalibrationTokens)
		_, first, later, _ := quantize.Census(texts)
		row := fmt.Sprintf("%s | %d of %d | %d of %d | %s", m.Name, first, len(texts), later, len(texts), quantize.Commonest(m.Words, 4))
		for j, place := range []struct {
			name   string
			layers []quantize.Outliers
		}{{"block output", m.Output}, {"down projection's input", m.Down}} {
			s := plots.Series{Name: m.Name + ", " + place.name}
			if j > 0 {
				s.Like = 2*i + 1
			}
			top := 0.0
			for _, o := range place.layers {
				s.Y, top = append(s.Y, o.Ratio), max(top, o.Kurtosis)
			}
			lines.Series = append(lines.Series, s)
			row += fmt.Sprintf(" | %.0f", top)
		}
		rows = append(rows, row)
	}
	f, err := lines.Figure()
	return f, tables.Markdown("model | token 1 is an outlier | a later token is | the most frequent later ones | largest kurtosis, block output | down projection's input", rows), err
}

// Costs is a table of what each scheme loses more than another, with intervals over draws.
func Costs(draws int, models ...Model) (string, error) {
	head := "scheme | against"
	for _, m := range models {
		head += " | " + m.Name + " (nats)"
	}
	var rows []string
	for _, pair := range [][2]string{
		{quantize.SchemeW8, quantize.SchemeFloat}, {quantize.SchemeW4, quantize.SchemeFloat}, {quantize.SchemeKV4, quantize.SchemeFloat},
		{quantize.SchemeDynamic, quantize.SchemeFloat}, {quantize.SchemeStatic, quantize.SchemeDynamic}, {quantize.SchemeFirst, quantize.SchemeDynamic},
		{quantize.SchemeOutliers, quantize.SchemeDynamic}, {quantize.SchemeOther, quantize.SchemeDynamic}, {quantize.SchemeOff, quantize.SchemeFloat},
		{quantize.SchemeOffStatic, quantize.SchemeOffDynamic}, {schemeOffKept, quantize.SchemeOffDynamic}, {quantize.SchemeElsewhereS, quantize.SchemeElsewhereD},
	} {
		row := pair[0] + " | " + pair[1]
		for _, m := range models {
			by, err := m.cost(pair[0], pair[1], draws)
			if err != nil {
				return "", err
			}
			cost, err := stats.Mean(by, stats.DefaultOptions())
			if err != nil {
				return "", err
			}
			row += " | " + cost.PlusMinus("%.3f")
		}
		rows = append(rows, row)
	}
	return tables.Markdown(head, rows), nil
}

// Static shows, draw by draw, what static steps cost over dynamic ones as things are and under each
// remedy and its control.
func Static(draws int, models ...Model) (*plots.Figure, error) {
	return panel("What static 8-bit steps cost; each dot is one draw of calibration texts with a text of its own", models, func(m Model) (*plots.Figure, error) {
		strip := plots.Strip{Title: m.Name, XName: "weights of 8 bits, activations of 8 bits", YName: "loss, static − dynamic (nats)", Width: columnWidth, HLines: []plots.RefLine{{At: 0}}}
		for _, k := range [][3]string{
			{"as is", quantize.SchemeStatic, quantize.SchemeDynamic}, {"1 kept", quantize.SchemeFirst, quantize.SchemeDynamic},
			{"outliers kept", quantize.SchemeOutliers, quantize.SchemeDynamic}, {"20 kept", quantize.SchemeOther, quantize.SchemeDynamic},
			{"sink off", quantize.SchemeOffStatic, quantize.SchemeOffDynamic}, {"off, 1 kept", schemeOffKept, quantize.SchemeOffDynamic}, {"off at 20", quantize.SchemeElsewhereS, quantize.SchemeElsewhereD},
		} {
			costs, err := m.cost(k[1], k[2], draws)
			if err != nil {
				return nil, err
			}
			strip.Samples = append(strip.Samples, plots.Sample{Name: k[0], Values: costs})
		}
		return strip.Figure()
	})
}

// Rewritten is a table of models that were rewritten before they were rounded, as
// [quantize.CompareRewritten] measures them: loss over m's at full precision.
func Rewritten(draws int, m Model, loss map[string][]float64) (string, error) {
	names := []string{}
	for name := range loss {
		if base, ok := strings.CutSuffix(name, ", static"); ok {
			names = append(names, base)
		}
	}
	slices.Sort(names)
	var rows []string
	for _, name := range append([]string{"nothing"}, names...) {
		static, dynamic := loss[name+", static"], loss[name+", dynamic"]
		if name == "nothing" {
			static, dynamic = m.Loss[quantize.SchemeStatic], m.Loss[quantize.SchemeDynamic]
		}
		row := name
		for _, x := range [][]float64{static, dynamic} {
			by, err := quantize.ByDraw(x, m.Loss[quantize.SchemeFloat], draws)
			if err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			cost, err := stats.Mean(by, stats.DefaultOptions())
			if err != nil {
				return "", err
			}
			row += " | " + cost.PlusMinus("%.3f")
		}
		rows = append(rows, row)
	}
	return tables.Markdown("rewritten by | static (nats over float) | dynamic", rows), nil
}
