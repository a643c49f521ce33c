package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/checkpoint"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/gomlx/gomlx/support/exceptions"

	"firsttoken/internal/safetensors"
	"firsttoken/train/store"
	"firsttoken/train/transformer"
)

// saver writes checkpoints with GoMLX's handler, which writes in place and does
// not wait for the disk. So it writes into a folder aside, and the run store gives
// that folder its name once all of it is on the disk.
type saver struct {
	run     *store.Run
	handler *checkpoint.Handler
}

func newSaver(run *store.Run, vars *model.Store) (*saver, error) {
	dir, err := run.Saving()
	if err != nil {
		return nil, err
	}
	// Uncompressed: float32 weights hardly shrink, and the handler reads each
	// variable with a single call, which a decompressor may answer in part.
	handler, err := checkpoint.Build(vars).Dir(dir).Keep(-1).ExcludeAllParams().WithCompression(checkpoint.BinUncompressed).Done()
	if err != nil {
		return nil, err
	}
	return &saver{run, handler}, nil
}

// tally is what a checkpoint holds besides variables, so that the curves do not
// show where a run was stopped.
type tally struct {
	Seconds float64 `json:"seconds"`
	Losses  float64 `json:"losses"`
	Since   int     `json:"since"`
}

const tallyFile = "tally.json"

// save makes a checkpoint of all variables: weights, moments, counters.
func (s *saver) save(step int, t tally) error {
	dir, err := s.run.Saving()
	if err != nil {
		return err
	}
	err = exceptions.TryCatch[error](func() {
		if err := s.handler.Save(); err != nil {
			panic(err)
		}
	})
	if err == nil {
		var text []byte
		if text, err = json.Marshal(t); err == nil {
			err = os.WriteFile(filepath.Join(dir, tallyFile), text, 0o644)
		}
	}
	if err == nil {
		_, err = s.run.Commit(step)
	}
	if err != nil {
		s.run.Discard()
	}
	return err
}

// checkpoint saves the current step, unless its weights are broken.
func (s *session) checkpoint() error {
	if _, err := s.gradientNorm(); err != nil {
		return err
	}
	if err := s.saver.save(s.step, tally{s.seconds, s.losses, s.since}); err != nil {
		kept := "there is none before it"
		if s.good > 0 {
			kept = fmt.Sprintf("the one of step %d is kept", s.good)
		}
		return fmt.Errorf("checkpoint of step %d: %w; %s", s.step, err, kept)
	}
	s.good = s.step
	return nil
}

// restore takes up the last checkpoint that can be read, or draws the weights.
func (s *session) restore() error {
	all, err := s.run.Checkpoints()
	if err != nil {
		return err
	}
	var failed error
	for _, c := range all {
		vars := model.NewStore()
		t, err := s.load(vars, c)
		if err != nil {
			vars.Finalize()
			failed = errors.Join(failed, fmt.Errorf("checkpoint %s: %w", c.Dir, err))
			continue
		}
		s.vars.Finalize()
		s.vars, s.step, s.good = vars, c.Step, c.Step
		s.seconds, s.losses, s.since = t.Seconds, t.Losses, t.Since
		break
	}
	if s.step == 0 {
		if failed != nil {
			return fmt.Errorf("%w; remove the folder to start over", failed)
		}
		if err := s.draw(); err != nil {
			return err
		}
	}
	if failed != nil {
		slog.Warn(fmt.Sprintf("run %s goes on from step %d, an older checkpoint than its last", s.run.ID, s.step), "because", failed)
	}
	keep := s.step
	if keep == 0 {
		keep = -1 // the record before training is made again
	}
	if err := s.run.Rewind(keep); err != nil {
		return err
	}
	records, err := s.run.Curves()
	if err != nil {
		return err
	}
	if len(records) > 0 {
		s.record = records[len(records)-1]
	}
	s.saver, err = newSaver(s.run, s.vars)
	return err
}

// load reads a checkpoint into empty variables and checks that it is this run's.
func (s *session) load(vars *model.Store, c store.Checkpoint) (t tally, err error) {
	text, err := os.ReadFile(filepath.Join(c.Dir, tallyFile))
	if err == nil {
		err = json.Unmarshal(text, &t)
	}
	if err != nil {
		return t, err
	}
	if _, err := checkpoint.Load(vars).Dir(c.Dir).ExcludeAllParams().Done(); err != nil {
		return t, err
	}
	p := &transformer.Params[struct{}]{Layers: make([]transformer.Layer[struct{}], s.c.Model.Layers)}
	p.Each(&s.c.Model, func(name string, _ *struct{}, dims []int) {
		v := vars.GetVariable(modelScope + name)
		if v == nil {
			err = errors.Join(err, fmt.Errorf("has no weight %s", name))
		} else if e := v.Shape().CheckDims(dims...); e != nil {
			err = errors.Join(err, fmt.Errorf("weight %s: %w", name, e))
		}
	})
	if err != nil {
		return t, err
	}
	if step := optimizer.GetGlobalStep(vars); step != int64(c.Step) {
		return t, fmt.Errorf("is of step %d", step)
	}
	return t, nil
}

// draw makes the weights that training starts from.
func (s *session) draw() error {
	p, err := transformer.RandomParams(&s.c.Model, dtypes.Float32, s.c.InitStd, s.c.Seed)
	if err != nil {
		return err
	}
	p.Each(&s.c.Model, func(name string, slot **tensors.Tensor, _ []int) {
		if err == nil {
			_, err = s.vars.CreateVariable(modelScope+name, *slot)
		}
	})
	return err
}

// export writes the weights as float32 safetensors and returns the file's hash.
func export(run *store.Run, c *Config, vars *model.Store) (string, error) {
	var list []safetensors.Tensor
	var err error
	p := &transformer.Params[struct{}]{Layers: make([]transformer.Layer[struct{}], c.Model.Layers)}
	p.Each(&c.Model, func(name string, _ *struct{}, dims []int) {
		value, e := vars.GetVariable(modelScope + name).Value()
		if e == nil {
			e = value.ConstBytes(func(raw []byte) {
				list = append(list, safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: dims, Data: append([]byte(nil), raw...)})
			})
		}
		err = errors.Join(err, e)
	})
	if err == nil {
		err = safetensors.WriteFile(run.Weights(), map[string]string{"format": "firsttoken", "run": run.ID}, list)
	}
	if err != nil {
		return "", fmt.Errorf("exporting the weights: %w", err)
	}
	f, err := os.Open(run.Weights())
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
