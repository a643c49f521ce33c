package needle

import (
	"fmt"

	"firsttoken/notebooks/keep"
	"firsttoken/sinks/stats"
	"firsttoken/sinks/streams"
)

// Load reads what [Study.Measure] kept, without a model.
func (s Study) Load() (Table, error) {
	table := Table{}
	for _, c := range s.Caches {
		found, err := keep.Load[[][]Found](s.Name + "/" + c.String())
		if err != nil {
			return nil, err
		}
		table[c.String()] = found
	}
	return table, nil
}

// Right is 100 for each answer that is right, Held is the share of caches that hold the word, in %,
// and Margin is the right answer's log-probability less the best of the others, in nats.
func Right(f Found) float64 {
	if f.Correct() {
		return 100
	}
	return 0
}
func Held(f Found) float64   { return 100 * f.Held }
func Margin(f Found) float64 { return f.Margin() }

// Depths are means over haystacks of a number of one cache's needles, by depth.
func (t Table) Depths(c streams.Setting, number func(Found) float64) ([]float64, error) {
	found, ok := t[c.String()]
	if !ok {
		return nil, fmt.Errorf("needle: cache %s was not measured", c)
	}
	means := make([]float64, len(found[0]))
	for _, row := range found {
		for d, f := range row {
			means[d] += number(f) / float64(len(found))
		}
	}
	return means, nil
}

// Mean is a number of one cache's needles, mean over depths, with an interval over haystacks.
func (t Table) Mean(c streams.Setting, number func(Found) float64, within stats.Range) (stats.Estimate, error) {
	x, err := t.each(c, number)
	if err != nil {
		return stats.Estimate{}, err
	}
	return stats.Mean(x, stats.Options{Range: within})
}

// Less is a number of one cache's needles less that of another's, paired by haystack.
func (t Table) Less(a, b streams.Setting, number func(Found) float64) (stats.Estimate, error) {
	x, err := t.each(a, number)
	if err != nil {
		return stats.Estimate{}, err
	}
	y, err := t.each(b, number)
	if err != nil {
		return stats.Estimate{}, err
	}
	return stats.Paired(x, y, stats.DefaultOptions())
}

// each is a number of one cache's needles by haystack, mean over depths.
func (t Table) each(c streams.Setting, number func(Found) float64) (x []float64, err error) {
	found, ok := t[c.String()]
	if !ok {
		return nil, fmt.Errorf("needle: cache %s was not measured", c)
	}
	for _, row := range found {
		sum := 0.0
		for _, f := range row {
			sum += number(f) / float64(len(row))
		}
		x = append(x, sum)
	}
	return x, nil
}
