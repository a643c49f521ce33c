package traced

import (
	"fmt"
	"strings"

	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/stats"
	"firsttoken/train/local"
)

// Study are texts that were traced, such as passages behind one front or in one model.
type Study struct {
	Name   string // in figures and tables
	Folder string // below .data/traces, such as "01/without": the name of a probe.Study

	layers, heads int
	texts         *sinks.Accumulator
}

// thresholds of sink rates, as published.
var thresholds = []float64{sinks.EpsilonGu, sinks.EpsilonTable}

// load reads the traces and returns the sink rates at both thresholds.
func (s *Study) load() (all []stats.Estimate, err error) {
	folder, err := local.DataDir("traces", s.Folder)
	if err != nil {
		return nil, err
	}
	traces, err := sinks.LoadAll(folder)
	if err != nil {
		return nil, err
	}
	if s.texts, err = sinks.NewAccumulator(sinks.RateOptions{}); err != nil {
		return nil, err
	}
	for _, t := range traces {
		s.layers, s.heads = t.L, t.H
		if err := s.texts.Add(t); err != nil {
			return nil, fmt.Errorf("traced: %s: %w", s.Folder, err)
		}
	}
	for _, e := range thresholds {
		r, err := s.texts.Rate(e)
		if err != nil {
			return nil, err
		}
		all = append(all, r.Estimate)
	}
	return all, nil
}

// interval writes a share in % with its interval.
func interval(e stats.Estimate, unit string) string {
	lo, hi := e.Ends()
	return fmt.Sprintf("%.1f%s (%.1f – %.1f)", 100*e.Value, unit, 100*lo, 100*hi)
}

// Fronts draws the sink rates of studies that differ in what is in front of the texts, and has
// three ways of counting in a table: heads above ε, the attention mass on token 1, and the share of
// queries whose largest weight is on it.
func Fronts(title string, studies ...Study) (*plots.Figure, string, error) {
	bars := plots.Bars{Title: title, YName: "sink rate (%)", YMax: 100}
	for _, e := range thresholds {
		bars.Groups = append(bars.Groups, fmt.Sprintf("ε = %.1f", e))
	}
	var rows []string
	for _, s := range studies {
		numbers, err := s.load()
		if err != nil {
			return nil, "", err
		}
		series := plots.BarSeries{Name: s.Name}
		for _, e := range numbers {
			lo, hi := e.Ends()
			series.Values = append(series.Values, 100*e.Value)
			series.Lo, series.Hi = append(series.Lo, 100*lo), append(series.Hi, 100*hi)
		}
		bars.Series = append(bars.Series, series)
		mass, err := s.texts.Mass()
		if err != nil {
			return nil, "", err
		}
		most, err := s.texts.ArgMax()
		if err != nil {
			return nil, "", err
		}
		row := []string{"`" + strings.ReplaceAll(s.Name, "|", `\|`) + "`"}
		for _, e := range append(numbers, mass.Estimate, most.Estimate) {
			row = append(row, interval(e, " %"))
		}
		rows = append(rows, strings.Join(row, " | "))
	}
	figure, err := bars.Figure()
	head := "token 1 | sink rate, ε = 0.3 | ε = 0.8 | attention mass on token 1 | arg max on token 1"
	return figure, tables.Markdown(head, rows) + "\nMeans over texts with 95 % bootstrap intervals over texts.", err
}

// Models has the sink rates of studies of models in a table, with the rows that are given below
// them, and a map of every model's heads.
func Models(below []string, studies ...Study) (maps []*plots.Figure, table string, err error) {
	var rows []string
	for _, s := range studies {
		numbers, err := s.load()
		if err != nil {
			return nil, "", err
		}
		rows = append(rows, fmt.Sprintf("%s | %d × %d | %s | %s", s.Name, s.layers, s.heads, interval(numbers[0], ""), interval(numbers[1], "")))
		mean, err := s.texts.MeanScores()
		if err != nil {
			return nil, "", err
		}
		f, err := plots.HeadMap{Title: "Sink score of every head, " + s.Name, Values: mean, Epsilon: sinks.EpsilonTable, Max: 1}.Figure()
		if err != nil {
			return nil, "", err
		}
		maps = append(maps, f)
	}
	return maps, tables.Markdown("model | layers × heads | sink rate, ε = 0.3 (%) | ε = 0.8 (%)", append(rows, below...)), nil
}
