package source_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/guard/source"
	"firsttoken/train/local"
	"firsttoken/train/pretrained"
)

func TestIDs(t *testing.T) {
	tok, err := pretrained.LoadTokenizer("smollm2")
	if errors.Is(err, local.ErrNotSetUp) {
		t.Skip("SmolLM2's file is not here: make setup fetches it")
	}
	require.NoError(t, err)
	m := &pretrained.Loaded{Tokenizer: tok}
	ids, err := source.Source{Tokens: []string{"<|im_start|>", "Ċ"}}.IDs(m)
	require.NoError(t, err)
	require.Equal(t, []int32{1, 198}, ids)
	_, err = source.Source{Name: "smollm2", Tokens: []string{"no such token"}}.IDs(m)
	require.ErrorContains(t, err, `the vocabulary of smollm2 has no token "no such token"`)
	_, _, err = source.Source{Name: "no/such/model/anywhere.gguf"}.Speaker()
	require.Error(t, err)
}
