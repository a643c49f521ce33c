package traced

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"firsttoken/plots"
	"firsttoken/sinks"
)

// Norms draws by position how long values are, mean over key/value heads, and the residual stream
// after some layers, counted from 1.
func Norms(t *sinks.Trace, layers ...int) (*plots.Figure, error) {
	if t.ValueNorm == nil || t.ResidNorm == nil {
		return nil, errors.New("traced: the trace has no norms of values and residuals: measure it with MetricsOnly off")
	}
	var values, resid []plots.Series
	for _, layer := range layers {
		if layer < 1 || layer > t.L {
			return nil, fmt.Errorf("traced: no layer %d: the model has 1 to %d", layer, t.L)
		}
		mean, after := make([]float64, t.T), make([]float64, t.T)
		for _, norms := range t.ValueNorm[layer-1] {
			for s, x := range norms {
				mean[s] += float64(x) / float64(t.K)
			}
		}
		for s, x := range t.ResidNorm[layer] {
			after[s] = float64(x)
		}
		name := fmt.Sprintf("layer %d", layer)
		values, resid = append(values, plots.Series{Name: name, Y: mean}), append(resid, plots.Series{Name: name, Y: after})
	}
	var panel plots.Panel
	for _, lines := range []plots.Lines{
		{Title: "Value norms", YName: "‖v‖₂, mean over heads", Series: values}, {Title: "Residual norms", YName: "‖x‖₂ after the layer", Series: resid},
	} {
		lines.XName, lines.YScale, lines.Legend = "position", plots.Log, plots.LegendBelow
		if err := panel.Add(lines.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// Massive says which tokens hold a massive activation, after which layers, and which MLPs write a
// vector longer than write to token 1.
func Massive(t *sinks.Trace, write float64) (string, error) {
	byLayer, err := t.Massive(sinks.MassiveOptions{})
	if err != nil {
		return "", err
	}
	if t.MLPWrite == nil || t.AttnWrite == nil || t.ResidNorm == nil {
		return "", errors.New("traced: the trace does not hold what blocks write: measure it with MetricsOnly off")
	}
	var lines []string
	for s := range t.T {
		var after []int
		for layer, positions := range byLayer {
			if slices.Contains(positions, s) {
				after = append(after, layer)
			}
		}
		if after != nil {
			lines = append(lines, fmt.Sprintf("token %d %q is massive after %d layers, the first %d, the last %d\n",
				s+1, plots.TokenLabel(t.Tokens[s]), len(after), after[0], after[len(after)-1]))
		}
	}
	for l, writes := range t.MLPWrite {
		if float64(writes[0]) > write {
			lines = append(lines, fmt.Sprintf("the MLP of layer %d adds a vector of length %.0f to token 1, attention one of %.0f; after the layer its residual norm is %.0f\n",
				l+1, writes[0], t.AttnWrite[l][0], t.ResidNorm[l+1][0]))
		}
	}
	return strings.Join(lines, ""), nil
}
