// Package plots draws the figures of attention-sink research: attention
// patterns, per-head maps, curves with confidence bands, grouped bars,
// distributions over heads, packing masks, and panels of all of these.
//
// Every figure is a struct of plain slices with documented fields, a Validate
// method and a Figure method:
//
//	fig, err := plots.HeatMap{
//		Title:  "Layer 5, head 3 attends to the first token",
//		Values: pattern, // [T][S], row = query
//		Tokens: tokens,  // [T]
//		Causal: true,
//		Scale:  plots.Log,
//	}.Figure()
//	…
//	fig.Show()              // inline in a GoNB notebook
//	fig.Save("sink.svg")    // or .png
//
// What all figures have in common:
//
//   - Row 1 of a pattern (query token 1) is at the top, and positions, layers
//     and heads are numbered from 1.
//   - Values that are NaN or infinite are drawn as missing (grey) or as a gap
//     in the curve, and a note under the figure counts them.
//   - Colours are safe for colour-blind readers, and series differ also by dash
//     and marker (bars by hatching), so that a greyscale print can be read.
//   - The same input gives the same bytes.
//   - Text is drawn as outlines: a file looks the same on every machine.
//
// The package is built on the canvases of gonum.org/v1/plot/vg. It lays figures
// out itself, since gonum's plot.Plot neither pins its data area to whole
// device pixels, which crisp cells need, nor places an axis on the right, which
// a colour bar needs. It imports no GoMLX, so a cell that only plots links fast.
package plots
