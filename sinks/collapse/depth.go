package collapse

import (
	"fmt"

	"firsttoken/sinks"
)

// Rows chooses rows of a stream. The zero value is all of them, as in the paper.
type Rows struct {
	// Skip leaves out rows at the start. The residual of token 1 is tens of times longer than the
	// others where a model has an attention sink, and rules every measure that it is part of: Skip
	// 1 says what becomes of the text.
	Skip int `json:"skip,omitempty"`
	// Length cuts the text after so many tokens, skipped ones included; 0 takes all.
	Length int `json:"length,omitempty"`
}

// of applies the choice to V [n][D]. At least two rows must be left.
func (r Rows) of(V [][]float32) ([][]float32, error) {
	end := r.Length
	if end == 0 {
		end = len(V)
	}
	if r.Skip < 0 || end < 0 || end > len(V) || end-r.Skip < 2 {
		return nil, fmt.Errorf("collapse: rows %d to %d of %d: both measures need two tokens at least, none beyond the text", r.Skip+1, end, len(V))
	}
	return V[r.Skip:end], nil
}

// Depth are the measures of one document by layer, each [L+1]: entry 0 is the embedding, entry ℓ
// what block ℓ hands on.
type Depth struct {
	Rank     []float64 `json:"rank"`     // ‖V − (1/n)11ᵀV‖_F
	Relative []float64 `json:"relative"` // the same divided by ‖V‖_F: 0 (one vector) to 1
	Distance []float64 `json:"distance"` // ‖v_n − v_{n−1}‖₂
	Apart    []float64 `json:"apart"`    // the same divided by ‖v_n‖₂; 0 where v_n = 0
	// Tightness is Distance / (√2 · Rank), at most 1 by Proposition 3.1 with its sharp constant. 0,
	// for none, where Relative is below MinSpread: such rows are equal up to rounding, and the
	// ratio is one of rounding errors. LargestTightness counts the others.
	Tightness []float64 `json:"tightness"`
	// Cosine is the mean cos(v_i, v_j) over i ≠ j: 1 where all rows have one direction. No long row
	// rules it.
	Cosine []float64 `json:"cosine"`
}

// ByDepth measures a stream [L+1][n][D].
func ByDepth(stream [][][]float32, rows Rows) (*Depth, error) {
	d := &Depth{}
	for l, V := range stream {
		if err := d.add(V, rows); err != nil {
			return nil, fmt.Errorf("layer %d: %w", l, err)
		}
	}
	return d, nil
}

// add appends the measures of one layer.
func (d *Depth) add(V [][]float32, rows Rows) error {
	V, err := rows.of(V)
	if err != nil {
		return err
	}
	p, err := sinks.CheckProp31(V)
	if err != nil {
		return err
	}
	_, relative, err := sinks.RankCollapse(V)
	if err != nil {
		return err
	}
	cosine, err := sinks.MeanCosine(V)
	if err != nil {
		return err
	}
	d.Rank = append(d.Rank, p.Rank)
	d.Relative = append(d.Relative, relative)
	d.Distance = append(d.Distance, p.Representational)
	apart := 0.0
	if last := sinks.Norms(V[len(V)-1:])[0]; last > 0 {
		apart = p.Representational / last
	}
	d.Apart = append(d.Apart, apart)
	d.Tightness = append(d.Tightness, tightness(p, relative))
	d.Cosine = append(d.Cosine, cosine)
	return nil
}

// MinSpread is the least ‖V − (1/n)11ᵀV‖_F / ‖V‖_F that has a tightness: a thousand times the
// rounding of float32 residuals.
const MinSpread = 1e-4

// tightness is how much of the bound of Proposition 3.1 is used, 0 where the rows are too nearly
// equal to say.
func tightness(p sinks.Prop31, relative float64) float64 {
	if !(relative >= MinSpread) {
		return 0
	}
	return p.Representational / p.Bound()
}

// LargestTightness is the largest of some tightnesses and of how many, those of rows too nearly
// equal left out.
func LargestTightness(tightness []float64) (largest float64, n int) {
	for _, x := range tightness {
		if x > 0 {
			largest, n = max(largest, x), n+1
		}
	}
	return largest, n
}

// EffectiveRanks are those of the rows' directions u_t = v_t / ‖v_t‖ by layer, [L+1], each from 1
// (one direction) to min(n, D): see sinks.EffectiveRank. They cost a singular value decomposition a
// layer.
func EffectiveRanks(stream [][][]float32, rows Rows) ([]float64, error) {
	ranks := make([]float64, len(stream))
	for l, V := range stream {
		V, err := rows.of(V)
		if err != nil {
			return nil, fmt.Errorf("layer %d: %w", l, err)
		}
		unit, err := sinks.UnitRows(V)
		if err != nil {
			return nil, fmt.Errorf("layer %d: %w", l, err)
		}
		sigma, err := sinks.SingularValues(unit)
		if err != nil {
			return nil, fmt.Errorf("layer %d: %w", l, err)
		}
		ranks[l] = sinks.EffectiveRank(sigma)
	}
	return ranks, nil
}
