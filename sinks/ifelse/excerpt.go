package ifelse

import "fmt"

// Excerpt is a piece of a head's pattern around a trigger, for a figure: the
// queries of a stretch of text, with the sink and the stretch's own keys.
type Excerpt struct {
	First    int         `json:"first"`    // 0-based position of the first query
	Tokens   []string    `json:"tokens"`   // [n+1] token 1, then the stretch
	Pattern  [][]float64 `json:"pattern"`  // [n][n+1] attention to these tokens
	Triggers []int       `json:"triggers"` // the columns that hold a token of the class
}

// Excerpt cuts positions from ≤ t < to out of a pattern [T][S].
func (x Trigger) Excerpt(tokens []string, pattern [][]float64, from, to int) (Excerpt, error) {
	if from < 1 || from >= to || to > len(tokens) || len(pattern) != len(tokens) {
		return Excerpt{}, fmt.Errorf("ifelse: no excerpt [%d, %d) from %d tokens and %d rows: it starts behind token 1", from, to, len(tokens), len(pattern))
	}
	e := Excerpt{First: from, Tokens: append([]string{tokens[0]}, tokens[from:to]...)}
	for t := from; t < to; t++ {
		e.Pattern = append(e.Pattern, append([]float64{pattern[t][0]}, pattern[t][from:to]...))
	}
	for i, token := range e.Tokens[1:] {
		if x.Class.Match(token) {
			e.Triggers = append(e.Triggers, i+1)
		}
	}
	return e, nil
}
