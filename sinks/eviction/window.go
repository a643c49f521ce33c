package eviction

import . "github.com/gomlx/gomlx/core/graph"

// Window keeps the most recent entries. The first tokens leave as soon as N newer ones are there,
// and with them the sink.
type Window struct{}

func (Window) String() string                { return "window" }
func (p Window) Check(n, _ int) error        { return budget(p, n, 1) }
func (Window) Counts() bool                  { return false }
func (Window) Score(e *Entries, _ int) *Node { return position(e) }
