package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/gomlx/compute"

	"firsttoken/train"
	"firsttoken/train/bundle"
	"firsttoken/train/local"
)

// utilisationTarget is the share of a GPU's peak that training at the paper's size shall use.
const utilisationTarget = 0.45

// measureGPU gives the model FLOPs utilisation of one GPU at the paper's size, by each way that a
// bundle tries to cut its updates up.
func measureGPU(s *session) ([]row, error) {
	// Before some hundred megabytes of weights are drawn.
	if plugin, err := local.Plugin(); os.Getenv(compute.ConfigEnvVar) == "" && (err != nil || plugin != local.CUDAPlugin()) {
		return nil, errors.New("no NVIDIA GPU, or no plugin for it: `CUDA=1 make setup`")
	}
	l, err := bundle.Shipped()
	if err != nil {
		return nil, err
	}
	var rows []row
	configs, err := l.Speeds[0].Configs()
	if err != nil {
		return nil, err
	}
	for _, c := range configs {
		r, err := utilisationRow(s, c)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func utilisationRow(s *session, c train.Config) (row, error) {
	p, err := s.trainer(nil, c)
	if err != nil {
		return row{}, err
	}
	defer p.close()
	if p.Peak == 0 {
		return row{}, errors.New("the backend has no GPU whose peak is known here (see train.DevicePeak)")
	}
	answers, err := s.turns([]side{{p, trainUpdates}}, randomWindows(c, 1))
	if err != nil {
		return row{}, err
	}
	speed := float64(c.BatchTokens) / median(seconds(answers[0]))
	used := c.Utilisation(speed, p.Peak)
	return row{
		what: fmt.Sprintf("model FLOPs utilisation, training of %.0f M parameters, context %d, %d micro-batches of %d windows, recompute %t",
			float64(c.Model.Parameters())/1e6, c.Model.Context, c.Accumulate, c.BatchTokens/c.Model.Context/c.Accumulate, c.Recompute),
		figure: fmt.Sprintf("%.1f %% of the %.0f TFLOP/s of one %s in bfloat16, %.0f tokens/s (median of %d rounds)", 100*used, p.Peak/1e12, p.GPU, speed, s.rounds),
		target: fmt.Sprintf("≥ %.0f %%", 100*utilisationTarget), met: used >= utilisationTarget,
	}, nil
}
