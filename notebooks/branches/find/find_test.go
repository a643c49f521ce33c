package find

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/ifelse"
	"firsttoken/train/tokenizer"
)

func TestValidate(t *testing.T) {
	require.NoError(t, Default().Validate())
	for want, change := range map[string]func(*Search){
		"Window = 64":   func(s *Search) { s.Window = 64 },
		"Documents = 0": func(s *Search) { s.Documents = 0 },
		"Heads = 0":     func(s *Search) { s.Heads = 0 },
		"Swaps = 1":     func(s *Search) { s.Swaps = 1 },
		"Checked = 11":  func(s *Search) { s.Checked = 11 },
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
	s.More = []ifelse.Trigger{ifelse.Itself(ifelse.Only(" it"))}
	require.Equal(t, s.More[0].String(), s.Triggers(docs)[0].String(), "your own before all others")
	require.Len(t, s.Triggers(docs), len(list)+1)
}

// A search as it was before a field was added has the inputs that it had.
func TestInputs(t *testing.T) {
	text, err := json.Marshal(Default())
	require.NoError(t, err)
	require.Equal(t, `{"window":8,"documents":10,"heads":10,"swaps":20,"seed":2}`, string(text))
}

// An excerpt lies in the first text that has the trigger with enough text around it; token 1 is
// none.
func TestPlace(t *testing.T) {
	tok := tokenizer.NewBytes()
	var docs [][]int32
	for _, text := range []string{"'a'bcd", "abcd'efg"} {
		ids, err := tok.Encode(text, tokenizer.EncodeOptions{})
		require.NoError(t, err)
		docs = append(docs, ids)
	}
	doc, query, err := place(tok, docs, Apostrophe, 2, 3)
	require.NoError(t, err)
	require.Equal(t, []int{0, 3}, []int{doc, query})
	doc, query, err = place(tok, docs, Apostrophe, 3, 3)
	require.NoError(t, err)
	require.Equal(t, []int{1, 5}, []int{doc, query})
	_, _, err = place(tok, docs, Apostrophe, 3, 4)
	require.ErrorContains(t, err, `no text has "apostrophe" just before with enough text`)
	require.Equal(t, map[string]int{"'": 2}, Tokens(tok, docs, ifelse.Classes()[0]))
}
