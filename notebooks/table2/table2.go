// Package table2 is what notebook 4 makes of Table 2 of "Why do LLMs attend to the first token?"
// (arXiv 2504.02732): five trainings that differ in packing and ⟨bos⟩ alone, nine rows of training
// and inference, and the figures of claims C11 to C16.
//
// Sink rates are those of the training monitor at the end of training (ε = 0.3, single held-out
// documents of 64 tokens, %); losses are package measure's, over the same tokens of text in all
// rows. Means are over seeds, differences paired by seed, with 95 % t intervals.
package table2

import (
	"fmt"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/curves"
	"firsttoken/notebooks/table2/controls"
	"firsttoken/sinks/stats"
	"firsttoken/train/store"
)

// Evaluations of a training run, with and without ⟨bos⟩ in front of the text.
const With, Without = "bos+text@64", "text@64"

// Row is one of the nine of Table 2.
type Row struct {
	Mask, BOS string  // of the training
	Eval      string  // inference
	Sink      float64 // the paper's, %
	Loss      float64 // the paper's, nats a token
}

// Rows are all nine, with the paper's figures of models of 120M parameters.
var Rows = []Row{
	{"causal", "none", With, 65.10, 2.69}, {"causal", "none", Without, 65.15, 2.70},
	{"causal", "fixed", With, 90.84, 2.69}, {"causal", "fixed", Without, 0.05, 7.56},
	{"intra-document", "none", Without, 28.23, 2.67},
	{"intra-document", "document", With, 83.33, 2.67}, {"intra-document", "document", Without, 50.24, 2.68},
	{"intra-document", "fixed", With, 90.56, 2.67}, {"intra-document", "fixed", Without, 0.00, 7.78},
}

// Training is one of the five, with the inference that matches it.
type Training struct{ Name, Mask, BOS, Eval string }

// Trainings are the five.
var Trainings = []Training{
	{"causal, none", "causal", "none", Without}, {"causal, fixed", "causal", "fixed", With}, {"intra-document, none", "intra-document", "none", Without},
	{"intra-document, starts", "intra-document", "document", With}, {"intra-document, fixed", "intra-document", "fixed", With},
}

var masks = []string{"causal", "intra-document"}

// Label names a training in full.
func Label(mask, bos string) string {
	return mask + ", " + map[string]string{"none": "no ⟨bos⟩", "fixed": "fixed ⟨bos⟩", "document": "⟨bos⟩ at document starts"}[bos]
}

// Runs are the trained runs with their controls.
type Runs struct {
	set      *curves.Set
	controls []controls.Control
}

// Load reads the curves of the runs that controls are of, in the same order.
func Load(points []store.Point, list []controls.Control) (*Runs, error) {
	set, err := curves.Load(points)
	if err == nil && len(list) != len(points) {
		err = fmt.Errorf("table2: %d runs and controls of %d: measure the controls again", len(points), len(list))
	}
	return &Runs{set, list}, err
}

// of are the seeds of one training.
func (r *Runs) of(mask, bos string) *curves.Set {
	return r.set.Where("packing.mask", mask, "packing.bos", bos)
}

// losses of a training's seeds, at inference as in a row of the table.
func (r *Runs) losses(mask, bos, eval string) []float64 {
	loss := func(c controls.Control) float64 {
		return c.Loss[map[string]string{With: "with", Without: "without"}[eval]]
	}
	return r.each(mask, bos, loss)
}

// each reads a number of the controls of a training's seeds.
func (r *Runs) each(mask, bos string, of func(controls.Control) float64) (x []float64) {
	for _, c := range r.controls {
		if c.Mask == mask && c.BOS == bos {
			x = append(x, of(c))
		}
	}
	return x
}

// list gathers figures of runs for a rule.
type list struct {
	claims.List
	r   *Runs
	err error
}

// rates of a training's seeds under an inference, in %.
func (l *list) rates(mask, bos, eval string) []float64 {
	x, err := l.r.of(mask, bos).Last(curves.SinkRate(eval, 0))
	if l.err == nil && err != nil {
		l.err = err
	}
	return x
}

// sink is the mean rate, and atHand how many runs have a sink.
func (l *list) sink(name, mask, bos, eval string) {
	e, err := l.r.of(mask, bos).FinalShare(curves.SinkRate(eval, 0))
	l.Add(name, "%", e, err)
}

func (l *list) atHand(mask, bos, eval string) []claims.Figure {
	return []claims.Figure{claims.AtHand(Label(mask, bos), l.rates(mask, bos, eval))}
}

// loss is the mean loss over the tokens that all inferences have.
func (l *list) loss(name, mask, bos, eval string) {
	e, err := stats.Repeats(l.r.losses(mask, bos, eval), stats.Options{})
	l.Add(name, "nats", e, err)
}

// paired is the mean of f over two numbers of the same seeds.
func (l *list) paired(name string, x, y []float64, f func(x, y float64) float64, within stats.Range) {
	if len(x) != len(y) {
		l.Add(name, "%", stats.Estimate{}, fmt.Errorf("table2: %d runs against %d", len(x), len(y)))
		return
	}
	z := make([]float64, len(x))
	for i := range x {
		z[i] = f(x[i], y[i])
	}
	e, err := stats.Repeats(z, stats.Options{Range: within})
	l.Add(name, "%", e, err)
}

// figures are what stands first and all that were added, or the first error.
func (l *list) figures(first ...claims.Figure) ([]claims.Figure, error) {
	added, err := l.Figures()
	if l.err != nil {
		err = l.err
	}
	if err != nil {
		return nil, err
	}
	return append(first, added...), nil
}
