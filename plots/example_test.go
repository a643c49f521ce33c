package plots_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"firsttoken/plots"
)

// A pattern of a short text, one label a token.
func ExampleHeatMap() {
	fig, err := plots.HeatMap{
		Title:  "Layer 5, head 3 attends to the first token",
		Values: sinkPattern(12, 0.7, 1),
		Causal: true,
		Tokens: sentence,
		Min:    0, Max: 1,
	}.Figure()
	gallery("heatmap-tokens", fig, err)
	// Output: heatmap-tokens looks as in the gallery
}

// A longer text: positions are numbered, and a square-root scale shows what is
// left beside the sink.
func ExampleHeatMap_positions() {
	fig, err := plots.HeatMap{
		Title:  "Beside the sink, the near past",
		Values: sinkPattern(64, 0.7, 2),
		Causal: true,
		Scale:  plots.Sqrt,
		Min:    0, Max: 1,
	}.Figure()
	gallery("heatmap-64", fig, err)
	// Output: heatmap-64 looks as in the gallery
}

// 512 positions on a logarithmic scale: one pixel a cell.
func ExampleHeatMap_long() {
	pattern := sinkPattern(512, 0.7, 3)
	for _, row := range pattern { // smooth, as averages over prompts are
		for s := 1; s < len(row); s++ {
			row[s] = math.Exp(math.Round(3*math.Log(row[s]+1e-9)) / 3)
		}
	}
	fig, err := plots.HeatMap{
		Title:  "Layer 12, head 7: a sink, and a diagonal that fades over 20 tokens",
		Values: pattern,
		Causal: true,
		Scale:  plots.Log,
	}.Figure()
	gallery("heatmap-512", fig, err)
	// Output: heatmap-512 looks as in the gallery
}

// Not a pattern: how far an edit of one token moves the residual stream, by
// layer and position, without minus with ⟨bos⟩. Missing values are grey.
func ExampleHeatMap_difference() {
	const layers, positions = 19, 48
	rng := rand.New(rand.NewPCG(4, 4))
	diff := make([][]float64, layers)
	for l := range diff {
		diff[l] = make([]float64, positions)
		for t := range diff[l] {
			if t >= 12 {
				diff[l][t] = (float64(l)/layers*math.Exp(-float64(t-12)/25)*3 - 0.6) * (0.8 + 0.4*rng.Float64())
			}
		}
	}
	diff[18][47], diff[3][20] = math.NaN(), math.Inf(1)
	fig, err := plots.HeatMap{
		Title:     "Without ⟨bos⟩ the edit at token 13 spreads farther",
		Values:    diff,
		RowName:   "layer (0: embedding)",
		ColName:   "position",
		RowOffset: -1,
		Diverging: true,
		BarName:   "Δ‖v′ − v‖₂, without − with ⟨bos⟩",
		Width:     plots.ColumnWidth,
	}.Figure()
	gallery("heatmap-difference", fig, err)
	// Output: heatmap-difference looks as in the gallery
}

func ExampleGrid() {
	var panels []plots.GridPanel
	for i := range 12 {
		share := []float64{0.05, 0.9, 0.7, 0.3}[i%4] * []float64{0.3, 1, 0.8}[i/4]
		panels = append(panels, plots.GridPanel{
			Title:  fmt.Sprintf("layer %d, head %d", []int{1, 5, 9}[i/4], i%4+1),
			Values: sinkPattern(40, share, uint64(10+i)),
		})
	}
	fig, err := plots.Grid{
		Title:   "Sinks form after the first layer, and not in every head",
		Panels:  panels,
		Columns: 4,
		Map:     plots.HeatMap{Causal: true, Scale: plots.Sqrt, Min: 0, Max: 1},
	}.Figure()
	gallery("grid", fig, err)
	// Output: grid looks as in the gallery
}

// 30 layers × 9 heads, with the heads that count as sinks marked.
func ExampleHeadMap() {
	fig, err := plots.HeadMap{
		Title:   "Most heads of the middle layers are sinks",
		Values:  sinkScores(30, 9, 5),
		Epsilon: 0.3,
		Min:     0, Max: 1,
		BarName: "sink score α₁",
	}.Figure()
	gallery("headmap", fig, err)
	// Output: headmap looks as in the gallery
}

// A small model: the numbers fit into the cells.
func ExampleHeadMap_numbers() {
	fig, err := plots.HeadMap{
		Title:   "Sink scores of a 6-layer model",
		Values:  sinkScores(6, 8, 6),
		Epsilon: 0.3,
		Numbers: true,
		Min:     0, Max: 1,
		BarName: "sink score α₁",
	}.Figure()
	gallery("headmap-numbers", fig, err)
	// Output: headmap-numbers looks as in the gallery
}

// Sink rate by training context length, with 95 % intervals.
func ExampleLines() {
	contexts := []float64{128, 256, 512, 1024, 2048}
	rate := []float64{0.4, 7.5, 21, 32.5, 38}
	shifted := []float64{0.1, 3, 11, 22, 30}
	around := func(y []float64, d float64) (lo, hi []float64) {
		for i := range y {
			w := d * (1 + float64(i))
			lo, hi = append(lo, math.Max(0, y[i]-w)), append(hi, y[i]+w)
		}
		return lo, hi
	}
	lo, hi := around(rate, 0.9)
	lo2, hi2 := around(shifted, 0.7)
	fig, err := plots.Lines{
		Title:  "Longer training contexts, more sinks",
		XName:  "training context length (tokens)",
		YName:  "sink rate at ε = 0.3 (%)",
		XScale: plots.Log2,
		Series: []plots.Series{
			{Name: "⟨bos⟩ + text", X: contexts, Y: rate, Lo: lo, Hi: hi},
			{Name: "text only", X: contexts, Y: shifted, Lo: lo2, Hi: hi2},
		},
		HLines: []plots.RefLine{{At: 40, Label: "paper, 2048 tokens"}},
	}.Figure()
	gallery("lines-context", fig, err)
	// Output: lines-context looks as in the gallery
}

// Training curves: the same model under two conditions shares a colour.
func ExampleLines_training() {
	var series []plots.Series
	for i, c := range []string{"128", "512", "2048"} {
		var x, y []float64
		for step := 100.0; step <= 20000; step *= 1.06 {
			x = append(x, step)
			y = append(y, (14+12*float64(i))/(1+math.Pow(3000/step, 2+float64(i)*0.4))+0.3*math.Sin(step/300))
		}
		series = append(series, plots.Series{Name: "context " + c, X: x, Y: y})
		z := make([]float64, len(y))
		for k := range z {
			z[k] = y[k] * 0.55
		}
		series = append(series, plots.Series{Name: "without ⟨bos⟩", X: x, Y: z, Like: len(series)})
	}
	fig, err := plots.Lines{
		Title:  "Sinks emerge in training, sooner with longer contexts",
		XName:  "training step",
		YName:  "sink rate (%)",
		XScale: plots.Log,
		Series: series,
		VLines: []plots.RefLine{{At: 2000, Label: "end of warm-up"}},
		Legend: plots.LegendRight,
		Width:  plots.PageWidth * 0.75,
		Aspect: 0.55,
	}.Figure()
	gallery("lines-training", fig, err)
	// Output: lines-training looks as in the gallery
}

// Norms by position, 4096 of them.
func ExampleLines_positions() {
	const T = 4096
	rng := rand.New(rand.NewPCG(7, 7))
	var series []plots.Series
	for _, layer := range []int{1, 8, 24} {
		y := make([]float64, T)
		for t := range y {
			y[t] = (2 + 0.1*float64(layer)) * math.Exp(0.12*rng.NormFloat64())
		}
		if layer > 1 {
			y[0] = 0.01 * float64(layer)
		}
		y[1500] = 0 // no place on a logarithmic axis
		series = append(series, plots.Series{Name: fmt.Sprintf("layer %d", layer), Y: y})
	}
	fig, err := plots.Lines{
		Title:  "Token 1 has the smallest value norm",
		XName:  "position",
		YName:  "value norm ‖v‖₂, mean over heads",
		XScale: plots.Log2,
		YScale: plots.Log,
		Series: series,
	}.Figure()
	gallery("lines-positions", fig, err)
	// Output: lines-positions looks as in the gallery
}

// Our figures beside those of the paper.
func ExampleBars() {
	fig, err := plots.Bars{
		Title:  "A ⟨bos⟩ fixed at position 1 makes the model depend on it",
		YName:  "sink rate at ε = 0.3 (%)",
		Groups: []string{"causal, no ⟨bos⟩", "causal, fixed ⟨bos⟩", "per document, no ⟨bos⟩", "per document, fixed ⟨bos⟩"},
		Series: []plots.BarSeries{
			{Name: "⟨bos⟩ + text", Values: []float64{61.2, 88.1, 33.0, 92.4}, Lo: []float64{57, 84, 28, 90}, Hi: []float64{65, 91, 38, 95}, Reference: []float64{65.10, 90.84, 28.23, 90.56}},
			{Name: "text only", Values: []float64{60.4, 0.4, 31.1, 0.2}, Lo: []float64{55, 0.1, 26, 0}, Hi: []float64{65, 1.2, 36, 0.8}, Reference: []float64{65.15, 0.05, math.NaN(), 0}},
		},
	}.Figure()
	gallery("bars", fig, err)
	// Output: bars looks as in the gallery
}

func ExampleHistogram() {
	var scores []float64
	for _, layer := range sinkScores(32, 32, 8) {
		scores = append(scores, layer...)
	}
	fig, err := plots.Histogram{
		Title:   "Scores of 1024 heads pile up near 1",
		XName:   "sink score α₁",
		Samples: []plots.Sample{{Values: scores}},
		Min:     0, Max: 1,
		VLines: []plots.RefLine{{At: 0.3, Label: "ε = 0.3"}, {At: 0.8, Label: "ε = 0.8"}},
	}.Figure()
	gallery("histogram", fig, err)
	// Output: histogram looks as in the gallery
}

func ExampleStrip() {
	var layers []plots.Sample
	for l, scores := range sinkScores(16, 14, 9) {
		layers = append(layers, plots.Sample{Name: fmt.Sprint(l + 1), Values: scores})
	}
	fig, err := plots.Strip{
		Title:   "Sink scores by layer, one dot a head",
		XName:   "layer",
		YName:   "sink score α₁",
		Samples: layers,
		YMin:    0, YMax: 1,
		HLines: []plots.RefLine{{At: 0.3, Label: "ε = 0.3"}},
	}.Figure()
	gallery("strip", fig, err)
	// Output: strip looks as in the gallery
}

// packed is a window of three documents.
func packed(T int, starts []int, intraDocument bool) [][]bool {
	doc := func(t int) (d int) {
		for _, s := range starts {
			if t >= s {
				d++
			}
		}
		return d
	}
	allowed := make([][]bool, T)
	for t := range allowed {
		allowed[t] = make([]bool, T)
		for s := 0; s <= t; s++ {
			allowed[t][s] = !intraDocument || doc(s) == doc(t)
		}
	}
	return allowed
}

func ExampleMask() {
	starts := []int{0, 11, 25}
	fig, err := plots.Mask{
		Title:     "Intra-document mask of a packed window",
		Allowed:   packed(32, starts, true),
		DocStarts: starts,
	}.Figure()
	gallery("mask", fig, err)
	// Output: mask looks as in the gallery
}

// Figures of different kinds, aligned.
func ExamplePanel() {
	pattern, err := plots.HeatMap{Title: "A sink head", Values: sinkPattern(32, 0.8, 20), Causal: true, Scale: plots.Sqrt, Min: 0, Max: 1}.Figure()
	if err != nil {
		fmt.Println(err)
		return
	}
	norms := make([]float64, 32)
	for i := range norms {
		norms[i] = 2.2 + 0.3*math.Sin(float64(i)*1.7)
	}
	norms[0] = 0.21
	profile, err := plots.Lines{Title: "Its value norms", XName: "position", YName: "‖v‖₂", Series: []plots.Series{{Y: norms}}, YMin: 0, YMax: 3}.Figure()
	if err != nil {
		fmt.Println(err)
		return
	}
	fig, err := plots.Panel{
		Title:   "Attention goes where there is nothing to read",
		Figures: []*plots.Figure{pattern, profile},
	}.Figure()
	gallery("panel", fig, err)
	// Output: panel looks as in the gallery
}

// A pattern held in float32.
func ExampleMatrix() {
	pattern := [][]float32{{1, 0}, {0.75, 0.25}}
	fmt.Println(plots.Matrix(pattern), plots.Matrix[float32](nil) == nil)
	// Output: [[1 0] [0.75 0.25]] true
}

func ExampleNumbers() {
	fmt.Println(plots.Numbers([]float32{0.5, 2}), plots.Numbers[float32](nil) == nil)
	// Output: [0.5 2] true
}

// A token's text as the axes write it.
func ExampleTokenLabel() {
	for _, token := range []string{" cat", "\n", "<|endoftext|>", "日"} {
		fmt.Println(plots.TokenLabel(token))
	}
	// Output:
	// ␣cat
	// ⏎
	// <|endofte…
	// \u{65E5}
}
