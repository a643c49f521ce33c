package measure

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/transformer"
)

func TestValidate(t *testing.T) {
	shipped := Texts{Model: "gemma3", N: 60, T: 64, Draws: 2, Seed: 11}
	require.NoError(t, shipped.Validate())
	for want, change := range map[string]func(*Texts){
		"N = 1":     func(t *Texts) { t.N = 1 },
		"T = 5":     func(t *Texts) { t.T = 5 },
		"Draws = 0": func(t *Texts) { t.Draws = 0 },
		"1 to 59":   func(t *Texts) { t.Draws = 60 },
	} {
		texts := shipped
		change(&texts)
		require.ErrorContains(t, texts.Validate(), want)
		_, err := texts.Fronts()
		require.ErrorContains(t, err, want, "before a model is opened")
	}
}

// Layers go by whether they have a window; a model of one kind has nothing to be told apart.
func TestLayers(t *testing.T) {
	c := transformer.Config{Layers: 5, Tile: "LLG", Kinds: map[string]transformer.Kind{"L": {Window: 8}, "G": {}}}
	groups, err := layers(c)
	require.NoError(t, err)
	require.Equal(t, [3][]int{All: {0, 1, 2, 3, 4}, Local: {0, 1, 3, 4}, Global: {2}}, groups)
	_, err = layers(transformer.Config{Layers: 5})
	require.ErrorContains(t, err, "layers with a window and layers without")
}

// Two states of three tokens, the first of which is ⟨bos⟩: the bound counts the layer, not the
// embeddings; depth leaves ⟨bos⟩ out.
func TestCollapsed(t *testing.T) {
	var c Collapsed
	require.NoError(t, c.add([][][]float32{{{9, 0}, {1, 0}, {0, 1}}, {{1, 1}, {3, 0}, {0, 3}}}))
	require.InDeltaSlice(t, []float64{1, 3}, c.Text[0].Rank, 1e-6)
	require.Equal(t, 1, c.Bound.States)
	require.InDelta(t, 0.982, c.Bound.Tightest, 1e-3)

	require.NoError(t, c.example([][]float32{{1, 0}, {0, 1}, {0, 1}}))
	require.Zero(t, c.Example[0], "the last two are equal")
	require.Greater(t, c.Example[1], 0.5, "all are not")
	require.Error(t, c.add([][][]float32{{{1, 0}}}))
}
