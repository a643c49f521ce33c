package eviction

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// Streaming keeps the first Sinks tokens of the text and, of the rest, the most recent
// (StreamingLLM, Xiao et al., arXiv 2309.17453, which takes 4).
type Streaming struct{ Sinks int }

func (p Streaming) String() string {
	if p.Sinks == 4 {
		return "streaming"
	}
	return fmt.Sprintf("streaming:%d", p.Sinks)
}

func (p Streaming) Check(n, _ int) error { return budget(p, n, p.Sinks+1) }

func (Streaming) Counts() bool { return false }

func (p Streaming) Score(e *Entries, _ int) *Node {
	return stay(e, LessThan(e.Pos, AddScalar(ZerosLike(e.Pos), p.Sinks)), position(e))
}
