package eviction

import . "github.com/gomlx/gomlx/core/graph"

// H2O keeps the heavy hitters: the attention that an entry got from all queries so far, summed,
// mean over the heads that share it (Zhang et al., arXiv 2306.14048). The N/2 most recent entries
// stay.
type H2O struct {
	// Mean divides by the number of queries that could see the entry, as kvpress does: the sum
	// favours old entries.
	Mean bool
}

func (p H2O) String() string {
	if p.Mean {
		return "h2o:mean"
	}
	return "h2o"
}

func (p H2O) Check(n, _ int) error { return budget(p, n, 2) }

func (H2O) Counts() bool { return true }

func (p H2O) Score(e *Entries, n int) *Node {
	score, seen := e.Received()
	if p.Mean {
		score = Div(score, MaxScalar(seen, 1))
	}
	return stay(e, recent(e, n/2), score)
}
