package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/internal/safetensors"
	"firsttoken/train"
	"firsttoken/train/transformer"
)

// trainingSize is a model and a batch whose updates are measured, and how many make a
// round.
type trainingSize struct {
	width, heads, context, batch int
	updates                      int
}

// config is the run: a Llama of 4 layers with the MLP width of Llama, vocabulary 2048,
// at a constant rate.
func (z trainingSize) config() (train.Config, error) {
	c, err := train.Preset("smoke")
	if err != nil {
		return c, err
	}
	var changes []string
	for _, field := range []struct {
		name  string
		value any
	}{
		{"model.vocab", 2048}, {"model.layers", 4}, {"model.width", z.width}, {"model.heads", z.heads},
		{"model.kv_heads", z.heads}, {"model.head_dim", z.width / z.heads},
		{"model.hidden", (8*z.width/3 + 15) / 16 * 16}, {"model.context", z.context},
		{"batch_tokens", z.batch * z.context}, {"budget_tokens", 1_000_000_000},
		{"optimizer.schedule", "constant"}, {"optimizer.warmup_steps", 0}, {"optimizer.learning_rate", 0.001},
	} {
		changes = append(changes, fmt.Sprintf("%s=%v", field.name, field.value))
	}
	return c.Set(changes...)
}

func (z trainingSize) String() string {
	return fmt.Sprintf("4 layers, d %d, %d heads, context %d, batch %d", z.width, z.heads, z.context, z.batch)
}

// randomWindows are the ids of a round: for each of its updates a batch of windows of T+1
// tokens, flat. Low ids are frequent, as in text, so that there is something to learn.
func randomWindows(c train.Config, updates int) []int32 {
	rng := rand.New(rand.NewPCG(1, 1))
	ids := make([]int32, updates*c.BatchTokens/c.Model.Context*(c.Model.Context+1))
	for i := range ids {
		ids[i] = int32(float64(c.Model.Vocab) * math.Pow(rng.Float64(), 4))
	}
	return ids
}

// trainingPeer is another implementation of the same run.
type trainingPeer struct {
	name, program string
	args          []string
	target        float64 // ratio of speeds to reach; 0 for none
}

var trainingPeers = []trainingPeer{
	{"PyTorch eager", "torch_training.py", []string{"eager"}, 0},
	{"PyTorch compiled", "torch_training.py", []string{"compiled"}, 1.0},
	{"JAX", "jax_training.py", nil, 1.2},
}

// measureTraining runs the toolkit and all peers in turns, at each size.
func measureTraining(s *session) ([]row, error) {
	var rows []row
	for _, z := range s.training {
		more, err := trainingRows(s, z)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func trainingRows(s *session, z trainingSize) ([]row, error) {
	c, err := z.config()
	if err != nil {
		return nil, err
	}
	ours, err := s.trainer(onCPU(), c)
	if err != nil {
		return nil, err
	}
	defer ours.close()
	sides := []side{{ours, trainUpdates}}
	rows := make([]row, len(trainingPeers))
	at := map[int]int{} // the side that a row compares with
	for i, peer := range trainingPeers {
		rows[i].what = fmt.Sprintf("training speed of toolkit / %s, %v", peer.name, z)
		p, err := s.peer(peer.name, peer.program, ours.folder, peer.args...)
		if err != nil {
			rows[i].figure = "not measured: " + err.Error()
			continue
		}
		defer p.close()
		at[i] = len(sides)
		sides = append(sides, side{p, trainUpdates})
	}
	answers, err := s.turns(sides, randomWindows(c, z.updates))
	if err != nil {
		return nil, err
	}
	for i, peer := range trainingPeers {
		k, ok := at[i]
		if !ok {
			continue
		}
		speed, err := pairedRatio(seconds(answers[k]), seconds(answers[0]))
		if err != nil {
			return nil, err
		}
		work, err := pairedRatio(processorSeconds(answers[0]), processorSeconds(answers[k]))
		if err != nil {
			return nil, err
		}
		tokens := float64(z.updates * c.BatchTokens)
		rows[i].figure = fmt.Sprintf("%.2f× (%.2f–%.2f in %d rounds), %.0f against %.0f tokens/s; processor time %.2f×",
			speed.median, speed.min, speed.max, speed.rounds, tokens/speed.b, tokens/speed.a, work.median)
		rows[i].diff = difference{known: true, values: maxDiff(answers[0][0].Losses, answers[k][0].Losses)}
		if peer.target > 0 {
			rows[i].target = fmt.Sprintf("≥ %.1f×", peer.target)
			rows[i].met = speed.median >= peer.target
		}
	}
	return rows, nil
}

func processorSeconds(answers []answer) []float64 {
	var out []float64
	for _, a := range answers[1:] {
		out = append(out, a.ProcessorSeconds)
	}
	return out
}

// trainer starts a process of this toolkit that trains, on a run that it writes to a folder
// of the process.
func (s *session) trainer(env []string, c train.Config) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "bench-training-")
	if err != nil {
		return nil, err
	}
	var p *process
	if err = writeRun(folder, c); err == nil {
		p, err = s.start("this toolkit", env, self, serveTrainingCommand, folder)
	}
	if err != nil {
		_ = os.RemoveAll(folder)
		return nil, err
	}
	p.folder = folder
	return p, nil
}

// writeRun writes what the peers need: config.json and weights.safetensors, from which
// the toolkit starts too.
func writeRun(folder string, c train.Config) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, configFile), text, 0o644); err != nil {
		return err
	}
	p, err := transformer.RandomParams(&c.Model, dtypes.Float32, c.InitStd, c.Seed)
	if err != nil {
		return err
	}
	var list []safetensors.Tensor
	p.Each(&c.Model, func(name string, slot **tensors.Tensor, dims []int) {
		err = errors.Join(err, (*slot).ConstBytes(func(raw []byte) {
			list = append(list, safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: dims, Data: bytes.Clone(raw)})
		}))
	})
	if err != nil {
		return err
	}
	return safetensors.WriteFile(filepath.Join(folder, "weights.safetensors"), nil, list)
}
