package curves

import "fmt"

// Column is a number in a table of runs.
type Column struct {
	Name   string
	Number Number
	Digits int // after the decimal point
}

// Row is a row of a Markdown table: the head, and for each column the mean over runs at their end ±
// half the width of its 95 % t interval; runs too few or all equal have none.
func (s *Set) Row(columns []Column, head ...string) (string, error) {
	row := "|"
	for _, h := range head {
		row += " " + h + " |"
	}
	for _, c := range columns {
		e, err := s.Final(c.Number)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.Name, err)
		}
		row += " " + e.PlusMinus(fmt.Sprintf("%%.%df", c.Digits)) + " |"
	}
	return row + "\n", nil
}

// Header is the first two lines of a Markdown table of such rows.
func Header(columns []Column, head ...string) string {
	names, rule := "|", "|"
	for _, h := range head {
		names, rule = names+" "+h+" |", rule+" --- |"
	}
	for _, c := range columns {
		names, rule = names+" "+c.Name+" |", rule+" --- |"
	}
	return names + "\n" + rule + "\n"
}
