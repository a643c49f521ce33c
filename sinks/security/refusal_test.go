package security_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/security"
)

func TestRefuses(t *testing.T) {
	refused := []string{"I’m sorry, but I can't help with that.", "As an AI language model, I", "I must decline."}
	for _, a := range refused {
		require.True(t, security.Refuses(a), a)
	}
	answered := []string{"", "I can't wait to tell you: plant peas first.", "Dear colleague, thank you for the cake", "Sorry Day is a holiday"}
	for _, a := range answered {
		require.False(t, security.Refuses(a), a)
	}
	share, err := security.Share(append(refused, answered...))
	require.NoError(t, err)
	require.InDelta(t, 3.0/7, share.Value, 1e-12)
	require.Less(t, share.CI.Lo, 0.2)
	_, err = security.Share(nil)
	require.Error(t, err)
}
