package main

import (
	"fmt"
	"time"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
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
	reached, err := share(fmt.Sprintf("plain, T = %d", s.short), answers, forwardShare)
	return []row{
		{
			what: fmt.Sprintf("speed of one product of %d × %[1]d float32 matrices, XLA's / PyTorch's", productSize),
			figure: fmt.Sprintf("%.2f× (%.2f–%.2f in %d rounds), %.0f against %.0f GFLOP/s",
				r.median, r.min, r.max, r.rounds, productFLOPs/r.b/1e9, productFLOPs/r.a/1e9),
		},
		reached,
	}, err
}

func trainingPeak(s *session, torch *process, z trainingSize) (row, error) {
	c, err := z.config()
	if err != nil {
		return row{}, err
	}
	p, err := s.trainer(onCPU(), c)
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
	return share(fmt.Sprintf("training, %v", z), answers, target)
}

// share is a row of what the third side's operations a second are of the faster product's in the same
// round.
func share(what string, answers [][]answer, target float64) (row, error) {
	products := seconds(answers[0])
	for i, other := range seconds(answers[1]) {
		products[i] = min(products[i], other)
	}
	r, err := pairedRatio(products, seconds(answers[2]))
	if err != nil {
		return row{}, err
	}
	flops := answers[2][0].FLOPs
	percent := 100 * flops / productFLOPs
	return row{
		what:   "share of the machine's peak, " + what,
		figure: fmt.Sprintf("%.0f %% (%.0f–%.0f in %d rounds), %.0f GFLOP/s", percent*r.median, percent*r.min, percent*r.max, r.rounds, flops/r.b/1e9),
		target: fmt.Sprintf("≥ %.0f %%", 100*target), met: percent*r.median >= 100*target,
	}, nil
}
