package probe_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/stretchr/testify/require"

	"firsttoken/sinks/eviction"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/streams"
	"firsttoken/train/transformer"
)

// Forcing what would have come changes nothing, bit for bit; another token changes what follows.
func TestStreamForced(t *testing.T) {
	o := probe.StreamOptions{Policy: eviction.Streaming{Sinks: 1}, Entries: 6, Block: 4, Shifted: true, Generate: 5}
	read := func(force map[int]int32) *probe.Streamed {
		o.Force = force
		s, err := probe.Stream(model(t), documents(11)[0], o)
		require.NoError(t, err)
		return s
	}
	free := read(nil)
	require.Len(t, free.Generated, 5)
	require.Len(t, free.Loss, 10)
	same := read(map[int]int32{0: free.Generated[0], 3: free.Generated[3]})
	require.Equal(t, free, same)
	other := (free.Generated[1] + 1) % 64
	changed := read(map[int]int32{1: other})
	require.Equal(t, free.Generated[0], changed.Generated[0])
	require.Equal(t, other, changed.Generated[1])
	require.NotEqual(t, free.Logits, changed.Logits)
	require.Equal(t, 1.0, free.KeptShare(1))
	require.Equal(t, 0.5, free.KeptShare(2))
}

// Losses that are skipped are not there, the others are as they were, wherever a block ends.
func TestStreamSkipsLosses(t *testing.T) {
	ids := documents(11)[0]
	o := probe.StreamOptions{Policy: eviction.Window{}, Entries: 6, Block: 4}
	all, err := probe.Stream(model(t), ids, o)
	require.NoError(t, err)
	for _, o.SkipLoss = range []int{1, 4, 7, 10} {
		s, err := probe.Stream(model(t), ids, o)
		require.NoError(t, err)
		require.Equal(t, append([]float32{}, all.Loss[o.SkipLoss:]...), append([]float32{}, s.Loss...))
	}
}

// scored is a policy that counts how often a graph is made of it.
type scored struct {
	eviction.Window
	graphs *int
	name   string
}

func (p scored) String() string { return p.name }
func (p scored) Score(e *eviction.Entries, n int) *graph.Node {
	*p.graphs++
	return p.Window.Score(e, n)
}

// After a rehearsal no graph that scores is made, however long the text is and whatever its last
// block has.
func TestRehearseStream(t *testing.T) {
	m := model(t)
	for _, n := range []int{3, 6, 9, 13, 14, 40, 41} {
		graphs := 0
		o := probe.StreamOptions{Policy: scored{graphs: &graphs, name: fmt.Sprintf("scored %d", n)}, Entries: 9, Block: 4, Generate: 3}
		require.NoError(t, probe.RehearseStream(m, documents(n)[0], o))
		once := graphs
		require.Positive(t, once)
		s, err := probe.Stream(m, documents(n)[0], o)
		require.NoError(t, err)
		require.Len(t, s.Generated, 3)
		require.Equal(t, once, graphs, "%d tokens", n)
	}
	require.ErrorContains(t, probe.RehearseStream(m, documents(129)[0], probe.StreamOptions{Policy: eviction.Window{}, Entries: 4}), "context ends at 128")
	require.ErrorContains(t, probe.RehearseStream(m, nil, probe.StreamOptions{Policy: eviction.Window{}, Entries: 4}), "the text is empty")
}

// Whoever watches sees the caches after the text and after each token.
func TestStreamWatch(t *testing.T) {
	var read []int
	_, err := probe.Stream(model(t), documents(5)[0], probe.StreamOptions{Policy: eviction.Window{}, Entries: 3, Generate: 2,
		Watch: func(c *transformer.Cache) error {
			kept, err := c.Kept(0)
			require.NoError(t, err)
			require.Equal(t, int32(c.Read()-1), kept[0][2])
			read = append(read, c.Read())
			return nil
		}})
	require.NoError(t, err)
	require.Equal(t, []int{5, 6, 7}, read)
	_, err = probe.Stream(model(t), documents(5)[0], probe.StreamOptions{Policy: eviction.Window{}, Entries: 3,
		Watch: func(*transformer.Cache) error { return errors.New("enough") }})
	require.ErrorContains(t, err, "enough")
}

// A cache that keeps everything gives the plain pass's losses; one that is too small for that gives
// others.
func TestStreams(t *testing.T) {
	m, docs := model(t), documents(24, 24, 24)
	want, err := m.Forward(transformer.One(docs[1]), transformer.Pass{Predict: true})
	require.NoError(t, err)
	o := streams.Options{First: 16, Block: 8, Bin: 4}
	all, err := probe.Streams(m, docs, streams.Setting{Policy: streams.All, Curve: true, Map: true}, o)
	require.NoError(t, err)
	sum := 0.0
	for _, x := range want.Loss[0][16:] {
		sum += float64(x)
	}
	require.InDelta(t, sum/7, all.Loss[1], 1e-4)
	require.Equal(t, []float64{1, 1, 1}, all.Token4)
	require.Len(t, all.Curve, 6)
	few, err := probe.Streams(m, docs, streams.Setting{Policy: "window", Entries: 4}, o)
	require.NoError(t, err)
	require.NotEqual(t, all.Loss, few.Loss)
	require.Equal(t, []float64{0, 0, 0}, few.Token1)
	_, err = probe.Streams(m, docs, streams.Setting{Policy: "lru", Entries: 4}, o)
	require.ErrorContains(t, err, `no policy "lru"`)
}

func TestStreamRefuses(t *testing.T) {
	m, ids := model(t), documents(5)[0]
	for problem, o := range map[string]probe.StreamOptions{
		"no policy":                       {Entries: 4},
		"always keeps 5 entries":          {Policy: eviction.Streaming{Sinks: 4}, Entries: 4},
		"the model's context ends at 128": {Policy: eviction.Window{}, Entries: 4, Generate: 124},
	} {
		_, err := probe.Stream(m, ids, o)
		require.ErrorContains(t, err, problem)
	}
	_, err := probe.Stream(m, nil, probe.StreamOptions{Policy: eviction.Window{}, Entries: 4})
	require.ErrorContains(t, err, "the text is empty")
}
