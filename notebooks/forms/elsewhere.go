package forms

import (
	"errors"
	"fmt"

	"firsttoken/sinks/stats"
)

// Elsewhere is a model that was trained elsewhere, one of a pair or more that differ in the form of
// their attention. Metrics are those of [End], one value a text, none of them rounded.
type Elsewhere struct {
	Name     string    `json:"name"`   // what it was loaded by
	Form     string    `json:"form"`   // as trained.Form names it
	Tokens   []int     `json:"tokens"` // of each text, ⟨bos⟩ included
	BOS      bool      `json:"bos"`    // ⟨bos⟩ stands in front of each text
	Loss     []float64 `json:"loss"`   // nats
	Rate     []float64 `json:"rate"`   // %
	Scaled   []float64 `json:"scaled"` // %
	RowSum   []float64 `json:"row_sum"`
	Kurtosis []float64 `json:"kurtosis"`
	MaxAbs   []float64 `json:"max_abs"`
}

// Pairs is a table of models that read the same texts, the first of which the others' losses are
// set against, paired by text. It is an error if they did not.
func Pairs(models []Elsewhere) (string, error) {
	if len(models) < 2 {
		return "", errors.New("forms: one model is no pair")
	}
	text := "| model | form | loss | against the first (nats) | sink rate (%) | of rows scaled to sum 1 (%) | row sum | kurtosis | max abs h |\n" +
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
	for i, m := range models {
		if m.BOS != models[0].BOS || fmt.Sprint(m.Tokens) != fmt.Sprint(models[0].Tokens) {
			return "", fmt.Errorf("forms: %s and %s have other tokens: they are no pair", models[0].Name, m.Name)
		}
		text += fmt.Sprintf("| %s | %s |", m.Name, m.Form)
		for _, c := range []struct {
			format string
			of     []float64
			within stats.Range
		}{
			{"%.3f", m.Loss, stats.Range{}}, {"%.3f", nil, stats.Range{}}, {"%.1f", m.Rate, stats.Percent}, {"%.1f", m.Scaled, stats.Percent},
			{"%.2f", m.RowSum, stats.Range{}}, {"%.0f", m.Kurtosis, stats.Range{}}, {"%.0f", m.MaxAbs, stats.Range{}},
		} {
			o := stats.DefaultOptions()
			o.Range = c.within
			var e stats.Estimate
			var err error
			switch {
			case c.of != nil:
				e, err = stats.Mean(c.of, o)
			case i == 0:
				text += " |"
				continue
			default:
				e, err = stats.Paired(m.Loss, models[0].Loss, o)
			}
			if err != nil {
				return "", fmt.Errorf("%s: %w", m.Name, err)
			}
			text += " " + e.PlusMinus(c.format) + " |"
		}
		text += "\n"
	}
	return text, nil
}
