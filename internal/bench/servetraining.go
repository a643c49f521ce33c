package main

import (
	"fmt"
	"io"
	"path/filepath"
	"syscall"
	"time"

	"firsttoken/train"
	"firsttoken/train/corpus"
	"firsttoken/train/local/backend"
)

// serveTrainingCommand, with a folder, makes the program a measured process that trains.
const serveTrainingCommand = "serve-training"

// trainUpdates is what a training process can be asked to do: one update after the
// other, each on its part of the ids (see randomWindows).
const trainUpdates = "train"

// configFile in that folder is the configuration of the run.
const configFile = "config.json"

// serveTraining answers requests until its input ends.
func serveTraining(folder string, in io.Reader, out io.Writer) error {
	c, err := train.ReadConfig(filepath.Join(folder, configFile))
	if err != nil {
		return err
	}
	b, _, err := backend.Open()
	if err != nil {
		return err
	}
	u, err := train.NewUpdater(b, c)
	if err != nil {
		return err
	}
	defer u.Close()
	first := hello{Versions: ownVersions(b.Description())}
	first.Peak, first.GPU = train.DevicePeak(b)
	multiply := &multiplier{backend: b}
	return respond(in, out, first, func(r request) (answer, error) {
		switch r.Do {
		case product:
			return multiply.product()
		case trainUpdates:
		default:
			return answer{}, fmt.Errorf("request %q is unknown", r.Do)
		}
		s := windows{ids: r.IDs, t: c.Model.Context, v: c.Model.Vocab}
		n := s.Windows() * s.t / c.BatchTokens
		before, started := processorTime(), time.Now()
		losses, err := u.Run(s, n)
		return answer{
			Seconds: time.Since(started).Seconds(), ProcessorSeconds: (processorTime() - before).Seconds(), Losses: losses,
			FLOPs: c.Model.FLOPsPerToken(s.t) * float64(n*c.BatchTokens),
		}, err
	})
}

// windows are windows of t+1 ids as a corpus.Stream.
type windows struct {
	ids  []int32
	t, v int
}

func (w windows) T() int       { return w.t }
func (w windows) V() int       { return w.v }
func (w windows) Windows() int { return len(w.ids) / (w.t + 1) }

// Batch implements corpus.Stream. It starts over behind the end: the feed asks for one
// batch ahead.
func (w windows) Batch(step, b int) (corpus.Batch, error) {
	out := corpus.NewBatch(b, w.t)
	for i := range b {
		at := (step*b + i) % w.Windows() * (w.t + 1)
		row := out.Row(i)
		copy(row.Tokens, w.ids[at:])
		copy(row.Targets, w.ids[at+1:])
		for j := range row.Weights {
			row.Weights[j] = 1
		}
	}
	return out, nil
}

// processorTime is what all threads of this process have had.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0 // pairedRatio refuses it
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
