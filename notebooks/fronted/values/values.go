// Package values holds what notebook 10b measures: values alone, which package study measures and
// package fronted shows. It depends on neither, so that a change of a figure makes no measured value
// old.
package values

import "firsttoken/sinks/tasks"

// Answers are those of a model behind one front: to questions of multiple choice, and to needles in
// haystacks by the length of the prompt, tokens. Needle i of all lengths lies in the same haystack.
type Answers struct {
	Choice []tasks.Result
	Needle map[int][]tasks.Result
}
