package sinks

import (
	"errors"
	"fmt"

	"gonum.org/v1/gonum/stat"
)

// Float is the element type of patterns and hidden states.
type Float interface{ ~float32 | ~float64 }

// AllKeys, as the number of keys searched, stands for every key position that enough query rows
// see: see Options.MinRows.
const AllKeys = -1

// Options are the choices that change a sink score. The zero value is Gu et
// al.'s: token 1, its own row included, rows as they are.
type Options struct {
	// Key is the 0-based key position whose score is taken.
	Key int `json:"key,omitempty"`
	// ExcludeSelf leaves out row Key, the only one in which the key attends to
	// itself. For token 1 that row holds nothing but A[1,1] = 1, which lifts the
	// score of a head without a sink by 1/T.
	ExcludeSelf bool `json:"exclude_self,omitempty"`
	// Normalise divides each row by its sum first, for softmax variants whose
	// rows do not sum to 1. Rows of zeros stay zero.
	Normalise bool `json:"normalise,omitempty"`
	// MinRows is how many query rows a key must have, at least, to be among those that a search for
	// the largest score looks at; 0 is T/2, rounded up. The last keys are seen by a row or two: a
	// head that does nothing but attend to itself, or to the token before, would give one of them a
	// score of 1, though no key is a sink.
	MinRows int `json:"min_rows,omitempty"`
}

// minRows is MinRows, or what 0 stands for.
func (o Options) minRows(T int) int {
	if o.MinRows == 0 {
		return (T + 1) / 2
	}
	return o.MinRows
}

// firstRow is the first query row that counts.
func (o Options) firstRow() int {
	if o.ExcludeSelf {
		return o.Key + 1
	}
	return o.Key
}

// validate checks the options against a pattern of T rows.
func (o Options) validate(T int) error {
	if o.Key < 0 || o.Key >= T {
		return fmt.Errorf("sinks: key position %d is outside a pattern of %d positions", o.Key, T)
	}
	if o.firstRow() >= T {
		return fmt.Errorf("sinks: key position %d of %d has no query row left without its own: include it or use a longer text", o.Key, T)
	}
	return nil
}

// SinkScore is α_k = 1/(T−k+1) · Σ_{t=k..T} A[t,k]: the mean attention that key
// k gets from the queries that can see it. pattern is [T][S] with S = T.
func SinkScore[F Float](pattern [][]F, o Options) (float64, error) {
	c, err := column(pattern, o)
	if err != nil {
		return 0, err
	}
	return stat.Mean(c, nil), nil
}

// column is what each query row that counts gives to key o.Key.
func column[F Float](pattern [][]F, o Options) ([]float64, error) {
	if err := square(pattern); err != nil {
		return nil, err
	}
	if err := o.validate(len(pattern)); err != nil {
		return nil, err
	}
	c := make([]float64, 0, len(pattern))
	for _, row := range pattern[o.firstRow():] {
		a := float64(row[o.Key])
		if o.Normalise {
			a = ratio(a, RowSum(row))
		}
		c = append(c, a)
	}
	return c, nil
}

// MaxSinkScore is the largest sink score over the first keys positions, and the position that has
// it. AllKeys stands for every one that o.MinRows query rows see; to search more than those is an
// error. o.Key is not used.
func MaxSinkScore[F Float](pattern [][]F, keys int, o Options) (score float64, key int, err error) {
	keys, err = searched(keys, len(pattern), o)
	if err != nil {
		return 0, 0, err
	}
	for k := range keys {
		o.Key = k
		s, err := SinkScore(pattern, o)
		if err != nil {
			return 0, 0, err
		}
		if k == 0 || s > score {
			score, key = s, k
		}
	}
	return score, key, nil
}

// searched turns a number of keys to search into an actual one: 0 means 1, and AllKeys every
// position that enough of T query rows see.
func searched(keys, T int, o Options) (int, error) {
	rows := o.minRows(T)
	if rows < 1 {
		return 0, fmt.Errorf("sinks: MinRows is %d: use 0 for half of the rows, or a positive number", rows)
	}
	o.Key = 0
	most := T - o.firstRow() - rows + 1 // the first key has T − firstRow rows, each later one a row less
	switch {
	case keys == AllKeys:
		keys = most
	case keys == 0:
		keys = 1
	}
	if keys < 1 || keys > most {
		return 0, fmt.Errorf("sinks: cannot search %d key positions: %d of %d are seen by %d query rows or more: search fewer, or lower MinRows",
			keys, max(0, most), T, rows)
	}
	return keys, nil
}

// SinkScores is SinkScore of each pattern of [H][T][S].
func SinkScores[F Float](patterns [][][]F, o Options) ([]float64, error) {
	scores := make([]float64, len(patterns))
	for h, pattern := range patterns {
		var err error
		if scores[h], err = SinkScore(pattern, o); err != nil {
			return nil, fmt.Errorf("head %d: %w", h, err)
		}
	}
	return scores, nil
}

// SinkRate is the share of scores[l][h] that exceed eps, strictly. Thresholding
// each text and averaging (Gu et al.) is the mean of SinkRate over texts;
// thresholding the mean is SinkRate of MeanScores. Accumulator does both.
// The rate of no scores is NaN.
func SinkRate(scores [][]float64, eps float64) float64 {
	above, all := 0, 0
	for _, layer := range scores {
		for _, s := range layer {
			if s > eps {
				above++
			}
		}
		all += len(layer)
	}
	return float64(above) / float64(all)
}

// EvenAttention is the score that token 1 gets of a head that attends evenly to all that each of T
// rows sees: H_T/T, the mean of 1/t, which is 0.07 at T = 64 but above 0.3 up to T = 9. excludeRow1
// leaves out row 1. A rate at an ε below it counts heads that have no sink. It is NaN where no row
// is left.
func EvenAttention(T int, excludeRow1 bool) float64 {
	first := 1
	if excludeRow1 {
		first = 2
	}
	sum := 0.0
	for t := T; t >= first; t-- {
		sum += 1 / float64(t)
	}
	return sum / float64(T-first+1)
}

// FAttn is the mean of scores[l][h]: with the scores of token 1, the attention
// mass on the first token ("F-Attn", Qiu et al. 2025, arXiv 2505.06708).
// The mean of no scores is NaN.
func FAttn(scores [][]float64) float64 { return meanOf(scores) }

// meanOf is the mean of all entries, NaN where there are none.
func meanOf(perHead [][]float64) float64 {
	sum, all := 0.0, 0
	for _, layer := range perHead {
		sum += RowSum(layer)
		all += len(layer)
	}
	return sum / float64(all)
}

// MeanScores averages scores [N][L][H] over its N texts.
func MeanScores(scores [][][]float64) ([][]float64, error) {
	if len(scores) == 0 {
		return nil, errors.New("sinks: the mean over no texts is not defined")
	}
	mean := make([][]float64, len(scores[0]))
	for l := range mean {
		mean[l] = make([]float64, len(scores[0][l]))
	}
	for n, text := range scores {
		if len(text) != len(mean) {
			return nil, fmt.Errorf("sinks: text %d has %d layers, text 0 has %d", n, len(text), len(mean))
		}
		for l, layer := range text {
			if len(layer) != len(mean[l]) {
				return nil, fmt.Errorf("sinks: text %d layer %d has %d heads, text 0 has %d", n, l, len(layer), len(mean[l]))
			}
			for h, s := range layer {
				mean[l][h] += s / float64(len(scores))
			}
		}
	}
	return mean, nil
}

// ArgMaxShare is the share of query rows whose largest weight lies on the first
// token; a tie with it counts, but no row that attends to nothing (sparse patterns
// have them). excludeRow1 leaves out row 1, which sees no other key.
func ArgMaxShare[F Float](pattern [][]F, excludeRow1 bool) (float64, error) {
	o := Options{ExcludeSelf: excludeRow1}
	if err := square(pattern); err != nil {
		return 0, err
	}
	if err := o.validate(len(pattern)); err != nil {
		return 0, err
	}
	rows := pattern[o.firstRow():]
	n := 0
	for _, row := range rows {
		if first := float64(row[0]); first > 0 && first == RowMax(row) {
			n++
		}
	}
	return float64(n) / float64(len(rows)), nil
}

// RelaxedSink is the share of query rows that give the key at least half of
// their attention, and whether that is a relaxed sink: at least 90 % of them
// (arXiv 2606.08105). Both bounds are inclusive.
func RelaxedSink[F Float](pattern [][]F, o Options) (share float64, sink bool, err error) {
	c, err := column(pattern, o)
	if err != nil {
		return 0, false, err
	}
	share, sink = relaxed(c)
	return share, sink, nil
}

// relaxedShare is the share of queries that makes a relaxed sink.
const relaxedShare = 0.9

// relaxed applies RelaxedSink's two bounds to the weights on one key.
func relaxed(column []float64) (share float64, sink bool) {
	n := 0
	for _, a := range column {
		if a >= 0.5 {
			n++
		}
	}
	share = float64(n) / float64(len(column))
	return share, share >= relaxedShare
}
