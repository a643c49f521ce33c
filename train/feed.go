package train

import (
	"fmt"
	"iter"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/dtensor"
	"github.com/gomlx/gomlx/ml/train"

	"firsttoken/train/corpus"
)

// feed hands the windows of a stream to GoMLX's loop, from any step on.
type feed struct {
	stream     corpus.Stream
	d          *decoder
	windows    int // B, windows of an update
	accumulate int // micro-batches they come in
	start      int // the first update, counted from 0
}

// Name implements GoMLX's train.Dataset.
func (f *feed) Name() string { return "windows" }

// micro yields the batches of each update, prepared while the device works on the
// one before.
func (f *feed) micro() iter.Seq2[corpus.Batch, error] {
	type item struct {
		batch corpus.Batch
		err   error
	}
	return func(yield func(corpus.Batch, error) bool) {
		ready, stop, ended := make(chan item, 2), make(chan struct{}), make(chan struct{})
		defer func() { // who closes the stream next must find nobody reading it
			close(stop)
			<-ended
		}()
		go func() {
			defer close(ended)
			for update := f.start; ; update++ {
				all, err := f.stream.Batch(update, f.windows)
				if err == nil {
					err = f.weigh(all)
				}
				rows := f.windows / f.accumulate
				for i := range f.accumulate {
					it := item{err: err}
					if err == nil {
						it.batch = rowsOf(all, i*rows, rows)
					}
					select {
					case ready <- it:
					case <-stop:
						return
					}
				}
			}
		}()
		for {
			it := <-ready
			if !yield(it.batch, it.err) {
				return
			}
		}
	}
}

// weigh divides the weights of an update by their sum, so that each counted target
// counts the same however the update is cut into micro-batches. GoMLX averages
// these, hence the factor.
func (f *feed) weigh(all corpus.Batch) error {
	sum := 0.0
	for _, w := range all.Weights {
		sum += float64(w)
	}
	if sum == 0 {
		return fmt.Errorf("train: no target of a batch counts: use longer windows")
	}
	for i, w := range all.Weights {
		all.Weights[i] = float32(float64(w) * float64(f.accumulate) / sum)
	}
	return nil
}

// rowsOf is a batch of windows from … from+n−1.
func rowsOf(b corpus.Batch, from, n int) corpus.Batch {
	lo, hi := from*b.T, (from+n)*b.T
	return corpus.Batch{
		B: n, T: b.T, Tokens: b.Tokens[lo:hi], Targets: b.Targets[lo:hi], Weights: b.Weights[lo:hi],
		Segments: b.Segments[lo:hi], Positions: b.Positions[lo:hi],
	}
}

// Iter implements GoMLX's train.Dataset.
func (f *feed) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for b, err := range f.micro() {
			out := train.Batch{}
			if err == nil {
				out.Inputs = f.d.inputs(b)
			}
			if !yield(out, err) {
				return
			}
		}
	}
}

// shardedFeed is a feed whose windows are split over devices.
type shardedFeed struct {
	feed
	devices int
}

// Strategy implements GoMLX's train.DistributedDataset: each device gets its share
// of the windows, and XLA adds the sums over devices.
func (f *shardedFeed) Strategy() distributed.Strategy { return distributed.AutoSharding }

// DeviceAssignment implements GoMLX's train.DistributedDataset.
func (f *shardedFeed) DeviceAssignment() []compute.DeviceNum {
	devices := make([]compute.DeviceNum, f.devices)
	for i := range devices {
		devices[i] = compute.DeviceNum(i)
	}
	return devices
}

// DistributedIter implements GoMLX's train.DistributedDataset.
func (f *shardedFeed) DistributedIter() iter.Seq2[train.DistributedBatch, error] {
	return func(yield func(train.DistributedBatch, error) bool) {
		mesh, err := distributed.NewDeviceMesh([]int{f.devices}, []string{"data"})
		if err != nil {
			yield(train.DistributedBatch{}, err)
			return
		}
		byWindow, err := distributed.NewShardingSpec(mesh, distributed.AxisSpec{"data"}, distributed.ReplicatedAxis)
		if err != nil {
			yield(train.DistributedBatch{}, err)
			return
		}
		for b, err := range f.micro() {
			out := train.DistributedBatch{}
			if err == nil {
				out.Inputs, err = shard(byWindow, f.d.inputs(b))
			}
			if !yield(out, err) {
				return
			}
		}
	}
}

func shard(spec *distributed.ShardingSpec, whole []*tensors.Tensor) ([]*dtensor.Tensor, error) {
	parts := make([]*dtensor.Tensor, len(whole))
	for i, t := range whole {
		var err error
		if parts[i], err = dtensor.ShardTensor(spec, t); err != nil {
			return nil, fmt.Errorf("train: splitting a batch over devices: %w", err)
		}
		if err := t.FinalizeAll(); err != nil {
			return nil, err
		}
	}
	return parts, nil
}
