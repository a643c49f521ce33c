package train

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
)

// slow is a stream that takes its time, and knows whether someone reads it.
type slow struct {
	walk
	reading *atomic.Int32
}

func (s slow) Batch(step, n int) (corpus.Batch, error) {
	s.reading.Add(1)
	defer s.reading.Add(-1)
	time.Sleep(20 * time.Millisecond)
	return s.walk.Batch(step, n)
}

// Once a loop over batches has ended nobody reads the stream any more: it may be closed.
func TestFeedLeavesTheStreamAlone(t *testing.T) {
	c := tiny(t)
	s := slow{source(c, nil).train.(walk), new(atomic.Int32)}
	f := feed{stream: s, d: &decoder{c: &c.Model, packing: c.Packing}, windows: c.windows(), accumulate: 1}
	for range 5 {
		for _, err := range f.micro() {
			require.NoError(t, err)
			break
		}
		require.Zero(t, s.reading.Load())
	}
}

// A measurement reads the windows it was asked for, whatever the context's length.
func TestMonitorReadsAllWindows(t *testing.T) {
	for length, want := range map[int]int{64: 64, 100: 64, 256: 64, 3000: 64} {
		c, err := tiny(t).Set("monitor.windows=64")
		require.NoError(t, err)
		d := &decoder{c: &c.Model, packing: c.Packing}
		m, err := newMonitor(openBackend(t), model.NewStore(), condition{}, d, walk{t: length, v: 17, p: c.Packing}, c.Monitor)
		require.NoError(t, err)
		n := 0
		for _, b := range m.batches {
			n += b.B
		}
		require.Equal(t, want, n, "context %d", length)
		m.close()
	}
}
