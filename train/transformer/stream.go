package transformer

import (
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
)

// Stream is a batch's residual stream [B, T, D] before a block, on the device. Passes
// that differ from some block on share what comes before: the first keeps its stream
// there (Pass.Keep), the others start from it (Pass.From).
type Stream struct {
	layer int
	resid *tensors.Tensor
}

// Free gives the memory back. A stream without memory, or nil, is left alone.
func (s *Stream) Free() {
	if s != nil && s.resid != nil {
		Free(s.resid)
		s.resid = nil
	}
}

// freeUnless frees a stream that is not the caller's.
func (s *Stream) freeUnless(callers *Stream) {
	if s != callers {
		s.Free()
	}
}

func freeStreams(all map[int]*Stream) {
	for _, s := range all {
		s.Free()
	}
}

// check refuses a stream that was freed or belongs to another batch or model.
func (s *Stream) check(c *Config, in *inputs) error {
	if s.resid == nil {
		return fmt.Errorf("the stream to start from, before layer %d, was freed", s.layer+1)
	}
	dims := s.resid.Shape().Dimensions
	if want := [3]int{in.b, in.t, c.Width}; [3]int(dims) != want {
		return fmt.Errorf("the stream to start from has shape %v, this batch %v: it is of another batch or model", dims, want)
	}
	return nil
}

// end is the number of blocks after which the pass ends.
func (p *Pass) end(c *Config) int {
	if p.Layers > 0 {
		return p.Layers
	}
	return c.Layers
}

// checkBlocks refuses blocks that the model does not have or the pass does not run.
func (p *Pass) checkBlocks(c *Config) error {
	if p.Layers < 0 || p.Layers > c.Layers {
		return fmt.Errorf("end after %d layers: the model has %d; 0 runs all", p.Layers, c.Layers)
	}
	if p.end(c) < c.Layers && (p.Predict || p.Last || p.Logits) {
		return fmt.Errorf("end after %d of %d layers: predictions and logits need all", p.Layers, c.Layers)
	}
	first := 0
	if p.From != nil {
		first = p.From.layer + 1 // before its own block the stream is the caller's already
	}
	for _, l := range p.Keep {
		if l < first || l >= p.end(c) {
			return fmt.Errorf("keep the stream before layer %d: this pass has those before layers %d to %d", l+1, first+1, p.end(c))
		}
	}
	if p.From != nil && p.From.layer >= p.end(c) {
		return fmt.Errorf("start before layer %d and end after %d: nothing to run", p.From.layer+1, p.end(c))
	}
	return nil
}
