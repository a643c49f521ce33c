package study

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/squash"
	"firsttoken/sinks/squash/jacobian"
)

// small is a study that takes seconds.
func small() Study {
	s := Default()
	s.T, s.Texts, s.Passages, s.Masses = 6, 4, 2, []float64{strong}
	return s
}

func TestValidate(t *testing.T) {
	require.NoError(t, Default().Validate())
	for want, change := range map[string]func(*Study){
		"Prompt":        func(s *Study) { s.Prompt = "" },
		"T = 65":        func(s *Study) { s.T = 65 },
		"Directions":    func(s *Study) { s.Directions = 1 },
		"ExactLayers":   func(s *Study) { s.ExactLayers = 0 },
		"Passages = 1":  func(s *Study) { s.Passages = 1 },
		"0.9 must be":   func(s *Study) { s.Masses = []float64{0.5} },
		"Texts = 3 and": func(s *Study) { s.Texts = 3 },
	} {
		s := Default()
		change(&s)
		require.ErrorContains(t, s.Validate(), want)
		_, err := s.Random()
		require.ErrorContains(t, err, want, "every measurement asks")
		_, err = s.Own()
		require.ErrorContains(t, err, want)
	}
}

// Where nothing is written, a stream passes untouched: + I allows that, + I/H does not.
func TestSilent(t *testing.T) {
	c, err := small().silent()
	require.NoError(t, err)
	require.Equal(t, squash.Violations{Pairs: 6, TheoremH: 1, LocalH: 1}, c.Above, "the diagonal pair")
	require.InDelta(t, 0, c.Local, 1e-6, "the bound is met")
	require.Nil(t, c.Tau)
}

// The theorem holds in random models, and more attention on token 1 makes bound and norm smaller.
func TestRandomSink(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	s, err := small().randomSink()
	require.NoError(t, err)
	require.Len(t, s.Settings, 2)
	before, after := s.Settings[0], s.Settings[1]
	require.Equal(t, [2]string{squash.AsIs, "0.9"}, [2]string{before.Name, after.Name})
	require.InDelta(t, strong, after.X, 1e-3)
	require.Less(t, before.X, 0.6)
	require.Equal(t, squash.Violations{Pairs: 2 * 4 * (3 + 6), LocalH: s.Check.Above.LocalH}, s.Check.Above)
	for _, c := range []squash.Column{squash.Path, squash.FullFrobenius} {
		for doc := range 4 {
			require.Less(t, after.Mixing[c][doc], before.Mixing[c][doc], c)
		}
	}
}

// Documents and weights are told by the seed alone.
func TestDocuments(t *testing.T) {
	s := small()
	docs := s.documents(3, 5)
	require.Equal(t, docs, s.documents(3, 5))
	require.Equal(t, docs[:2], s.documents(2, 5))
	s.Seed++
	require.NotEqual(t, docs, s.documents(3, 5))
}

// A model's passages under all four settings: the bias on key 1 does what the name says.
func TestOwnSink(t *testing.T) {
	if testing.Short() {
		t.Skip("differentiates SmolLM2")
	}
	s := small()
	docs, err := s.passages()
	require.NoError(t, err)
	require.Len(t, docs, 2)
	sweep, err := s.ownSink(docs)
	require.NoError(t, err)
	want := []string{squash.Hidden, "0.3", squash.AsIs, "0.9"}
	for i, one := range sweep.Settings {
		require.Equal(t, want[i], one.Name)
		require.Equal(t, 30, one.Layers)
		require.Len(t, one.Mixing[squash.Path], 2)
	}
	require.Zero(t, sweep.Settings[0].X)
	require.InDelta(t, 0.3, sweep.Settings[1].X, 1e-3)
	require.Greater(t, sweep.Settings[2].X, 0.4, "the model's own sink")
	require.InDelta(t, strong, sweep.Settings[3].X, 1e-3)
	require.Nil(t, sweep.Check, "sketches have nothing to check")
}

// gathered keeps the first error, and measures nothing after it.
func TestGathered(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	s := small()
	d, done, err := s.random(4, false)
	require.NoError(t, err)
	defer done()
	var g gathered
	add := func(ids []int32) {
		g.add("a", -1, func() ([]*squash.Comparison, error) {
			return compare(d, [][]int32{ids}, jacobian.Condition{Layers: 1}, len(ids)-1)
		})
	}
	add([]int32{1, 2, 3, 4})
	add([]int32{1, 64, 3, 4})
	add([]int32{1, 2, 3, 4})
	_, err = g.sweep()
	require.ErrorContains(t, err, "token 2: id 64 is outside the vocabulary")
	require.Len(t, g.settings, 2)
}
