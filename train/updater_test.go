package train

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An Updater makes the updates of a run.
func TestUpdaterIsTheRun(t *testing.T) {
	fullOnly(t, "trains twice")
	c := tiny(t)
	_, run := whole(t, c)
	record := curves(t, run)[1]
	for _, accumulate := range []string{"accumulate=1", "accumulate=2"} {
		own, err := c.Set(accumulate)
		require.NoError(t, err)
		u, err := NewUpdater(openBackend(t), own)
		require.NoError(t, err)
		losses, err := u.Run(source(c, nil).train, record.Step)
		require.NoError(t, err)
		require.Len(t, losses, record.Step)
		sum := 0.0
		for _, loss := range losses {
			sum += loss
		}
		require.InDelta(t, record.Loss, sum/float64(record.Step), 1e-5, accumulate)

		again, err := u.Run(source(c, nil).train, 1)
		require.NoError(t, err)
		require.Less(t, again[0], losses[0], "the next call goes on from the weights")
		u.Close()
	}
}

func TestUpdaterRefuses(t *testing.T) {
	c := tiny(t)
	_, err := NewUpdater(openBackend(t), Config{})
	require.ErrorContains(t, err, "train config")
	unknown := c
	unknown.Model.Vocab = 0
	_, err = NewUpdater(openBackend(t), unknown)
	require.ErrorContains(t, err, "model.vocab is 0")

	u, err := NewUpdater(openBackend(t), c)
	require.NoError(t, err)
	defer u.Close()
	_, err = u.Run(walk{t: c.Model.Context, v: c.Model.Vocab + 1, p: c.Packing}, 1)
	require.ErrorContains(t, err, "vocabulary 17")
}
