package plots

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/vg"
)

// rendered decodes the figure's PNG.
func rendered(t *testing.T, f *Figure) image.Image {
	t.Helper()
	data, err := f.PNG()
	require.NoError(t, err)
	img, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	return img
}

// device is r in pixels of img, whose y axis points down.
func device(img image.Image, r vg.Rectangle) (x0, y0, x1, y1 float64) {
	h := float64(img.Bounds().Dy())
	return float64(r.Min.X / px), h - float64(r.Max.Y/px), float64(r.Max.X / px), h - float64(r.Min.Y/px)
}

func random(T, S int, seed uint64) [][]float64 {
	rng := rand.New(rand.NewPCG(seed, 0))
	m := make([][]float64, T)
	for t := range m {
		m[t] = make([]float64, S)
		for s := range m[t] {
			m[t][s] = rng.Float64()
		}
	}
	return m
}

func rgba(c color.Color) color.RGBA { return color.RGBAModel.Convert(c).(color.RGBA) }

// Every pixel of every cell, not only its centre, has exactly the colour of its
// value: cells are crisp, in place, and row 1 is on top.
func TestHeatMapCellsAreSolid(t *testing.T) {
	for _, c := range []struct {
		name string
		m    HeatMap
	}{
		{"square", HeatMap{Values: random(13, 13, 1)}},
		{"one pixel a cell", HeatMap{Values: random(410, 410, 2)}},
		{"wide", HeatMap{Values: random(7, 50, 3), Width: ColumnWidth}},
		{"log", HeatMap{Values: random(9, 9, 4), Scale: Log}},
		{"single", HeatMap{Values: [][]float64{{0.5}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := c.m.Figure()
			require.NoError(t, err)
			img := rendered(t, f)
			colors := c.m.coloring(c.m.values)
			x0, y0, x1, y1 := device(img, f.dataRect())
			for _, v := range []float64{x0, y0, x1, y1} {
				require.InDelta(t, math.Round(v), v, 1e-6, "data area is on the pixel grid")
			}
			rows, cols := len(c.m.Values), len(c.m.Values[0])
			kx, ky := math.Round(x1-x0)/float64(cols), math.Round(y1-y0)/float64(rows)
			require.Equal(t, math.Trunc(kx), kx, "whole pixels a column")
			require.Equal(t, math.Trunc(ky), ky, "whole pixels a row")
			for y := math.Round(y0); y < math.Round(y1); y++ {
				for x := math.Round(x0); x < math.Round(x1); x++ {
					row, col := int((y-math.Round(y0))/ky), int((x-math.Round(x0))/kx)
					want := colors.at(c.m.Values[row][col])
					if got := rgba(img.At(int(x), int(y))); got != want {
						t.Fatalf("pixel (%v,%v) of cell (%d,%d): %v, want %v", x, y, row, col, got, want)
					}
				}
			}
		})
	}
}

func TestHeadMapLayerOneIsAtTheBottomUnlessDownward(t *testing.T) {
	values := [][]float64{{0, 0}, {0.5, 0.5}, {1, 1}}
	for _, downward := range []bool{false, true} {
		f, err := HeadMap{Values: values, Downward: downward}.Figure()
		require.NoError(t, err)
		img := rendered(t, f)
		x0, y0, _, y1 := device(img, f.dataRect())
		top, bottom := rgba(img.At(int(x0)+2, int(y0)+2)), rgba(img.At(int(x0)+2, int(y1)-2))
		if downward {
			top, bottom = bottom, top
		}
		require.Equal(t, Viridis.At(1), top)
		require.Equal(t, Viridis.At(0), bottom)
	}
}

// A sink of one column among a thousand must not vanish where a pixel holds
// several cells.
func TestPooledMapKeepsASingleColumn(t *testing.T) {
	const T = 1200
	values := make([][]float64, T)
	for i := range values {
		values[i] = make([]float64, T)
		values[i][700] = 1
	}
	f, err := HeatMap{Values: values, Width: ColumnWidth}.Figure()
	require.NoError(t, err)
	img := rendered(t, f)
	x0, y0, x1, y1 := device(img, f.dataRect())
	require.Less(t, x1-x0, float64(T))
	for y := int(y0 + 0.5); y < int(y1+0.5); y++ {
		bright := 0
		for x := int(x0 + 0.5); x < int(x1+0.5); x++ {
			if rgba(img.At(x, y)) == Viridis.At(1) {
				bright++
			}
		}
		require.Equal(t, 1, bright, "row of pixels %d", y)
	}
}

func TestCausalAndMissingCells(t *testing.T) {
	values := [][]float64{{1, 9, 9}, {0.2, 0.8, 9}, {math.NaN(), math.Inf(1), 0.1}}
	m := HeatMap{Values: values, Causal: true}
	colors := m.coloring(m.values)
	require.Equal(t, 0.1, colors.lo, "keys after the query are not looked at")
	require.Equal(t, 1.0, colors.hi)
	cells := m.cells(colors)
	for _, c := range []struct {
		row, col int
		want     color.RGBA
	}{{0, 1, futureColor}, {1, 2, futureColor}, {2, 0, missingColor}, {2, 1, missingColor}, {0, 0, Viridis.At(1)}, {2, 2, Viridis.At(0)}} {
		require.Equal(t, c.want, cells.at(c.row, c.col), "cell %d, %d", c.row, c.col)
	}
	a := m.axes(colors).resolved(100, 100)
	require.Contains(t, a.note, "2 of 6 values")
}

func TestColorRange(t *testing.T) {
	data := slices.Values([]float64{0, 1e-9, 0.25, 4, math.NaN()})
	for _, c := range []struct {
		name        string
		o           colorOptions
		lo, hi      float64
		below, over bool
	}{
		{"data range", colorOptions{}, 0, 4, false, false},
		{"given range", colorOptions{min: 0.1, max: 1}, 0.1, 1, true, true},
		{"log: four decades", colorOptions{scale: Log}, 4e-4, 4, true, false},
		{"sqrt", colorOptions{scale: Sqrt}, 0, 4, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := c.o.resolve(data)
			require.InEpsilon(t, 1+c.lo, 1+m.lo, 1e-12)
			require.InEpsilon(t, c.hi, m.hi, 1e-12)
			require.Equal(t, []bool{c.below, c.over}, []bool{m.below, m.over})
			// The bar's ends are the colours of the range's ends.
			require.Equal(t, Viridis.At(0), m.at(m.lo))
			require.Equal(t, Viridis.At(1), m.at(m.hi))
		})
	}
}

// The picture of the colour bar is a key to the cells: at the height of a value,
// its colour.
func TestColorBarAgreesWithCells(t *testing.T) {
	for _, scale := range []Scale{Linear, Log, Sqrt} {
		m := HeatMap{Values: [][]float64{{0.01, 0.2}, {0.5, 1}}, Scale: scale}
		f, err := m.Figure()
		require.NoError(t, err)
		img := rendered(t, f)
		bar := f.root.(axes).bar
		x0, y0, _, y1 := device(img, bar.rect(f.dataRect()))
		for _, row := range m.Values {
			for _, v := range row {
				y := y1 - 0.5 - bar.norm(v)*(y1-y0-1)
				got, want := bar.norm(v), nearestEntry(rgba(img.At(int(x0)+4, int(y))))
				require.InDelta(t, got, want, 0.015, "%v at %g", scale, v)
			}
		}
	}
}

// nearestEntry is where in viridis c is, in [0, 1].
func nearestEntry(c color.RGBA) float64 {
	return float64(slices.Index(Viridis.table(), c)) / (shades - 1)
}

func TestDivergingIsCentredOnZero(t *testing.T) {
	m := HeatMap{Values: [][]float64{{-1, 0, 3}}, Diverging: true}
	colors := m.coloring(m.values)
	require.Equal(t, []float64{-3, 3}, []float64{colors.lo, colors.hi})
	require.Equal(t, color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}, colors.at(0))
	minus, plus := colors.at(-3), colors.at(3)
	require.Greater(t, minus.B, minus.R)
	require.Greater(t, plus.R, plus.B)
}

// Lightness (CIE L*) rises along viridis and falls on both sides of white, so
// that greyscale prints keep the order of values.
func TestColormapsAreMonotoneInLightness(t *testing.T) {
	lightness := func(c color.RGBA) float64 {
		lin := func(v uint8) float64 { return math.Pow(float64(v)/255, 2.2) }
		return math.Cbrt(0.2126*lin(c.R) + 0.7152*lin(c.G) + 0.0722*lin(c.B))
	}
	v := Viridis.table()
	for i := 1; i < len(v); i++ {
		require.Greater(t, lightness(v[i]), lightness(v[i-1])-1e-3, "viridis %d", i)
	}
	d := BlueWhiteRed.table()
	for i := 1; i <= len(d)/2; i++ {
		require.Greater(t, lightness(d[i]), lightness(d[i-1])-1e-3, "blue %d", i)
		require.InDelta(t, lightness(d[i]), lightness(d[len(d)-1-i]), 0.05, "both sides of white, %d", i)
	}
}

func TestPanelsAlign(t *testing.T) {
	line := func(name string) *Figure {
		f, err := Lines{XName: "x", YName: name, Title: name, Series: []Series{{Y: []float64{1, 20000, 3}}}}.Figure()
		require.NoError(t, err)
		return f
	}
	square, err := HeatMap{Values: random(8, 8, 1), Title: "a title that is long enough to be broken into several lines at this width, which is small"}.Figure()
	require.NoError(t, err)
	f, err := Panel{Figures: []*Figure{line("a"), square, square, line("a longer name")}, Columns: 2}.Figure()
	require.NoError(t, err)
	w, _ := f.Size()
	require.LessOrEqual(t, w, PageWidth+0.01)

	tab := f.root.(table)
	a := tab.arrange(f.w)
	for i, row := range tab.cells {
		for j, n := range row {
			w, h := tab.cellSize(n, a.colW[j], a.rowH[i])
			require.LessOrEqual(t, float64(w), float64(a.colW[j])+1e-6)
			require.LessOrEqual(t, float64(h), float64(a.rowH[i])+1e-6)
			if n.stretches() {
				require.Equal(t, []vg.Length{a.colW[j], a.rowH[i]}, []vg.Length{w, h})
			}
		}
	}
	// Ink of neighbours does not overlap.
	m0 := tab.cells[0][0].margins(tab.cellSize(tab.cells[0][0], a.colW[0], a.rowH[0]))
	m1 := tab.cells[0][1].margins(tab.cellSize(tab.cells[0][1], a.colW[1], a.rowH[0]))
	require.GreaterOrEqual(t, float64(a.colX[1]-m1.left), float64(a.colX[0]+a.colW[0]+m0.right))
}

// The legend stands where no data are, or outside.
func TestLegendCoversNoData(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		var series []Series
		for i := range 1 + rng.IntN(4) {
			y := make([]float64, 2+rng.IntN(60))
			for k := range y {
				y[k] = rng.NormFloat64() * float64(1+rng.IntN(3))
			}
			series = append(series, Series{Name: "series " + string(rune('a'+i)), Y: y})
		}
		f, err := Lines{XName: "x", YName: "y", Series: series}.Figure()
		require.NoError(t, err)
		a, area := f.root.(axes).resolved(f.w, f.h), f.dataRect()
		spot, inside := a.legendCorner(area)
		if !inside {
			require.Positive(t, float64(a.legendBelow(f.w, f.h)))
			continue
		}
		for _, p := range a.inkMarks(area) {
			covered := p.X > spot.Min.X && p.X < spot.Max.X && p.Y > spot.Min.Y && p.Y < spot.Max.Y
			require.False(t, covered, "legend %v covers %v", spot, p)
		}
	}
}

// Nothing is cut off: the outermost pixels of every picture of the gallery are
// white.
func TestGalleryHasWhiteMargins(t *testing.T) {
	files, err := filepath.Glob("testdata/gallery/*.png")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	total := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		total += len(data)
		img, err := png.Decode(bytes.NewReader(data))
		require.NoError(t, err)
		b := img.Bounds()
		for x := range b.Dx() {
			for y := range b.Dy() {
				if min(x, y, b.Dx()-1-x, b.Dy()-1-y) < 2 && rgba(img.At(x, y)) != (color.RGBA{255, 255, 255, 255}) {
					t.Fatalf("%s: ink at the edge, (%d,%d)", file, x, y)
				}
			}
		}
	}
	require.Less(t, total, 1<<20, "the gallery stays below 1 MiB")
}

// A column without values keeps its place.
func TestStripWithEmptyColumn(t *testing.T) {
	fig, err := Strip{XName: "x", YName: "y", Samples: []Sample{{Name: "a", Values: []float64{1, 2}}, {Name: "b"}, {Name: "c", Values: []float64{3}}}}.Figure()
	if err != nil {
		t.Fatal(err)
	}
	png, err := fig.PNG()
	if err != nil || len(png) == 0 {
		t.Fatalf("%d bytes, %v", len(png), err)
	}
}

// A condition that has a style looks the same wherever it stands.
func TestStyleWhateverThePlace(t *testing.T) {
	plain, styled := Series{Y: []float64{1}}, Series{Y: []float64{1}, Style: 3}
	want, _, _ := Lines{Series: []Series{plain, plain, plain}}.curves()
	for at, series := range [][]Series{{styled, plain}, {plain, styled}} {
		got, _, _ := Lines{Series: series}.curves()
		require.Equal(t, want[2].color, got[at].color)
		require.Equal(t, want[2].dash, got[at].dash)
		require.Equal(t, want[0].color, got[1-at].color)
		require.Equal(t, want[0].dash, got[1-at].dash)
	}
	families, _, _ := Lines{Series: []Series{plain, {Y: []float64{1}, Like: 1}, styled}}.curves()
	require.Equal(t, want[2].dash, families[2].dash)
}

// The note says what grey cells are.
func TestMissingNote(t *testing.T) {
	note := func(m HeatMap) string { return m.axes(m.coloring(m.values)).resolved(100, 100).note }
	values := [][]float64{{1, math.NaN()}, {1, 2}}
	require.Equal(t, "1 of 4 values are NaN or infinite (grey).", note(HeatMap{Values: values}))
	require.Equal(t, "1 of 4 values are not sinks (grey).", note(HeatMap{Values: values, Missing: "not sinks"}))
}

// A scatter plot joins no two points, wherever they lie.
func TestPointsAreNotJoined(t *testing.T) {
	all, missing, _ := Lines{Series: []Series{{X: []float64{3, 1, 2, 1}, Y: []float64{1, 2, math.NaN(), 4}, Points: true}}}.curves()
	require.Equal(t, 1, missing)
	var lengths []int
	all[0].runs(transform{x: axis{span: span{Linear, 0, 4}}, y: axis{span: span{Linear, 0, 4}}, area: rect(0, 0, 1, 1)}, func(run []vg.Point) {
		lengths = append(lengths, len(run))
	})
	require.Equal(t, 3, len(slices.DeleteFunc(lengths, func(n int) bool { return n == 0 })))
	require.Equal(t, 1, slices.Max(lengths))
}

// What given axes do not reach is counted, in every figure that has them.
func TestBeyondTheAxesIsSaid(t *testing.T) {
	x, y := []float64{1, 2, 3}, []float64{1, 2, 9}
	for name, fig := range map[string]func() (*Figure, error){
		"strip": Strip{XName: "x", YName: "y", YMax: 3, Samples: []Sample{{Name: "a", Values: y}}}.Figure,
		"lines": Lines{XName: "x", YName: "y", YMax: 3, Series: []Series{{X: x, Y: y}}}.Figure,
		"bars":  Bars{YName: "y", YMax: 3, Groups: []string{"a", "b", "c"}, Series: []BarSeries{{Name: "s", Values: y}}}.Figure,
	} {
		f, err := fig()
		require.NoError(t, err, name)
		require.Equal(t, "1 of 3 values lie beyond the axes.", f.root.(axes).note, name)
	}
	f, err := Lines{XName: "x", YName: "y", YMax: 9, Series: []Series{{X: x, Y: y}}}.Figure()
	require.NoError(t, err)
	require.Empty(t, f.root.(axes).note)
}
