package squash

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// document has the pairs (1,3), (2,3), (3,3); only the second is one of tokens 2 ≤ i < j.
func document(exact bool, frozen, path, first float64) *Comparison {
	far := Pair{J: 2, Full: Norm{7, 7}, Frozen: Norm{7, 7}, PathProduct: 7, Local: 7}
	inner := Pair{I: 1, J: 2, Full: Norm{10, 100}, Frozen: Norm{frozen, 1000}, PathProduct: path, Local: 1e5}
	own := far
	own.I = 2
	return &Comparison{Exact: exact, Layers: 2, FirstMass: first, CMax: 10, Pairs: []Pair{far, inner, own}}
}

// What is kept of a setting is one number a document and column, each from its own field.
func TestNewSetting(t *testing.T) {
	docs := []*Comparison{document(true, 1e-1, 1e4, 0.2), document(true, 1e-2, 1e6, 0.4)}
	s, err := NewSetting(AsIs, MeanFirstMass(docs), docs)
	require.NoError(t, err)
	require.InDelta(t, 0.3, s.X, 1e-12)
	require.Equal(t, 2, s.Layers)
	want := map[Column][]float64{FullSpectral: {1, 1}, FullFrobenius: {2, 2}, FrozenSpectral: {-1, -2}, FrozenFrobenius: {3, 3}, Path: {4, 6}, Local: {5, 5}}
	require.Len(t, s.Mixing, len(want))
	for c, x := range want {
		require.InDeltaSlice(t, x, s.Mixing[c], 1e-12, c)
	}
	sketch, err := NewSetting(AsIs, 1, []*Comparison{document(false, 1, 1, 0)})
	require.NoError(t, err)
	require.Len(t, sketch.Mixing, 3, "a sketch has no spectral norms and no local bound")
	text, err := json.Marshal(s)
	require.NoError(t, err)
	var again Setting
	require.NoError(t, json.Unmarshal(text, &again))
	require.Equal(t, s, again)

	sweep := Sweep{Settings: []Setting{s}}
	found, err := sweep.At(AsIs)
	require.NoError(t, err)
	require.Equal(t, s, found)
	_, err = sweep.At(Hidden)
	require.ErrorContains(t, err, `no setting "key 1 hidden"`)
	require.Zero(t, Column("another").Of(docs[0].Pairs[0]))
}

func TestNewSettingRefuses(t *testing.T) {
	deeper := document(true, 1, 1, 0)
	deeper.Layers = 3
	for want, docs := range map[string][]*Comparison{
		"no document under":            nil,
		"document 2 has 3 blocks":      {document(true, 1, 1, 0), deeper},
		"document 2 has 2 blocks (exa": {document(true, 1, 1, 0), document(false, 1, 1, 0)},
		"document 2, path product":     {document(true, 1, 1, 0), document(true, 1, 0, 0)},
	} {
		_, err := NewSetting("a", 1, docs)
		require.ErrorContains(t, err, want)
	}
}
