package plots

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

type drawable interface {
	Validate() error
	Figure() (*Figure, error)
}

// Errors say which figure, what is wrong and what to do.
func TestValidateSaysWhatIsWrong(t *testing.T) {
	nan := math.NaN()
	one := [][]float64{{1}}
	series := []Series{{Name: "a", Y: []float64{1, 2}}}
	for _, c := range []struct {
		figure drawable
		want   string
	}{
		{HeatMap{}, "plots: HeatMap: Values is empty (0 rows)"},
		{HeatMap{Values: [][]float64{{1, 2}, {3}}}, "Values is ragged: row 2 has 1 columns, row 1 has 2"},
		{HeatMap{Values: one, Tokens: []string{"a", "b"}}, "Tokens has 2 labels for 1 rows"},
		{HeatMap{Values: [][]float64{{1, 2}}, Tokens: []string{"a"}}, "Tokens labels both axes, but Values is 1×2"},
		{HeatMap{Values: one, Min: 1, Max: 0.5}, "colour range [1, 0.5] is not a range"},
		{HeatMap{Values: one, Min: 0.5, Max: 0.5}, "colour range [0.5, 0.5] is not a range"},
		{HeatMap{Values: one, Min: -1, Max: 1, Scale: Log}, "Min must be positive"},
		{HeatMap{Values: one, Scale: 9}, "unknown scale Scale(9)"},
		{HeatMap{Values: one, Diverging: true, Scale: Sqrt}, "Diverging needs a Linear scale"},
		{HeatMap{Values: one, Width: 0.2}, "width of 0.2 inches"},
		{HeatMap{Values: one, Aspect: -1}, "aspect of -1"},
		{Grid{}, "plots: Grid: no Panels"},
		{Grid{Panels: []GridPanel{{Title: "x"}}}, `panel 1 ("x"): Values is empty`},
		{Grid{Panels: []GridPanel{{Values: one}}, Columns: -1}, "-1 Columns"},
		{HeadMap{}, "plots: HeadMap: Values is empty"},
		{HeadMap{Values: one, Epsilon: -1}, "Epsilon is -1"},
		{Lines{}, "plots: Lines: no Series"},
		{Lines{Series: series}, "an axis has no name"},
		{Lines{Series: []Series{{Name: "a"}}, XName: "x", YName: "y"}, `series 1 ("a"): field Y is empty`},
		{Lines{Series: []Series{{Y: []float64{1}, X: []float64{1, 2}}}, XName: "x", YName: "y"}, "X has 2 values, Y has 1"},
		{Lines{Series: []Series{{Y: []float64{1}, Lo: []float64{1}}}, XName: "x", YName: "y"}, "give both or neither"},
		{Lines{Series: []Series{{Y: []float64{1}, Like: 2}}, XName: "x", YName: "y"}, "Like is 2"},
		{Lines{Series: []Series{{Y: []float64{1}, Style: -1}}, XName: "x", YName: "y"}, "Style is -1"},
		{Lines{Series: []Series{{Y: []float64{1}, Style: 2, Like: 1}}, XName: "x", YName: "y"}, "one of the two"},
		{Lines{Series: series, XName: "x", YName: "y", XScale: Log, VLines: []RefLine{{At: 0}}}, "has no place on a Log axis"},
		{Lines{Series: series, XName: "x", YName: "y", YMin: 2, YMax: 1}, "need Min < Max"},
		{Lines{Series: series, XName: "x", YName: "y", Legend: 7}, "unknown legend place 7"},
		{Bars{}, "plots: Bars: 0 Groups and 0 Series"},
		{Bars{Groups: []string{"g"}, Series: []BarSeries{{}}}, "YName is empty"},
		{Bars{Groups: []string{"g"}, YName: "y", Series: []BarSeries{{Name: "a", Values: []float64{1, 2}}}}, `series 1 ("a"): Values has 2 values for 1 groups`},
		{Bars{Groups: []string{"g"}, YName: "y", Series: []BarSeries{{Values: []float64{1}, Lo: []float64{1}}}}, "Hi has 0 values"},
		{Histogram{XName: "x"}, "plots: Histogram: no Samples"},
		{Histogram{XName: "x", Samples: []Sample{{Name: "s"}}}, `sample 1 ("s") is empty`},
		{Histogram{Samples: []Sample{{Values: []float64{1}}}}, "XName is empty"},
		{Histogram{XName: "x", Samples: []Sample{{Values: []float64{1}}}, Bins: -2}, "-2 Bins"},
		{Histogram{XName: "x", Samples: []Sample{{Values: []float64{1}}}, VLines: []RefLine{{At: nan}}}, "at NaN has no place on a Linear axis"},
		{Strip{XName: "x", YName: "y"}, "plots: Strip: no Samples"},
		{Strip{XName: "x", YName: "y", Samples: []Sample{{Name: "s"}}}, "plots: Strip: none of 1 Samples has a value"},
		{Mask{}, "plots: Mask: Allowed is empty"},
		{Mask{Allowed: [][]bool{{true}}, DocStarts: []int{1}}, "DocStarts has 1, outside the 1 positions"},
		{Panel{Figures: []*Figure{nil}}, "plots: Panel: no Figures"},
	} {
		err := c.figure.Validate()
		require.ErrorContains(t, err, c.want)
		_, ferr := c.figure.Figure()
		require.Equal(t, err, ferr, "Figure refuses what Validate refuses")
	}
}

// Data without anything to show, or with everything in one place, make a
// figure rather than a panic.
func TestDegenerateDataAreDrawn(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	var figures []drawable
	for _, scale := range []Scale{Linear, Log, Log2, Sqrt} {
		for _, v := range []float64{nan, inf, -inf, 0, -1, 1, 1e300, 5e-324} {
			figures = append(figures,
				HeatMap{Values: [][]float64{{v, v}, {v, v}}, Scale: scale},
				HeadMap{Values: [][]float64{{v}}, Scale: scale, Numbers: true, Epsilon: 0.3},
				Lines{XName: "x", YName: "y", XScale: scale, YScale: scale, Series: []Series{{Name: "a", X: []float64{v, v}, Y: []float64{v, v}, Lo: []float64{v, nan}, Hi: []float64{v, v}}}},
				Strip{XName: "x", YName: "y", YScale: scale, Samples: []Sample{{Name: "1", Values: []float64{v}}}},
			)
		}
	}
	for _, v := range []float64{nan, inf, 0, -3} {
		figures = append(figures,
			HeatMap{Values: [][]float64{{v}}, Diverging: true},
			Bars{YName: "y", Groups: []string{"g"}, Series: []BarSeries{{Name: "s", Values: []float64{v}, Lo: []float64{v}, Hi: []float64{v}, Reference: []float64{v}}}},
			Histogram{XName: "x", Samples: []Sample{{Name: "s", Values: []float64{v}}}},
		)
	}
	for _, d := range figures {
		f, err := d.Figure()
		require.NoError(t, err, "%+v", d)
		data, err := f.SVG() // the fastest to write
		require.NoError(t, err, "%+v", d)
		require.NotEmpty(t, data)
	}
}

func TestTooNarrowIsAnError(t *testing.T) {
	_, err := Lines{XName: "x", YName: "y", Width: 1, Legend: LegendRight,
		Series: []Series{{Name: "a name that takes more than the whole width", Y: []float64{1}}}}.Figure()
	require.ErrorContains(t, err, "leaves no room for data")
}
