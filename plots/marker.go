package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// circle is a path of four Bézier arcs.
func circle(at vg.Point, r vg.Length) vg.Path {
	k := r * 4 * (math.Sqrt2 - 1) / 3
	p := func(x, y vg.Length) vg.Point { return at.Add(vg.Point{X: x, Y: y}) }
	var path vg.Path
	path.Move(p(r, 0))
	path.CubeTo(p(r, k), p(k, r), p(0, r))
	path.CubeTo(p(-k, r), p(-r, k), p(-r, 0))
	path.CubeTo(p(-r, -k), p(-k, -r), p(0, -r))
	path.CubeTo(p(k, -r), p(r, -k), p(r, 0))
	path.Close()
	return path
}

func polygon(at vg.Point, r vg.Length, corners int, turn float64) vg.Path {
	var path vg.Path
	for i := range corners {
		sin, cos := math.Sincos(turn + 2*math.Pi*float64(i)/float64(corners))
		q := at.Add(vg.Point{X: r * vg.Length(cos), Y: r * vg.Length(sin)})
		if i == 0 {
			path.Move(q)
		} else {
			path.Line(q)
		}
	}
	path.Close()
	return path
}

// markers are the shapes of series, in order, of about equal area.
var markers = []func(at vg.Point, r vg.Length) vg.Path{
	circle,
	func(at vg.Point, r vg.Length) vg.Path { return polygon(at, 1.22*r, 4, math.Pi/4) },
	func(at vg.Point, r vg.Length) vg.Path { return polygon(at, 1.4*r, 3, math.Pi/2) },
	diamond,
	func(at vg.Point, r vg.Length) vg.Path { return polygon(at, 1.4*r, 3, -math.Pi/2) },
	func(at vg.Point, r vg.Length) vg.Path { return polygon(at, 1.12*r, 6, 0) },
	func(at vg.Point, r vg.Length) vg.Path { return polygon(at, 1.15*r, 5, math.Pi/2) },
}

func diamond(at vg.Point, r vg.Length) vg.Path { return polygon(at, 1.3*r, 4, math.Pi/2) }

// drawMarker fills a marker and rims it in white, so that neighbours separate.
func drawMarker(c *draw.Canvas, shape func(vg.Point, vg.Length) vg.Path, clr color.Color, at vg.Point) {
	c.SetColor(color.White)
	c.Fill(shape(at, markRadius+0.5))
	c.SetColor(clr)
	c.Fill(shape(at, markRadius))
}

// hollow draws a marker as an outline, for values that are not ours.
func hollow(c *draw.Canvas, shape func(vg.Point, vg.Length) vg.Path, at vg.Point) {
	path := shape(at, markRadius+0.4)
	c.SetColor(color.White)
	c.Fill(path)
	c.SetLineStyle(line(inkColor, 0.9))
	c.Stroke(path)
}
