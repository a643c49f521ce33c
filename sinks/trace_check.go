package sinks

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

const (
	// rowSumTolerance is how far a row's sum may be from 1 without a warning;
	// bfloat16 patterns stay within it, variants of softmax do not.
	rowSumTolerance = 5e-3
	// impossible is the slack, relative to max(1, size), beyond which two
	// numbers that must agree for any causal pattern cannot both be right.
	impossible = 2e-2
)

// Check tells whether the trace can come from a causal attention pattern. It
// fails on shapes that disagree, values that are not finite, negative weights
// or norms, and mass on future keys, naming field, layer, head and position.
// Rows that do not sum to 1 are a warning: variants of softmax have them.
func (t *Trace) Check() (warnings []string, err error) {
	if err := t.checkShapes(); err != nil {
		return nil, err
	}
	for _, f := range t.fields() {
		signed := f.name == "LogitsLast" || strings.HasPrefix(f.name, ownPrefix)
		if f.absent() {
			continue
		}
		for i, rows := range f.matrices() {
			for j, row := range rows {
				for p, v := range row {
					if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) || (x < 0 && !signed) {
						return nil, fmt.Errorf("sinks: %s is %g%s", f.name, x, f.where(i, j, p))
					}
				}
			}
		}
	}
	layers := t.L
	if !slices.ContainsFunc(t.fields(), func(f field) bool { return !f.absent() && strings.ContainsRune(f.dims, 'H') }) {
		layers = 0 // no heads to look at, and no data that would bound their number
	}
	for l := range layers {
		for h := range t.H {
			if err := t.checkHead(l, h); err != nil {
				return nil, fmt.Errorf("sinks: layer %d head %d: %w", l, h, err)
			}
		}
	}
	lo, hi := t.rowSums()
	if w := rowSumWarning(lo, hi); w != "" {
		warnings = append(warnings, w)
	}
	return warnings, nil
}

// rowSumWarning is the warning that row sums from lo to hi deserve, or "".
func rowSumWarning(lo, hi float64) string {
	if lo > hi || (lo >= 1-rowSumTolerance && hi <= 1+rowSumTolerance) {
		return ""
	}
	return fmt.Sprintf("rows do not sum to 1 (%.4g to %.4g)", lo, hi)
}

// where spells out the indices of a value by the dimensions of its field.
func (f field) where(i, j, p int) string {
	switch f.dims[:len(f.dims)-1] {
	case "LH":
		return fmt.Sprintf(" at layer %d head %d position %d", i, j, p)
	case "LK":
		return fmt.Sprintf(" at layer %d key/value head %d position %d", i, j, p)
	case "L", "M":
		return fmt.Sprintf(" at layer %d position %d", j, p)
	}
	return fmt.Sprintf(" at index %d", p)
}

// checkShapes compares every recorded field with the identity.
func (t *Trace) checkShapes() error {
	for _, n := range []int{t.T, t.L, t.H, t.K, t.D} {
		if n < 1 || n > math.MaxInt32 {
			return fmt.Errorf("sinks: trace of T=%d L=%d H=%d K=%d D=%d: each must be at least 1, and less than 2³¹", t.T, t.L, t.H, t.K, t.D)
		}
	}
	if t.H%t.K != 0 {
		return fmt.Errorf("sinks: %d query heads cannot share %d key/value heads evenly", t.H, t.K)
	}
	for name, n := range map[string]int{"IDs": len(t.IDs), "Tokens": len(t.Tokens), "Top1": len(t.Top1)} {
		if n != 0 && n != t.T {
			return fmt.Errorf("sinks: %s has %d entries, T is %d", name, n, t.T)
		}
	}
	for _, f := range t.fields() {
		if f.absent() {
			continue
		}
		// Views of matrices and vectors have leading dimensions of length 1.
		want := []int{1, 1, 1}
		for i, d := range f.dims {
			want[3-len(f.dims)+i] = t.extent(d)
		}
		if err := sameShape(f.matrices(), want); err != nil {
			return fmt.Errorf("sinks: %s must be [%s]: %w", f.name, f.dims, err)
		}
	}
	return nil
}

// sameShape compares a nested slice with the wanted lengths, −1 meaning any.
func sameShape(m [][][]float32, want []int) error {
	if len(m) != want[0] {
		return fmt.Errorf("%d layers instead of %d", len(m), want[0])
	}
	for i, rows := range m {
		if len(rows) != want[1] {
			return fmt.Errorf("entry %d has %d rows instead of %d", i, len(rows), want[1])
		}
		for j, row := range rows {
			if want[2] >= 0 && len(row) != want[2] {
				return fmt.Errorf("row [%d][%d] has %d values instead of %d", i, j, len(row), want[2])
			}
		}
	}
	return nil
}

// checkHead holds what is recorded of one head against what any causal pattern obeys.
func (t *Trace) checkHead(l, h int) error {
	pick := func(c [][][]float32) []float32 {
		if c == nil {
			return nil
		}
		return c[l][h]
	}
	first, sums, largest, diagonal := pick(t.FirstMass), pick(t.RowSum), pick(t.RowMax), pick(t.Diagonal)
	entropy, keys := pick(t.RowEntropy), pick(t.KeyMass)
	for p := range t.T {
		at := func(s []float32, absent float64) float64 {
			if s == nil {
				return absent
			}
			return float64(s[p])
		}
		sum := at(sums, math.Inf(1))
		peak := at(largest, sum)
		switch {
		case exceeds(at(first, 0), peak), exceeds(at(diagonal, 0), peak):
			return fmt.Errorf("position %d: one key holds more than the row's maximum %.4g", p, peak)
		case exceeds(peak, sum):
			return fmt.Errorf("position %d: the row's maximum %.4g exceeds its sum %.4g", p, peak, sum)
		case exceeds(at(entropy, 0), math.Log(float64(p+1))):
			return fmt.Errorf("position %d: an entropy of %.4g nats needs more than the %d keys that it can see: mass on future keys", p, at(entropy, 0), p+1)
		}
	}
	last := t.T - 1
	switch {
	case first != nil && sums != nil && differ(first[0], sums[0]),
		first != nil && diagonal != nil && differ(first[0], diagonal[0]):
		return fmt.Errorf("position 0: token 1 sees only itself, but part of its row lies elsewhere: mass on future keys")
	case keys != nil && diagonal != nil && differ(keys[last], diagonal[last]):
		return fmt.Errorf("position %d: the last key can be seen by its own row only, but others attend to it: mass on future keys", last)
	case keys != nil && first != nil && differ(keys[0], float32(RowSum(first))):
		return fmt.Errorf("KeyMass of the first key is %.4g, but FirstMass sums to %.4g", keys[0], RowSum(first))
	case keys != nil && sums != nil && differ(float32(RowSum(keys)), float32(RowSum(sums))):
		return fmt.Errorf("KeyMass sums to %.4g over keys, but RowSum to %.4g over rows", RowSum(keys), RowSum(sums))
	}
	return nil
}

// exceeds is a > b beyond rounding.
func exceeds(a, b float64) bool { return a > b+impossible*max(1, math.Abs(b)) }

// differ is a ≠ b beyond rounding.
func differ(a, b float32) bool {
	return exceeds(float64(a), float64(b)) || exceeds(float64(b), float64(a))
}

// rowSums is the range of all row sums, empty (lo > hi) where none were recorded.
func (t *Trace) rowSums() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, layer := range t.RowSum {
		for _, row := range layer {
			for _, s := range row {
				lo, hi = min(lo, float64(s)), max(hi, float64(s))
			}
		}
	}
	return lo, hi
}
