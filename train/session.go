package train

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/support/exceptions"

	_ "firsttoken/train/heap" // or each step faults its memory in anew
	"firsttoken/train/optim"
	"firsttoken/train/store"
)

// session is a run under way in this process.
type session struct {
	ctx      context.Context
	c        Config
	run      *store.Run
	backend  compute.Backend
	vars     *model.Store
	saver    *saver
	monitors []*monitor
	warnings []string // of what cannot be measured
	display  *display
	piece    int // windows that a device computes at a time

	step    int     // updates done
	good    int     // step of the last checkpoint
	seconds float64 // of training, over all processes
	last    time.Time

	loss   float64      // Σ over the micro-batches of the update under way
	losses float64      // Σ over updates since the last record
	since  int          // updates since the last record
	record store.Record // the last
}

// runOn trains on opened data and stores the result.
func runOn(ctx context.Context, c Config, o Options, run *store.Run, data *data) (*Result, error) {
	s := &session{ctx: ctx, c: c, run: run, backend: o.Backend, vars: model.NewStore()}
	defer func() { s.vars.Finalize() }()
	defer run.Discard()
	if c.Model.Vocab == 0 {
		s.c.Model.Vocab = data.vocab
	}
	if s.c.Model.Vocab != data.vocab {
		return nil, fmt.Errorf("model.vocab is %d, the tokenizer has %d: set it to that, or to 0", s.c.Model.Vocab, data.vocab)
	}
	devices, err := c.devices(o)
	if err != nil {
		return nil, err
	}
	if devices > 1 {
		s.c.Accumulate = 1 // its micro-batches run side by side
	}
	s.piece = s.c.windows() / (s.c.Accumulate * devices)
	if err := s.restore(); err != nil {
		return nil, err
	}
	var before Provenance
	now := provenance(o.Backend, devices, data)
	if _, err := run.Provenance(&before); err == nil && s.step > 0 {
		if err := before.sameData(now); err != nil {
			return nil, fmt.Errorf("it is at step %d, and %w; bring that text back, or remove %s to begin anew", s.step, err, run.Dir)
		}
		if before.From != nil && s.step >= before.From.Step {
			now.From = before.From
		}
	}
	if other := unlikeShipped(run, now); other != "" {
		slog.Warn(other)
	}
	d := &decoder{c: &s.c.Model, packing: c.Packing, recompute: c.Recompute}
	if err := s.watch(d, data); err != nil {
		return nil, err
	}
	defer func() {
		for _, m := range s.monitors {
			m.close()
		}
	}()
	now.Warnings = s.warnings
	if err := run.WriteProvenance(now); err != nil {
		return nil, err
	}
	if s.step < c.Steps() {
		if err := s.train(d, data, devices, o.Progress); err != nil {
			return nil, err
		}
	}
	return s.finish()
}

// train runs GoMLX's loop from the current step to the end.
func (s *session) train(d *decoder, data *data, devices int, progress Progress) error {
	f := feed{stream: data.train, d: d, windows: s.c.windows(), accumulate: s.c.Accumulate, start: s.step}
	trainer, loop, err := newLoop(s.backend, s.vars, d, &s.c)
	if err != nil {
		return err
	}
	defer trainer.ResetComputationGraphs()
	if s.display, err = newDisplay(s, progress, devices); err != nil {
		return err
	}
	defer s.display.close()
	if s.step == 0 {
		if err := s.observe(false); err != nil {
			return err
		}
	}
	loop.OnStep("run", 0, s.afterMicroBatch)
	var source train.Dataset = &f
	if devices > 1 {
		source = &shardedFeed{f, devices}
	}
	s.last = time.Now()
	if _, err := loop.RunSteps(source, (s.c.Steps()-s.step)*s.c.Accumulate); err != nil {
		return s.explain(err)
	}
	return nil
}

// newLoop makes GoMLX's trainer and loop for a run's updates.
func newLoop(backend compute.Backend, vars *model.Store, d *decoder, c *Config) (trainer *train.Trainer, loop *train.Loop, err error) {
	err = exceptions.TryCatch[error](func() {
		trainer = train.NewTrainer(backend, vars, func(_ *model.Scope, _ any, inputs []*Node) []*Node {
			train.AddMainLoss(d.loss(vars, d.window(inputs)))
			return nil
		}, nil, optim.New(c.Optimizer, c.Steps()), nil, nil)
		if c.Accumulate > 1 {
			if err := trainer.AccumulateGradients(c.Accumulate); err != nil {
				panic(err)
			}
		}
		loop = train.NewLoop(trainer)
	})
	return trainer, loop, err
}

// explain keeps GoMLX's wrapping out of errors that are ours.
func (s *session) explain(err error) error {
	var broken *NotFiniteError
	switch {
	case errors.As(err, &broken):
		return broken
	case errors.Is(err, ErrStopped):
		return fmt.Errorf("%w after step %d of %d: run it again to go on", ErrStopped, s.step, s.c.Steps())
	case strings.Contains(err.Error(), "Out of memory"), strings.Contains(err.Error(), "RESOURCE_EXHAUSTED"):
		return fmt.Errorf("step %d: the device's memory is too small for %d windows at a time: set recompute=true, or accumulate to more than %d (both make other runs): %w",
			s.step+1, s.piece, s.c.windows()/s.piece, err)
	}
	return err
}

// afterMicroBatch is called by the loop. All that a run does besides updating
// weights happens here, after whole updates.
func (s *session) afterMicroBatch(loop *train.Loop, metrics []*tensors.Tensor) error {
	s.seconds += time.Since(s.last).Seconds()
	defer func() { s.last = time.Now() }()
	loss := shapes.ConvertTo[float64](metrics[0].Value())
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return &NotFiniteError{Step: s.step + 1, Loss: loss, Good: s.good}
	}
	s.loss += loss
	if (loop.LoopStep+1)%s.c.Accumulate != 0 {
		return nil
	}
	s.step++
	s.since++
	loss, s.loss = s.loss/float64(s.c.Accumulate), 0
	s.losses += loss
	s.display.updated(loss)

	last, stopped := s.step == s.c.Steps(), s.ctx.Err() != nil
	if last || s.step%s.c.Monitor.Steps == 0 {
		if err := s.observe(last); err != nil {
			return err
		}
	}
	if last || stopped || s.step%s.c.CheckpointSteps == 0 {
		if err := s.checkpoint(); err != nil {
			return err
		}
	}
	if stopped && !last {
		return ErrStopped
	}
	return nil
}

// watch prepares the evaluations of a run.
func (s *session) watch(d *decoder, data *data) error {
	for _, condition := range s.c.conditions() {
		stream, err := data.held(condition)
		if err != nil {
			return fmt.Errorf("held-out windows %s: %w", condition.name, err)
		}
		if stream == nil {
			s.warnings = append(s.warnings, fmt.Sprintf("nothing is measured on %s: no held-out document is that long, or the tokenizer has no ⟨bos⟩", condition.name))
			slog.Warn(fmt.Sprintf("run %s: %s", s.run.ID, s.warnings[len(s.warnings)-1]))
			continue
		}
		own := *d
		own.packing, own.recompute = condition.packing, false
		m, err := newMonitor(s.backend, s.vars, condition, &own, stream, s.c.Monitor)
		if err != nil {
			return err
		}
		s.monitors = append(s.monitors, m)
	}
	return nil
}

// observe adds a record of the current step to the curves.
func (s *session) observe(last bool) error {
	r := store.Record{Step: s.step, Tokens: int64(s.step) * int64(s.c.BatchTokens), Seconds: s.seconds}
	if s.step > 0 {
		norm, err := s.gradientNorm()
		if err != nil {
			return err
		}
		r.GradientNorm = norm
		r.Rate = s.c.Optimizer.Rate(s.step, s.c.Steps())
	}
	if s.since > 0 {
		r.Loss = s.losses / float64(s.since)
	}
	s.losses, s.since = 0, 0
	for _, m := range s.monitors {
		if m.final && !last {
			continue
		}
		e, err := m.eval()
		if err != nil {
			return fmt.Errorf("step %d: %w", s.step, err)
		}
		r.Evals = append(r.Evals, e)
	}
	if err := s.run.Append(r); err != nil {
		return err
	}
	s.record = r
	s.display.recorded()
	return nil
}

// gradientNorm reads the norm that the last update left. It must be finite, or
// that update has broken the weights while its loss was still good.
func (s *session) gradientNorm() (float64, error) {
	value, err := s.vars.GetVariable(optim.NormPath).Value()
	if err != nil {
		return 0, err
	}
	norm := float64(tensors.ToScalar[float32](value))
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return 0, &NotFiniteError{Step: s.step, Norm: norm, Good: s.good}
	}
	return norm, nil
}

// finish exports the weights and stores the result.
func (s *session) finish() (*Result, error) {
	sum, err := export(s.run, &s.c, s.vars)
	if err != nil {
		return nil, err
	}
	final := s.record.Eval(evalPacked)
	result := &Result{
		Run: s.run.ID, Steps: s.step, Tokens: s.record.Tokens, Loss: s.record.Loss,
		ValLoss: final.Loss, SinkRate: final.SinkRate[0], WeightsSHA256: sum,
	}
	if err := s.run.Finish(result); err != nil {
		return nil, err
	}
	keep := 0
	if s.c.prolongs() {
		keep = 1 // for a run of a larger budget
	}
	return result, s.run.KeepCheckpoints(keep)
}
