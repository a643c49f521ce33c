package table2

import (
	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/curves"
	"firsttoken/sinks/stats"
)

// C11 are the figures of claims.C11Trained.
func (r *Runs) C11() ([]claims.Figure, error) {
	l := list{r: r}
	l.sink("sink rate with ⟨bos⟩", "causal", "none", With)
	l.sink("sink rate without ⟨bos⟩", "causal", "none", Without)
	l.less("sink rate, with − without ⟨bos⟩", Training{Mask: "causal", BOS: "none", Eval: With}, Training{Mask: "causal", BOS: "none", Eval: Without})
	return l.figures(l.atHand("causal", "none", Without)...)
}

// less is a's sink rate less b's.
func (l *list) less(name string, a, b Training) {
	l.paired(name, l.rates(a.Mask, a.BOS, a.Eval), l.rates(b.Mask, b.BOS, b.Eval), curves.Minus, stats.PercentChange)
}

// C12 are those of claims.C12.
func (r *Runs) C12() ([]claims.Figure, error) {
	l := list{r: r}
	causal, causalFixed, intra, starts, fixed := Trainings[0], Trainings[1], Trainings[2], Trainings[3], Trainings[4]
	l.less("causal, fixed − no ⟨bos⟩", causalFixed, causal)
	l.less("intra-document, fixed − no ⟨bos⟩", fixed, intra)
	l.less("intra-document, fixed − ⟨bos⟩ at document starts", fixed, starts)
	for _, t := range Trainings {
		l.sink(Label(t.Mask, t.BOS), t.Mask, t.BOS, t.Eval)
	}
	return l.figures(l.atHand("causal", "none", Without)...)
}

// C13 are those of claims.C13Trained. unigram are the losses of texts under the frequencies of
// tokens alone, nats.
func (r *Runs) C13(unigram []float64) ([]claims.Figure, error) {
	frequencies, err := stats.Mean(unigram, stats.DefaultOptions())
	all := []claims.Figure{{Name: "loss of a unigram model", Unit: "nats", Estimate: frequencies}}
	for _, mask := range masks {
		l := list{r: r}
		l.paired(mask+", sink rate without less a tenth of that", l.rates(mask, "fixed", Without), l.rates(mask, "fixed", With), lessPart(0.1), stats.PercentChange)
		lost := func(a, b float64) float64 { return 100 * (a - b) / (frequencies.Value - b) }
		l.paired(mask+", share of what context is worth that is lost without ⟨bos⟩", r.losses(mask, "fixed", Without), r.losses(mask, "fixed", With), lost, stats.Range{})
		l.sink(mask+", sink rate with ⟨bos⟩", mask, "fixed", With)
		l.sink(mask+", sink rate without ⟨bos⟩", mask, "fixed", Without)
		l.loss(mask+", loss with ⟨bos⟩", mask, "fixed", With)
		l.loss(mask+", loss without ⟨bos⟩", mask, "fixed", Without)
		figures, e := l.figures(l.atHand(mask, "fixed", With)...)
		if err == nil {
			err = e
		}
		all = append(all, figures...)
	}
	return all, err
}

// lessPart is a less a part of b.
func lessPart(part float64) func(a, b float64) float64 {
	return func(a, b float64) float64 { return a - part*b }
}

// C14 are those of claims.C14.
func (r *Runs) C14() ([]claims.Figure, error) {
	const mask, bos = "intra-document", "document"
	l := list{r: r}
	l.sink("sink rate with ⟨bos⟩", mask, bos, With)
	l.sink("sink rate without ⟨bos⟩", mask, bos, Without)
	l.loss("loss with ⟨bos⟩", mask, bos, With)
	l.loss("loss without ⟨bos⟩", mask, bos, Without)
	left, had := l.rates(mask, bos, Without), l.rates(mask, bos, With)
	l.paired("without less a quarter of with", left, had, lessPart(0.25), stats.PercentChange)
	l.paired("without less three quarters of with", left, had, lessPart(0.75), stats.PercentChange)
	l.paired("change of the loss", r.losses(mask, bos, Without), r.losses(mask, bos, With), curves.Change, stats.Range{})
	return l.figures(l.atHand(mask, bos, With)...)
}

// C15 are those of claims.C15.
func (r *Runs) C15() ([]claims.Figure, error) {
	l := list{r: r}
	l.less("causal − intra-document, no ⟨bos⟩", Trainings[0], Trainings[2])
	l.sink("intra-document", "intra-document", "none", Without)
	l.sink("causal", "causal", "none", Without)
	return l.figures(l.atHand("causal", "none", Without)...)
}

// C16 are those of claims.C16: each training against the mean of all with the same seed, in
// intervals that hold at once.
func (r *Runs) C16() ([]claims.Figure, error) {
	l := list{r: r}
	var same [][]float64
	for _, t := range Trainings {
		same = append(same, r.losses(t.Mask, t.BOS, t.Eval))
	}
	for i, x := range curves.Contrasts(same) {
		e, err := stats.Repeats(x, stats.Options{}.Bonferroni(len(same)))
		l.Add("loss against the mean of all ways, "+Trainings[i].Name, "%", e, err)
	}
	for _, t := range Trainings {
		l.loss(t.Name, t.Mask, t.BOS, t.Eval)
	}
	return l.figures()
}

// C11Pretrained are the figures of claims.C11 of a pretrained model: sink rates of the same number
// of texts with something in front and without, in %.
func C11Pretrained(with, without []float64) ([]claims.Figure, error) {
	var l claims.List
	l.Mean("sink rate with ⟨bos⟩", "%", with, stats.Range{})
	l.Mean("sink rate without ⟨bos⟩", "%", without, stats.Range{})
	quotient, err := stats.Bootstrap(len(without), stats.DefaultOptions(), func(draw []int) float64 {
		var a, b float64
		for _, i := range draw {
			a, b = a+without[i], b+with[i]
		}
		return a / b
	})
	l.Add("sink rate, without ⟨bos⟩ / with", "", quotient, err)
	return l.Figures()
}
