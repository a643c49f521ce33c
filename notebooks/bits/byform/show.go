package byform

import (
	"fmt"
	"slices"

	"firsttoken/notebooks/bits/byform/measure"
	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks/quantize"
)

// Static shows, run by run, what static steps cost over dynamic ones in each form at some numbers
// of bits, and softmax with token 1 kept in full precision.
func (m Measured) Static(bits ...int) (*plots.Figure, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	p := plots.Panel{Title: "What static steps cost over a step for each token; each dot is a run", Columns: len(bits)}
	for _, b := range bits {
		strip := plots.Strip{Title: fmt.Sprintf("activations of %d bits", b), XName: "form", YName: "loss, static − dynamic (nats)", Width: columnWidth, HLines: []plots.RefLine{{At: 0}}}
		for i, f := range m {
			strip.Samples = append(strip.Samples, plots.Sample{Name: f.Name, Values: f.each(func(r measure.Run) float64 { return static(r, b, 0) })})
			if i == 0 {
				strip.Samples = append(strip.Samples, plots.Sample{Name: "… 1 kept", Values: f.each(func(r measure.Run) float64 { return static(r, b, 1) })})
			}
		}
		if err := p.Add(strip.Figure()); err != nil {
			return nil, err
		}
	}
	return p.Figure()
}

// columnWidth is that of one of two figures side by side, in inches.
const columnWidth = 5.2

// Outliers shows how many times as large as the median token the largest one is: in the residual
// stream, and in what linear maps read, which is what steps are set by.
func (m Measured) Outliers() (*plots.Figure, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	p := plots.Panel{Title: "The largest token against the median one; each dot is a run", Columns: 2}
	for _, side := range []struct {
		title string
		of    func(measure.Run) float64
	}{{"as a block leaves it", massive}, {"as linear maps read it", steps}} {
		strip := plots.Strip{Title: side.title, XName: "form", YName: "max / median over tokens of max |x|", Width: columnWidth, HLines: []plots.RefLine{{At: 1}}}
		for _, f := range m {
			strip.Samples = append(strip.Samples, plots.Sample{Name: f.Name, Values: f.each(side.of)})
		}
		if err := p.Add(strip.Figure()); err != nil {
			return nil, err
		}
	}
	return p.Figure()
}

// massive is the residual stream's largest token over the median one, the largest over blocks.
func massive(r measure.Run) (top float64) {
	for _, o := range r.Output {
		top = max(top, o.Ratio)
	}
	return top
}

// steps is the same of what linear maps read, the largest over blocks and sites: how much coarser a
// static step is than that of the median token.
func steps(r measure.Run) (top float64) {
	for _, sites := range r.Sites.All {
		top = max(top, slices.Max(sites[:]))
	}
	return top
}

// Costs is a table of what schemes cost each form, in thousandths of a nat: means over runs ± half
// the width of the t interval.
func (m Measured) Costs() (string, error) {
	if err := m.Validate(); err != nil {
		return "", err
	}
	head := "scheme | against"
	for _, f := range m {
		head += " | " + f.Name
	}
	var rows []string
	for _, pair := range pairs() {
		row := pair[0].String() + " | " + pair[1].String()
		for _, f := range m {
			e, err := f.mean(func(r measure.Run) float64 { return 1000 * cost(r, pair[0], pair[1]) })
			if err != nil {
				return "", fmt.Errorf("%s: %w", f.Name, err)
			}
			row += " | " + e.PlusMinus("%.1f")
		}
		rows = append(rows, row)
	}
	return tables.Markdown(head, rows), nil
}

// pairs are schemes, each with what it is compared with: static steps with dynamic ones of as many
// bits, all others with nothing rounded. What is left with the control's token kept is in the record.
func pairs() (list [][2]measure.Scheme) {
	for _, s := range measure.Schemes() {
		if s.Keep == measure.Other {
			continue
		}
		against := measure.Scheme{Weights: quantize.Float}
		if s.Static {
			against = measure.Scheme{Weights: s.Weights, Bits: s.Bits}
		}
		if s != against {
			list = append(list, [2]measure.Scheme{s, against})
		}
	}
	return list
}
