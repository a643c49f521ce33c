package sinks

import (
	"fmt"

	"gonum.org/v1/gonum/stat"
)

// SinkScore is the sink score of key o.Key for each head, [L][H]: see the
// function SinkScore. With the zero Options it is the mean attention to the
// first token. Token 1 needs FirstMass (and RowSum to normalise), other keys
// KeyMass (and Diagonal to exclude self-attention), which cannot be normalised
// row by row any more.
func (t *Trace) SinkScore(o Options) ([][]float64, error) {
	if err := o.validate(t.T); err != nil {
		return nil, err
	}
	if o.Key == 0 {
		return t.eachHead(func(l, h int) float64 { return stat.Mean(t.firstColumn(l, h, o), nil) }, firstColumnFields(o)...)
	}
	if o.Normalise {
		return nil, fmt.Errorf("sinks: a trace can normalise the score of key 0 only, not of key %d: use the pattern itself", o.Key)
	}
	fields := []string{"KeyMass"}
	if o.ExcludeSelf {
		fields = append(fields, "Diagonal")
	}
	return t.eachHead(func(l, h int) float64 {
		mass := float64(t.KeyMass[l][h][o.Key])
		if o.ExcludeSelf {
			mass -= float64(t.Diagonal[l][h][o.Key])
		}
		return mass / float64(t.T-o.firstRow())
	}, fields...)
}

// MaxSinkScore is the largest sink score over the first keys positions (AllKeys for every one that
// o.MinRows query rows see) for each head, [L][H]. More than one needs KeyMass. o.Key is not used.
func (t *Trace) MaxSinkScore(keys int, o Options) ([][]float64, error) {
	keys, err := searched(keys, t.T, o)
	if err != nil {
		return nil, err
	}
	var best [][]float64
	for k := range keys {
		o.Key = k
		scores, err := t.SinkScore(o)
		if err != nil {
			return nil, err
		}
		if k == 0 {
			best = scores
			continue
		}
		for l, layer := range scores {
			for h, s := range layer {
				best[l][h] = max(best[l][h], s)
			}
		}
	}
	return best, nil
}

// RelaxedSink is the share of rows that give token 1 at least half of their
// attention for each head, [L][H], and whether that is at least 90 %: see the
// function RelaxedSink. o.Key must be 0.
func (t *Trace) RelaxedSink(o Options) (share [][]float64, sink [][]bool, err error) {
	if err := o.validate(t.T); err != nil {
		return nil, nil, err
	}
	if o.Key != 0 {
		return nil, nil, fmt.Errorf("sinks: a trace holds the rows of key 0 only, not of key %d", o.Key)
	}
	share, err = t.eachHead(func(l, h int) float64 {
		s, _ := relaxed(t.firstColumn(l, h, o))
		return s
	}, firstColumnFields(o)...)
	if err != nil {
		return nil, nil, err
	}
	sink = make([][]bool, t.L)
	for l, layer := range share {
		for _, s := range layer {
			sink[l] = append(sink[l], s >= relaxedShare)
		}
	}
	return share, sink, nil
}

// ArgMaxShare is the share of rows whose largest weight lies on token 1, [L][H].
func (t *Trace) ArgMaxShare(excludeRow1 bool) ([][]float64, error) {
	return t.meanRows(t.FirstIsMax, "FirstIsMax", excludeRow1)
}

// MeanRowEntropy is the mean over rows of the row entropy in nats, [L][H].
func (t *Trace) MeanRowEntropy(excludeRow1 bool) ([][]float64, error) {
	return t.meanRows(t.RowEntropy, "RowEntropy", excludeRow1)
}

// MeanRowMax is the mean over rows of the largest weight, [L][H].
func (t *Trace) MeanRowMax(excludeRow1 bool) ([][]float64, error) {
	return t.meanRows(t.RowMax, "RowMax", excludeRow1)
}

// EffectiveScore is the mean over rows of the effective attention to token 1,
// [L][H]: see EffectiveAttention. A head with a large sink score and a small
// effective score is an approximate no-op.
func (t *Trace) EffectiveScore(excludeRow1 bool) ([][]float64, error) {
	return t.meanRows(t.EffectiveFirst, "EffectiveFirst", excludeRow1)
}

// HeadWriteShare is the mean over rows of ‖z_t^h W_O^h‖ / ‖x_t‖, [L][H]: what a
// head adds, against the residual stream that enters its layer.
func (t *Trace) HeadWriteShare(excludeRow1 bool) ([][]float64, error) {
	o := Options{ExcludeSelf: excludeRow1}
	if err := o.validate(t.T); err != nil {
		return nil, err
	}
	return t.eachHead(func(l, h int) float64 {
		sum := 0.0
		for p := o.firstRow(); p < t.T; p++ {
			sum += ratio(float64(t.HeadWrite[l][h][p]), float64(t.ResidNorm[l][p]))
		}
		return sum / float64(t.T-o.firstRow())
	}, "HeadWrite", "ResidNorm")
}

// ValueNormRatio is ‖v_1‖ / mean_j ‖v_j‖ for each key/value head, [L][K].
func (t *Trace) ValueNormRatio() ([][]float64, error) {
	return t.valueRatio(t.ValueNorm, "ValueNorm")
}

// ValueWriteRatio is ‖v_1 W_O^h‖ / mean_j ‖v_j W_O^h‖ for each query head,
// [L][H]: the value-norm ratio as the residual stream sees it.
func (t *Trace) ValueWriteRatio() ([][]float64, error) {
	return t.valueRatio(t.ValueWrite, "ValueWrite")
}

// valueRatio applies the function ValueNormRatio to token 1 of each row.
func (t *Trace) valueRatio(norms [][][]float32, name string) ([][]float64, error) {
	if err := t.needs(name); err != nil {
		return nil, err
	}
	out := make([][]float64, len(norms))
	for l, layer := range norms {
		for h, row := range layer {
			r, err := ValueNormRatio(row, 0)
			if err != nil {
				return nil, fmt.Errorf("layer %d head %d: %w", l, h, err)
			}
			out[l] = append(out[l], r)
		}
	}
	return out, nil
}

// Massive lists, for each of the L+1 residual streams, the 0-based positions
// that hold a massive activation: see MassiveActivations.
func (t *Trace) Massive(o MassiveOptions) ([][]int, error) {
	if err := t.needs("ResidMax", "ResidMedian"); err != nil {
		return nil, err
	}
	positions := make([][]int, t.L+1)
	for l, row := range t.ResidMax {
		for p, largest := range row {
			if o.exceeded(float64(largest), float64(t.ResidMedian[l])) {
				positions[l] = append(positions[l], p)
			}
		}
	}
	return positions, nil
}

// MeanLoss is the mean next-token loss in nats. A trace that is Acausal has none.
func (t *Trace) MeanLoss() (float64, error) {
	if t.Acausal {
		return 0, fmt.Errorf("sinks: the trace of %q is not causal: its rows were computed from later ones, so a loss would be of tokens that were read", t.Model)
	}
	if err := t.needs("Loss"); err != nil {
		return 0, err
	}
	if len(t.Loss) == 0 {
		return 0, fmt.Errorf("sinks: a text of one token has no next-token loss")
	}
	return RowSum(t.Loss) / float64(len(t.Loss)), nil
}

// firstColumn is what each row that counts gives to token 1 in one head.
func (t *Trace) firstColumn(l, h int, o Options) []float64 {
	c := make([]float64, 0, t.T)
	for p := o.firstRow(); p < t.T; p++ {
		a := float64(t.FirstMass[l][h][p])
		if o.Normalise {
			a = ratio(a, float64(t.RowSum[l][h][p]))
		}
		c = append(c, a)
	}
	return c
}

// firstColumnFields are the fields that firstColumn reads.
func firstColumnFields(o Options) []string {
	if o.Normalise {
		return []string{"FirstMass", "RowSum"}
	}
	return []string{"FirstMass"}
}

// meanRows averages a recorded quantity [L][H][T] over its rows.
func (t *Trace) meanRows(quantity [][][]float32, name string, excludeRow1 bool) ([][]float64, error) {
	o := Options{ExcludeSelf: excludeRow1}
	if err := o.validate(t.T); err != nil {
		return nil, err
	}
	return t.eachHead(func(l, h int) float64 {
		rows := quantity[l][h][o.firstRow():]
		return RowSum(rows) / float64(len(rows))
	}, name)
}

// eachHead computes a number for each head once the fields it needs are there.
func (t *Trace) eachHead(f func(l, h int) float64, fields ...string) ([][]float64, error) {
	if err := t.needs(fields...); err != nil {
		return nil, err
	}
	out := make([][]float64, t.L)
	for l := range out {
		out[l] = make([]float64, t.H)
		for h := range out[l] {
			out[l][h] = f(l, h)
		}
	}
	return out, nil
}
