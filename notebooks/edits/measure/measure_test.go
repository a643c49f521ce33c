package measure_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/edits"
	"firsttoken/notebooks/edits/measure"
	"firsttoken/sinks/probe"
)

func TestMeasureRefuses(t *testing.T) {
	s := edits.Default()
	s.Draws = 0
	_, err := measure.Measure(s)
	require.ErrorContains(t, err, "0 draws")
	s = edits.Default()
	s.Model = "no such model"
	_, err = measure.Measure(s)
	require.ErrorContains(t, err, "no such model")
	_, err = measure.Paragraph(s, "a b", [2]string{" b", " c"})
	require.ErrorContains(t, err, "no such model")
}

// Blocks count from 1 in a study, from 0 in interventions.
func TestOff(t *testing.T) {
	require.Equal(t, []probe.Intervention{probe.SkipUpdate{Layer: 11, Pos: 0, Part: probe.MLP}}, measure.Off(edits.Default()))
}
