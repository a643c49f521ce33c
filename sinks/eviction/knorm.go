package eviction

import . "github.com/gomlx/gomlx/core/graph"

// Knorm keeps the shortest keys: −‖kᵢ‖₂ (Devoto et al., arXiv 2406.11430).
type Knorm struct{}

func (Knorm) String() string         { return "knorm" }
func (p Knorm) Check(n, _ int) error { return budget(p, n, 1) }

func (Knorm) Counts() bool { return false }

func (Knorm) Score(e *Entries, _ int) *Node { return Neg(Sqrt(ReduceSum(Square(e.Keys), -1))) }
