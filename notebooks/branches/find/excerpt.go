package find

import (
	"errors"

	"firsttoken/sinks/ifelse"
	"firsttoken/sinks/probe"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// text reads the text of single tokens.
func text(tok *tokenizer.Tokenizer) func(id int32) string {
	return func(id int32) string {
		text, err := tok.Decode([]int32{id})
		if err != nil {
			return "" // of no class
		}
		return string(text)
	}
}

// words are the texts of a document's tokens.
func words(tok *tokenizer.Tokenizer, ids []int32) []string {
	read, out := text(tok), make([]string, len(ids))
	for i, id := range ids {
		out[i] = read(id)
	}
	return out
}

// Tokens counts the tokens of a class by their text, the first of each document left out: it is the
// sink, and no trigger.
func Tokens(tok *tokenizer.Tokenizer, docs [][]int32, c ifelse.Class) map[string]int {
	count := map[string]int{}
	for _, ids := range docs {
		for _, token := range words(tok, ids)[min(1, len(ids)):] {
			if c.Match(token) {
				count[token]++
			}
		}
	}
	return count
}

// Excerpt is a head's attention around its trigger, in the first of the texts that has the trigger
// with so many tokens of text before the query and from it on.
func Excerpt(m *transformer.Model, tok *tokenizer.Tokenizer, docs [][]int32, x ifelse.Found, before, from int) (e ifelse.Excerpt, err error) {
	i, at, err := place(tok, docs, x.Trigger, before, from)
	if err != nil {
		return e, err
	}
	patterns, err := probe.Patterns(m, docs[i], []probe.Head{{Layer: x.Layer, Head: x.Head}})
	if err != nil {
		return e, err
	}
	return x.Trigger.Excerpt(words(tok, docs[i]), patterns[0], at-before, at+from)
}

// place is the first query that finds a trigger with enough text around it, and its document.
func place(tok *tokenizer.Tokenizer, docs [][]int32, x ifelse.Trigger, before, from int) (doc, query int, err error) {
	for i, ids := range docs {
		for _, p := range x.Places(words(tok, ids)) {
			if p.Query > before && p.Query+from <= len(ids) {
				return i, p.Query, nil
			}
		}
	}
	return 0, 0, errors.New("find: no text has " + x.String() + " with enough text around it: ask for less, or give longer texts")
}
