package quantize

import (
	"fmt"

	"firsttoken/sinks/probe"
)

// Keep names tokens that are left as they are where all others are rounded, and that do not count
// in calibration.
type Keep struct {
	Name string                  // in full: kept measurements are found by it
	At   func(ids []int32) []int // the positions in a document, 0-based
}

// Positions keeps the same positions of every document, 0-based.
func Positions(list ...int) *Keep {
	names := make([]int, len(list))
	for i, pos := range list {
		names[i] = pos + 1
	}
	return &Keep{Name: fmt.Sprint("tokens ", names), At: func([]int32) []int { return list }}
}

// First keeps token 1.
func First() *Keep { return Positions(0) }

// at is At of a Keep that may be nil.
func (k *Keep) at(ids []int32) []int {
	if k == nil {
		return nil
	}
	return k.At(ids)
}

// check refuses a position that a document does not have.
func (k *Keep) check(a probe.Intervention, docs [][]int32) error {
	for i, d := range docs {
		for _, pos := range k.at(d) {
			if pos < 0 || pos >= len(d) {
				return fmt.Errorf("%s: document %d has %d tokens, and token %d is kept", a, i+1, len(d), pos+1)
			}
		}
	}
	return nil
}
