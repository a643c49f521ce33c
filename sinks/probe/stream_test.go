package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/eviction"
	"firsttoken/sinks/probe"
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
