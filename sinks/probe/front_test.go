package probe_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/probe"
)

// Token 9 is ⟨bos⟩.
func ExampleFront_Documents() {
	texts := [][]int32{{1, 2, 3, 4}, {5, 6, 7, 8}}
	for _, f := range probe.Fronts() {
		docs, interventions, err := f.Documents(texts, 4, 9)
		if err != nil {
			panic(err)
		}
		fmt.Println(f, docs, interventions)
	}
	// Output:
	// with [[9 1 2 3] [9 5 6 7]] []
	// without [[1 2 3 4] [5 6 7 8]] []
	// masked [[9 1 2 3] [9 5 6 7]] [mask key 1, layers all]
	// random [[7 1 2 3] [3 5 6 7]] []
	// doubled [[9 9 1 2] [9 9 5 6]] []
}

func TestFront(t *testing.T) {
	text := []int32{1, 2, 3, 4}
	for _, f := range probe.Fronts() {
		docs, _, err := f.Documents([][]int32{text}, 4, 9)
		require.NoError(t, err)
		require.Equal(t, text[0], docs[0][f.Lead()])
		docs[0][f.Lead()] = -1
		require.Equal(t, int32(1), text[0], "texts are copied")
	}
	_, _, err := probe.FrontBOS.Documents([][]int32{text}, 5, 9)
	require.ErrorContains(t, err, "longer texts")
	_, _, err = probe.Front("absent").Documents([][]int32{text}, 4, 9)
	require.ErrorContains(t, err, "unknown front")
}

// Whole texts keep their lengths.
func TestFrontWhole(t *testing.T) {
	texts := [][]int32{{1, 2}, {3, 4, 5}}
	for f, want := range map[probe.Front][][]int32{
		probe.FrontBOS: {{9, 1, 2}, {9, 3, 4, 5}}, probe.FrontNone: {{1, 2}, {3, 4, 5}}, probe.FrontMasked: {{9, 1, 2}, {9, 3, 4, 5}},
		probe.FrontRandom: {{4, 1, 2}, {2, 3, 4, 5}}, probe.FrontDoubled: {{9, 9, 1, 2}, {9, 9, 3, 4, 5}},
	} {
		docs, interventions, err := f.Whole(texts, 9)
		require.NoError(t, err)
		require.Equal(t, want, docs, f)
		require.Equal(t, f == probe.FrontMasked, len(interventions) == 1)
	}
	_, _, err := probe.FrontRandom.Whole([][]int32{{1}, {}}, 9)
	require.ErrorContains(t, err, "text 2 of 2 is empty")
}
