package corpus

import (
	"fmt"
	"math/rand/v2"

	"firsttoken/train/corpus/synthetic"
)

// heldOutSequences is how many sequences a synthetic task is evaluated on.
const heldOutSequences = 256

// taskStream is the [Stream] of a synthetic task. Every window is a sequence of its own, drawn for
// its number; all targets count.
type taskStream struct {
	task     synthetic.Task
	bos      bool
	t        int
	training bool
	seed     uint64
}

func newTaskStream(task synthetic.Task, p Packing, t int, training bool, seed uint64) (*taskStream, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if p.EOS || p.BOS == BOSDocument || p.Mask != MaskCausal || p.Positions != PositionsContinued {
		return nil, fmt.Errorf("corpus: packing %q: a window of a synthetic task is one sequence, so use %q or %q", p,
			Packing{Mask: MaskCausal, BOS: BOSFixed, Positions: PositionsContinued}, Packing{Mask: MaskCausal, BOS: BOSNone, Positions: PositionsContinued})
	}
	if t < 2 {
		return nil, fmt.Errorf("corpus: windows of %d tokens: a synthetic task needs at least 2", t)
	}
	return &taskStream{task, p.BOS == BOSFixed, t, training, seed}, nil
}

func (s *taskStream) T() int { return s.t }

func (s *taskStream) V() int { return s.task.V() }

func (s *taskStream) Windows() int {
	if s.training {
		return 0
	}
	return heldOutSequences
}

func (s *taskStream) Batch(step, b int) (Batch, error) {
	if err := checkBatch(step, b); err != nil {
		return Batch{}, err
	}
	batch := NewBatch(b, s.t)
	// The halves of the generator's state: the stream's seed, with training and held-out sequences
	// apart, and the number.
	stream := mix64(mix64(s.seed) + 1)
	if !s.training {
		stream = 0
	}
	for i := range b {
		row, n := batch.Row(i), step*b+i
		for t := range row.T {
			row.Positions[t] = int32(t)
			row.Segments[t], row.Weights[t] = 1, 1
		}
		if !s.training && n >= heldOutSequences {
			for t := range row.T {
				row.Segments[t], row.Weights[t] = SegmentPadding, 0
			}
			continue
		}
		if s.bos {
			row.Segments[0] = 0
		}
		s.task.Draw(rand.New(rand.NewPCG(stream, uint64(n))), s.bos, row.Tokens, row.Targets)
	}
	return batch, nil
}
