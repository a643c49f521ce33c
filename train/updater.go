package train

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"

	"firsttoken/train/corpus"
)

// Updater makes the updates of a run and nothing else: no curves, checkpoints or
// corpus. It is for measuring them; the loop, the feed and the compiled step are
// those of [Run].
type Updater struct {
	c       Config
	d       *decoder
	vars    *model.Store
	trainer *train.Trainer
	loop    *train.Loop
	losses  []float64 // of each micro-batch since the last call of Run
}

// NewUpdater starts from the weights that a run of the configuration starts from.
// The configuration's data is not read, so its vocabulary must be given.
func NewUpdater(b compute.Backend, c Config) (*Updater, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Model.Vocab == 0 {
		return nil, fmt.Errorf("updater: model.vocab is 0: without a corpus nothing else says what it is")
	}
	u := &Updater{c: c, vars: model.NewStore()}
	u.d = &decoder{c: &u.c.Model, packing: c.Packing, recompute: c.Recompute}
	err := (&session{c: c, vars: u.vars}).draw()
	if err == nil {
		u.trainer, u.loop, err = newLoop(b, u.vars, u.d, &u.c)
	}
	if err != nil {
		u.vars.Finalize()
		return nil, fmt.Errorf("updater: %w", err)
	}
	u.loop.OnStep("losses", 0, func(_ *train.Loop, metrics []*tensors.Tensor) error {
		u.losses = append(u.losses, shapes.ConvertTo[float64](metrics[0].Value()))
		return nil
	})
	return u, nil
}

// Run makes n updates on the first batches of a stream and returns the loss of
// each, in nats, before it. The next call goes on from the weights, not in the
// stream.
func (u *Updater) Run(s corpus.Stream, n int) ([]float64, error) {
	if s.V() != u.c.Model.Vocab || s.T() != u.c.Model.Context {
		return nil, fmt.Errorf("updater: a stream of windows of %d tokens out of %d, the model has context %d and vocabulary %d",
			s.T(), s.V(), u.c.Model.Context, u.c.Model.Vocab)
	}
	u.losses = u.losses[:0]
	f := &feed{stream: s, d: u.d, windows: u.c.windows(), accumulate: u.c.Accumulate}
	if _, err := u.loop.RunSteps(f, n*u.c.Accumulate); err != nil {
		return nil, fmt.Errorf("updater: %w", err)
	}
	losses := make([]float64, n)
	for i, loss := range u.losses {
		losses[i/u.c.Accumulate] += loss / float64(u.c.Accumulate)
	}
	return losses, nil
}

// Close frees the weights and the compiled step.
func (u *Updater) Close() {
	u.trainer.ResetComputationGraphs()
	u.vars.Finalize()
}
