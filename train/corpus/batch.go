package corpus

import "fmt"

// Batch is what one training or evaluation step reads. All slices are flat [B, T].
type Batch struct {
	B, T    int
	Tokens  []int32 // inputs
	Targets []int32 // the token that follows each input in the stream
	// Weights is 1 for targets that count in the loss, 0 for others: loss = Σ weight ·
	// cross-entropy / Σ weight. See [Packing] for which count.
	Weights []float32
	// Segments numbers the documents of a window from 1. A fixed ⟨bos⟩ is segment 0, padding
	// [SegmentPadding]. The mask is a function of them: see [Packing.Visible].
	Segments []int32
	// Positions counts from 0: see [Positions].
	Positions []int32
}

// SegmentPadding is the segment of positions behind the end of held-out text, whose weights are 0.
const SegmentPadding int32 = -1

// NewBatch returns a batch of zeros.
func NewBatch(b, t int) Batch {
	ints := make([]int32, 4*b*t)
	part := func(i int) []int32 { return ints[i*b*t : (i+1)*b*t : (i+1)*b*t] }
	return Batch{
		B: b, T: t,
		Tokens: part(0), Targets: part(1), Segments: part(2), Positions: part(3),
		Weights: make([]float32, b*t),
	}
}

// Row returns window i of the batch, sharing its memory.
func (b Batch) Row(i int) Batch {
	from, to := i*b.T, (i+1)*b.T
	return Batch{
		B: 1, T: b.T,
		Tokens: b.Tokens[from:to], Targets: b.Targets[from:to], Weights: b.Weights[from:to],
		Segments: b.Segments[from:to], Positions: b.Positions[from:to],
	}
}

// Stream is an endless sequence of training windows, or a finite one of held-out windows, that can
// be entered anywhere: a trainer that resumes at a step needs no more than the step. It is safe for
// concurrent use.
type Stream interface {
	// Batch returns windows step·b … step·b+b−1 of the sequence, both counted from 0. So b
	// micro-batches of one window each hold the same tokens as one batch of b. Held-out windows
	// past the last are padding of weight 0.
	Batch(step, b int) (Batch, error)
	// Windows is the number of held-out windows, or of training windows in an epoch (rounded down;
	// 0 for tasks that are made up as they go and never repeat).
	Windows() int
	// T is the length of a window in tokens.
	T() int
	// V is the size of the vocabulary: ids lie in [0, V).
	V() int
}

// checkBatch checks what [Stream.Batch] is asked for.
func checkBatch(step, b int) error {
	if step < 0 || b < 1 {
		return fmt.Errorf("corpus: a batch of %d windows at step %d: ask for at least one window, at step 0 or later", b, step)
	}
	return nil
}
