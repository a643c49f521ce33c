package patterns

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/probe"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
)

func TestLabels(t *testing.T) {
	require.Equal(t, []string{"short…", "äöüäöüäöüäöüäöüäöüäöüäöüäöüä…"}, labels([]string{"short", "äöüäöüäöüäöüäöüäöüäöüäöüäöüäöü"}))
	require.ErrorContains(t, View(nil, nil, probe.Head{}), "no text")
}

// A head that the model has is drawn, another refused.
func TestDraw(t *testing.T) {
	if testing.Short() {
		t.Skip("opens SmolLM2")
	}
	b, _, err := backend.Open()
	require.NoError(t, err)
	m, err := pretrained.Load(b, "smollm2", pretrained.Options{})
	if errors.Is(err, local.ErrNotSetUp) {
		t.Skip("SmolLM2's file is not here: make setup fetches it")
	}
	require.NoError(t, err)
	defer m.Close()
	_, err = Draw(m, "tick tock tick", probe.Head{Layer: 18, Head: 8})
	require.NoError(t, err)
	_, err = Draw(m, "tick tock tick", probe.Head{Layer: 30})
	require.Error(t, err)
	require.ErrorContains(t, View(m, []string{"tick"}, probe.Head{Layer: 30}), `"layer" starts at 31`)
}
