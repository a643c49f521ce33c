package main

import (
	"fmt"
	"math"
	"os"
	"time"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train"
)

// product asks a process for one product of two square float32 matrices, so large that nothing but
// arithmetic counts: what the machine can do at most.
const product, productSize = "product", 2048

const productFLOPs = 2 * float64(productSize) * productSize * productSize

// The shares of that peak to reach.
const forwardShare, narrowShare, wideShare = 0.75, 0.65, 0.80

// multiplier answers requests for a product; the first compiles it.
type multiplier struct {
	backend compute.Backend
	exec    *Exec
	ones    *tensors.Tensor
}

func (m *multiplier) product() (answer, error) {
	var err error
	if m.exec == nil {
		ones := make([]float32, productSize*productSize)
		for i := range ones {
			ones[i] = 1
		}
		m.ones = tensors.FromFlatDataAndDimensions(ones, productSize, productSize)
		// The maximum waits for the product, and no rule of XLA's makes a smaller one of it.
		if m.exec, err = NewExec(m.backend, func(x *Node) *Node { return ReduceAllMax(MatMul(x, x)) }); err != nil {
			return answer{}, err
		}
	}
	started := time.Now()
	out, err := m.exec.Call(m.ones)
	if err != nil {
		return answer{}, err
	}
	got := tensors.ToScalar[float32](out[0])
	a := answer{Seconds: time.Since(started).Seconds()}
	out[0].MustFinalizeAll()
	if got != productSize {
		return answer{}, fmt.Errorf("the largest element of a product of ones is %v, not %d", got, productSize)
	}
	return a, nil
}

// measurePeak says which share of the machine's own peak a pass and an update reach. The peak is that
// of XLA's product or of PyTorch's, whichever is faster, in turns with what is measured.
func measurePeak(s *session) ([]row, error) {
	torch, err := s.torch()
	if err != nil {
		return nil, err
	}
	defer torch.close()
	rows, err := forwardPeak(s, torch)
	if err != nil {
		return nil, err
	}
	for _, z := range s.training {
		more, err := trainingPeak(s, torch, z)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more)
	}
	return rows, nil
}

func forwardPeak(s *session, torch *process) ([]row, error) {
	p, err := s.ours()
	if err != nil {
		return nil, err
	}
	defer p.close()
	answers, err := s.turns([]side{{p, product}, {torch, product}, {p, plain}}, text(s.short))
	if err != nil {
		return nil, err
	}
	r, err := pairedRatio(seconds(answers[1]), seconds(answers[0])) // of times the other way round: of speeds
	if err != nil {
		return nil, err
	}
	return []row{
		{
			what: fmt.Sprintf("speed of one product of %d × %[1]d float32 matrices, XLA's / PyTorch's", productSize),
			figure: fmt.Sprintf("%.2f× (%.2f–%.2f in %d rounds), %.0f against %.0f GFLOP/s",
				r.median, r.min, r.max, r.rounds, productFLOPs/r.b/1e9, productFLOPs/r.a/1e9),
		},
		share(fmt.Sprintf("share of the machine's peak, plain, T = %d", s.short), answers, answers[2][0].FLOPs, forwardShare),
	}, nil
}

func trainingPeak(s *session, torch *process, z trainingSize) (row, error) {
	c, err := z.config()
	if err != nil {
		return row{}, err
	}
	folder, err := os.MkdirTemp("", "bench-peak-")
	if err != nil {
		return row{}, err
	}
	defer os.RemoveAll(folder)
	p, err := s.trainer(onCPU(), folder, c)
	if err != nil {
		return row{}, err
	}
	defer p.close()
	answers, err := s.turns([]side{{p, product}, {torch, product}, {p, trainUpdates}}, randomWindows(c, z.updates))
	if err != nil {
		return row{}, err
	}
	target := narrowShare
	if z.width >= 512 {
		target = wideShare
	}
	return share(fmt.Sprintf("share of the machine's peak, training, %v", z), answers, work(c, z.updates), target), nil
}

// work is what updates take by the model's own count, see transformer.Config.FLOPsPerToken.
func work(c train.Config, updates int) float64 {
	return c.Model.FLOPsPerToken(c.Model.Context) * float64(updates*c.BatchTokens)
}

// share is a row of operations a second against the faster of two products in the same round.
func share(what string, answers [][]answer, flops, target float64) row {
	var shares, speeds []float64
	for i := 1; i < len(answers[2]); i++ { // the first is the warm-up
		peak := productFLOPs / min(answers[0][i].Seconds, answers[1][i].Seconds)
		speed := flops / answers[2][i].Seconds
		shares, speeds = append(shares, speed/peak), append(speeds, speed)
	}
	lo, hi := math.Inf(1), 0.0
	for _, x := range shares {
		lo, hi = min(lo, x), max(hi, x)
	}
	m := median(shares)
	return row{
		what: what, figure: fmt.Sprintf("%.0f %% (%.0f–%.0f in %d rounds), %.0f GFLOP/s", 100*m, 100*lo, 100*hi, len(shares), median(speeds)/1e9),
		target: fmt.Sprintf("≥ %.0f %%", 100*target), met: m >= target,
	}
}
