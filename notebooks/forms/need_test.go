package forms_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/forms"
)

// A form that needs a twentieth of what softmax needs holds its part of S3b, one that needs as much
// does not, and where softmax needs nothing there is nothing to test.
func TestNeedFigures(t *testing.T) {
	needs := func(save ...float64) (list []forms.Need) {
		for i, x := range save {
			list = append(list, forms.Need{Seed: uint64(i + 1), Window: 3 + x, Firsts: 3})
		}
		return list
	}
	names := append([]string{"softmax"}, claims.SinklessForms...)
	judged := func(rested, form []forms.Need) claims.Verdict {
		all := map[string][]forms.Need{"softmax": rested}
		for _, name := range claims.SinklessForms {
			all[name] = form
		}
		figures, err := forms.NeedFigures(names, all)
		require.NoError(t, err)
		rate, err := forms.Figures("softpick", without, softmax)
		require.NoError(t, err)
		verdict, _, err := claims.S3b().Apply(append(figures, rate[0]))
		require.NoError(t, err)
		return verdict
	}
	much, little := needs(1, 1.1, 0.9), needs(0.01, 0.012, 0.011)
	require.Equal(t, claims.Holds, judged(much, little))
	require.Equal(t, claims.DoesNotHold, judged(much, much))
	require.Equal(t, claims.NotTestable, judged(little, little))

	_, err := forms.NeedFigures(names, map[string][]forms.Need{"softmax": much})
	require.ErrorContains(t, err, claims.SinklessForms[0])
}
