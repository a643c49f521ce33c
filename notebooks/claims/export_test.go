package claims

import "testing"

// Register adds a claim for the length of a test.
func Register(t *testing.T, c Claim) {
	t.Helper()
	old := registry
	registry = append(All(), c)
	t.Cleanup(func() { registry = old })
}

var (
	ParseHistory = parseHistory
	IDForm       = idForm
)
