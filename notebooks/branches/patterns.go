package branches

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"firsttoken/notebooks/branches/find"
	"firsttoken/plots"
	"firsttoken/sinks/ifelse"
)

// Pattern draws a head's attention in one text, [T][S], as the paper's Fig. 4a does. Queries that
// find the trigger are marked; the line under it has the mean attention to token 1 and to the
// trigger's token with and without it.
func Pattern(tokens []string, pattern [][]float64, layer, head int, x ifelse.Trigger) (*plots.Figure, string, error) {
	if len(tokens) < 3 || len(pattern) != len(tokens) {
		return nil, "", fmt.Errorf("branches: a pattern of %d rows for %d tokens: need as many, and three", len(pattern), len(tokens))
	}
	labels := make([]string, len(tokens))
	for t, token := range tokens {
		labels[t] = strings.TrimSpace(token)
	}
	rows := slices.Clone(labels)
	var with, there, without []float64
	places := x.Places(tokens)
	for t, row := range pattern[1:] {
		t++
		i := slices.IndexFunc(places, func(p ifelse.Place) bool { return p.Query == t })
		if i < 0 {
			without = append(without, row[0])
			continue
		}
		rows[t] = "»" + labels[t]
		sum := 0.0
		for _, s := range places[i].Keys {
			sum += row[s]
		}
		with, there = append(with, row[0]), append(there, sum)
	}
	if len(with) == 0 || len(without) == 0 {
		return nil, "", fmt.Errorf("branches: %d queries with %s and %d without in this text: need both", len(with), x, len(without))
	}
	f, err := plots.HeatMap{Title: fmt.Sprintf("Layer %d, head %d", layer+1, head+1), Values: pattern, Causal: true, Scale: plots.Sqrt, Max: 1,
		RowTokens: rows, ColTokens: labels, RowName: "query", ColName: "key", BarName: "attention"}.Figure()
	return f, fmt.Sprintf("%s, »: %.2f to it and %.2f to token 1, in %d queries; without it %.2f to token 1, in %d", x, mean(there), mean(with), len(with), mean(without), len(without)), err
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v / float64(len(x))
	}
	return sum
}

// Excerpt draws a head's attention in a piece of text, with token 1 in front of the
// keys. Tokens of the trigger's class are marked.
func Excerpt(x ifelse.Found, e ifelse.Excerpt) (*plots.Figure, error) {
	labels := slices.Clone(e.Tokens)
	for _, k := range e.Triggers {
		labels[k] = "»" + strings.TrimSpace(labels[k])
	}
	values := make([][]float64, len(e.Pattern))
	for t, row := range e.Pattern { // column 1 is token 1, then the piece: the query's own key is in column t + 2
		values[t] = slices.Clone(row)
		for s := t + 2; s < len(row); s++ {
			values[t][s] = math.NaN()
		}
	}
	return plots.HeatMap{Title: fmt.Sprintf("Layer %d, head %d: » marks its trigger", x.Layer+1, x.Head+1), Values: values,
		RowTokens: labels[1:], ColTokens: labels, Scale: plots.Sqrt, Missing: "later than the query", Width: 6, Aspect: 0.95,
		RowName: fmt.Sprintf("query token (from %d on)", e.First+1), ColName: "key token: token 1, then the same piece of text", BarName: "attention"}.Figure()
}

// Map draws the score of the best trigger of every head, on the texts that were searched.
func Map(f find.Findings) (*plots.Figure, error) {
	var scores [][]float64
	for _, x := range f.Best { // one a head: rows and columns grow to what is there
		for len(scores) <= x.Layer {
			scores = append(scores, nil)
		}
		for len(scores[x.Layer]) <= x.Head {
			scores[x.Layer] = append(scores[x.Layer], 0)
		}
		scores[x.Layer][x.Head] = 100 * x.Response.Score()
	}
	return plots.HeadMap{Title: "The best trigger of every head", Values: scores, BarName: "mass moved (%), searched half", Numbers: true}.Figure()
}
