// Package values holds what heads of trained models do that rest or work (sinks/rest): values
// alone, which package study measures and package resting shows. It depends on neither, so that a
// change of a figure makes no measured value old.
package values

import "firsttoken/sinks/rest"

// Layer is what the heads of one layer do on text.
type Layer struct {
	rest.Heads
	Favourite float64 // see rest.Favourite
}

// TaskRun is one training on trigger-mean: what its heads do at values, where they should be
// silent, and at triggers, where they should average.
type TaskRun struct {
	Value, Trigger rest.Heads
	Excess         float64 // held-out loss above the least possible, nats
}
