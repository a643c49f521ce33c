package curves

import (
	"fmt"

	"firsttoken/notebooks/keep"
	"firsttoken/plots"
	"firsttoken/train/store"
)

// Kept reads the curves of the runs that a notebook keeps under a name such as "03/context": the
// points of its grid (train.Points), saved by keep.Save.
func Kept(name string) (*Set, error) {
	points, err := keep.Load[[]store.Point](name)
	if err != nil {
		return nil, err
	}
	return Load(points)
}

// Join puts the runs of sets into one, in the order of the sets.
func Join(sets ...*Set) *Set {
	all := &Set{}
	for _, s := range sets {
		all.Points, all.Records = append(all.Points, s.Points...), append(all.Records, s.Records...)
		if all.err == nil {
			all.err = s.err
		}
	}
	return all
}

// Samples are the number of each run at the end of training, one sample for each value of a field:
// what a strip plot draws.
func (s *Set) Samples(field string, number Number) ([]plots.Sample, error) {
	if err := s.named(field); err != nil {
		return nil, err
	}
	var samples []plots.Sample
	for _, value := range s.Values(field) {
		x, err := s.Where(field, value).Last(number)
		if err != nil {
			return nil, err
		}
		samples = append(samples, plots.Sample{Name: value, Values: x})
	}
	return samples, nil
}

// Table is a Markdown table with a row for each value of a field, which name says what it is.
func (s *Set) Table(columns []Column, field, name string) (string, error) {
	if err := s.named(field); err != nil {
		return "", err
	}
	table := Header(columns, name)
	for _, value := range s.Values(field) {
		row, err := s.Where(field, value).Row(columns, value)
		if err != nil {
			return "", err
		}
		table += row
	}
	return table, nil
}

// named refuses a set of which no run names a field: it has no values to go by.
func (s *Set) named(field string) error {
	if err := s.readable(); err != nil {
		return err
	}
	if len(s.Values(field)) == 0 {
		return fmt.Errorf("curves: no run names the field %s: ask for one that the sweep varies", field)
	}
	return nil
}
