package tokenizer

import (
	"cmp"
	"slices"
	"strings"
)

// addedTokens are the tokens that are looked for in the text itself, before it
// is cut into pre-tokens.
type addedTokens struct {
	byFirst [256][]addedToken // longest first
	plain   bool              // some are not special
	any     bool
}

type addedToken struct {
	text    string
	id      int32
	special bool
}

func newAddedTokens(t *Tokenizer, late bool) addedTokens {
	var a addedTokens
	for i, k := range t.kinds {
		if b := k.base(); b != kindSpecial && b != kindAdded || (k&kindLate != 0) != late {
			continue
		}
		tok := addedToken{text: t.tokens[i], id: int32(i), special: k.base() == kindSpecial}
		a.byFirst[tok.text[0]] = append(a.byFirst[tok.text[0]], tok)
		a.any = true
		a.plain = a.plain || !tok.special
	}
	for _, list := range a.byFirst {
		slices.SortFunc(list, func(x, y addedToken) int { return cmp.Compare(len(y.text), len(x.text)) })
	}
	return a
}

// split passes text on piece by piece: text between added tokens with id
// noID, and added tokens with their id. Matches are leftmost, then longest.
// Without special, the text of a special token stays part of the text around
// it, and no other token is looked for inside it.
func (a *addedTokens) split(text string, special bool, piece func(text string, id int32) error) error {
	start := 0
	if a.plain || a.any && special {
		for i := 0; i < len(text); {
			m := a.match(text[i:])
			if m == nil {
				i++
				continue
			}
			end := i + len(m.text)
			if special || !m.special {
				if start < i {
					if err := piece(text[start:i], noID); err != nil {
						return err
					}
				}
				if err := piece(m.text, m.id); err != nil {
					return err
				}
				start = end
			}
			i = end
		}
	}
	if start == len(text) {
		return nil
	}
	return piece(text[start:], noID)
}

func (a *addedTokens) match(s string) *addedToken {
	list := a.byFirst[s[0]]
	for i := range list {
		if strings.HasPrefix(s, list[i].text) {
			return &list[i]
		}
	}
	return nil
}
