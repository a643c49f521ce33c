package plots

import (
	"fmt"
	"math"
)

// checkMatrix reports an empty or ragged matrix.
func checkMatrix[E any](what string, m [][]E) error {
	if len(m) == 0 || len(m[0]) == 0 {
		return fmt.Errorf("%s is empty (%d rows); give at least one row and one column", what, len(m))
	}
	for i, row := range m {
		if len(row) != len(m[0]) {
			return fmt.Errorf("%s is ragged: row %d has %d columns, row 1 has %d", what, i+1, len(row), len(m[0]))
		}
	}
	return nil
}

// checkLabels reports labels that do not go with n cells; none at all is right.
func checkLabels(what string, labels []string, n int, of string) error {
	if labels != nil && len(labels) != n {
		return fmt.Errorf("%s has %d labels for %d %s", what, len(labels), n, of)
	}
	return nil
}

func checkWidth(inches float64) error {
	if !(inches == 0 || inches >= 1 && inches <= 20) {
		return fmt.Errorf("width of %g inches; use 0 for the default, or 1 to 20 (ColumnWidth is %g, PageWidth %g)", inches, ColumnWidth, PageWidth)
	}
	return nil
}

func checkAspect(aspect float64) error {
	if !(aspect == 0 || aspect >= 0.05 && aspect <= 10) {
		return fmt.Errorf("aspect of %g; use 0 for the default, or height/width in 0.05 to 10", aspect)
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// invalid names the figure that an error is about.
func invalid(figure string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("plots: %s: %w", figure, err)
}

// checkRefs reports a reference line without a place on its axis.
func checkRefs(what string, refs []RefLine, scale Scale) error {
	for _, r := range refs {
		if !scale.shows(r.At) {
			return fmt.Errorf("in %s: %q at %g has no place on a %v axis", what, r.Label, r.At, scale)
		}
	}
	return nil
}

// missingNote says how many of total values could not be drawn; "" if none.
func missingNote(missing, total int, how string) string {
	if missing == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d values %s", missing, total, how)
}

// beyondAxes is the missingNote of values that an axis with given ends does not reach.
const beyondAxes = "lie beyond the axes."

// sentences joins the notes that are not empty.
func sentences(notes ...string) string {
	out := ""
	for _, n := range notes {
		if n == "" {
			continue
		}
		if out != "" {
			out += " "
		}
		out += n
	}
	return out
}
