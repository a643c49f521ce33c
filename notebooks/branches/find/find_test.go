package find

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/ifelse"
)

func TestValidate(t *testing.T) {
	require.NoError(t, Default().Validate())
	for want, change := range map[string]func(*Search){
		"Window = 64":   func(s *Search) { s.Window = 64 },
		"Documents = 0": func(s *Search) { s.Documents = 0 },
		"Heads = 0":     func(s *Search) { s.Heads = 0 },
		"Swaps = 1":     func(s *Search) { s.Swaps = 1 },
	} {
		s := Default()
		change(&s)
		require.ErrorContains(t, s.Validate(), want)
		_, err := s.Run(nil, nil, nil, nil)
		require.ErrorContains(t, err, want, "before a model is asked")
	}
}

// Every class is tried at three places, and so is a token that enough texts have.
func TestTriggers(t *testing.T) {
	s := Default()
	s.Documents = 2
	docs := []ifelse.Document{{Tokens: []string{"a", " so", " it"}}, {Tokens: []string{"a", " so", " be"}}}
	list := s.Triggers(docs)
	require.Len(t, list, 3*(len(ifelse.Classes())+1))
	require.Equal(t, Apostrophe.String(), list[0].String(), "the paper's own first")
	require.Equal(t, `" so" itself`, list[len(list)-1].String())
}
