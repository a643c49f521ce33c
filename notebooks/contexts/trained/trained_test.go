package trained_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/contexts/hidden"
	"firsttoken/notebooks/contexts/trained"
	"firsttoken/notebooks/keep/keeptest"
	"firsttoken/train"
	"firsttoken/train/local"
)

// The run whose weights come with the checkout costs what ships of it.
func TestHide(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: a model is measured")
	}
	points, err := trained.Runs("context")
	require.NoError(t, err)
	costs := keeptest.Shipped[[]hidden.Cost](t, "03b/hidden")
	require.Len(t, costs, len(points))
	for i, p := range points {
		if train.HaveWeights(points[i:i+1]) != nil {
			continue
		}
		one, err := trained.Hide(points[i:i+1], keeptest.Shipped[train.HeldOut](t, "03b/texts"))
		require.NoError(t, err)
		require.Equal(t, p.Fields["model.context"], one[0].Context)
		require.InDeltaSlice(t, costs[i].BOS, one[0].BOS, 1e-3)
		require.InDeltaSlice(t, costs[i].Control, one[0].Control, 1e-3)
		return
	}
	t.Fatal("no run of context.json has its weights in the checkout")
}

// A query of a causal window sees half of it in the median; within documents it sees less of the
// same windows.
func TestSights(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: the text is read and cut into documents")
	}
	sights, err := trained.Sights("masks")
	if errors.Is(err, local.ErrAbsent) {
		t.Skip("the text is not here: ", err)
	}
	require.NoError(t, err)
	require.Len(t, sights, 2)
	causal, within := sights[0], sights[1]
	require.Equal(t, 129, causal.Keys)
	require.Less(t, within.Keys, 64)
	require.Equal(t, []int{causal.Windows, causal.Several}, []int{within.Windows, within.Several})
	require.Greater(t, causal.Several, causal.Windows/2)
	_, err = trained.Sights("none")
	require.ErrorContains(t, err, "none.json")
}
