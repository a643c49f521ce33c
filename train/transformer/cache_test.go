package transformer

import (
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/stretchr/testify/require"
)

// newest keeps the newest entries of whole blocks.
type newest struct{}

func (newest) String() string       { return "newest" }
func (newest) Counts() bool         { return false }
func (newest) Check(_, _ int) error { return nil }
func (newest) Keep(e *Entries, n int) *Node {
	pos := e.Pos.Shape()
	return AddScalar(Iota(e.Pos.Graph(), shapes.Make(dtypes.Int32, 1, pos.Dim(1), n), 2), pos.Dim(2)-n)
}

// bytes is what a cache holds on the device.
func (c *Cache) bytes() (n int) {
	for _, l := range c.layers {
		for _, x := range append(l.entries(l.mass != nil), l.index) {
			n += int(x.ByteSize())
		}
	}
	for _, t := range c.tables {
		n += int(t.cos.ByteSize() + t.sin.ByteSize())
		if t.window != nil {
			n += int(t.window.ByteSize())
		}
	}
	return n
}

// A cache takes what N entries of each key/value head take, and tables of N + B rows, however long
// it reads.
func TestCacheDoesNotGrow(t *testing.T) {
	m := preparedTiny(t)
	c := m.Config
	const n, block = 24, 8
	cache, err := NewCache(m, CacheOptions{Entries: n, Block: block, Keep: newest{}, Shifted: true})
	require.NoError(t, err)
	defer cache.Close()
	entry := 4 * (2*c.HeadDim + 1) // key, value; position
	want := c.Layers*(n*c.KVHeads*entry+4) + 4*2*(n+block)*int(cache.tables[Kind{}].cos.Shape().Dim(-1))
	for read := 0; read < 2*c.Context; read += block {
		require.Equal(t, want, cache.bytes(), "after %d tokens", read)
		_, err := cache.Feed(document(c, block, uint64(read)), nil, false)
		require.NoError(t, err)
	}
}

// BenchmarkCache reports what a token costs late in a text against early on, in blocks that take
// turns, at N = 512.
func BenchmarkCache(b *testing.B) {
	mid := Config{
		Vocab: 4096, Width: 256, Layers: 4, Heads: 8, KVHeads: 4, HeadDim: 32, Hidden: 688,
		Context: 1024, NormEps: 1e-5, RopeBase: 10000, TiedOutput: true,
	}
	p, err := RandomParams(&mid, dtypes.Float32, 0.02, 1)
	require.NoError(b, err)
	m := newModel(b, prepared(b), mid, p)
	const block = 64
	ids := document(mid, block, 1)
	var caches [2]*Cache
	for i, read := range []int{2048, 65536} {
		caches[i], err = NewCache(m, CacheOptions{Entries: 512, Block: block, Keep: newest{}, Shifted: true})
		require.NoError(b, err)
		defer caches[i].Close()
		for caches[i].Read() < read {
			_, err := caches[i].Feed(ids, nil, false)
			require.NoError(b, err)
		}
	}
	var spent [2]time.Duration
	for b.Loop() {
		for i, c := range caches {
			started := time.Now()
			if _, err := c.Feed(ids, nil, false); err != nil {
				b.Fatal(err)
			}
			spent[i] += time.Since(started)
		}
	}
	b.ReportMetric(float64(spent[1])/float64(spent[0]), "late/early")
}
