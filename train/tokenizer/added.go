package tokenizer

import (
	"cmp"
	"slices"
	"strings"
)

// addedTokens are the tokens that are looked for in the text itself, before it
// is cut into pre-tokens.
type addedTokens struct {
	byFirst [256][]addedToken // by the first byte of the text they match, longest first
	plain   bool              // some are not special
	any     bool
	spaced  bool // a "▁" of a token stands for a space, too
	hidden  bool // special tokens that are not read are not looked for, either
}

type addedToken struct {
	text    string
	id      int32
	special bool
}

func newAddedTokens(t *Tokenizer, late bool) addedTokens {
	// Late ones are looked for in normalised text, and are normalised as if each were one.
	// SentencePiece looks for all of them there, and for none that is special.
	a := addedTokens{spaced: t.pre.spaced() && (late && t.prefix.normalizes() || t.ranks != nil), hidden: t.ranks != nil}
	for i, k := range t.kinds {
		if b := k.base(); b != kindSpecial && b != kindAdded || (k&kindLate != 0) != late {
			continue
		}
		tok := addedToken{text: t.tokens[i], id: int32(i), special: k.base() == kindSpecial}
		if late && t.nfc {
			tok.text = nfc(tok.text)
		}
		if a.spaced {
			tok.text = strings.ReplaceAll(tok.text, " ", spaceMark)
			if late && t.prefix == prefixPieces {
				tok.text = spaceMark + tok.text
			}
			if strings.HasPrefix(tok.text, spaceMark) {
				a.byFirst[' '] = append(a.byFirst[' '], tok)
			}
		}
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
			m, n := a.match(text[i:], special || !a.hidden)
			if m == nil {
				i++
				continue
			}
			end := i + n
			if special || !m.special {
				if start < i {
					if err := piece(text[start:i], noID); err != nil {
						return err
					}
				}
				if err := piece(text[i:end], m.id); err != nil {
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

// match finds the token that s begins with, and how many bytes of s it takes; nil, 0
// if there is none.
func (a *addedTokens) match(s string, special bool) (*addedToken, int) {
	list := a.byFirst[s[0]]
	for i := range list {
		if list[i].special && !special {
			continue
		}
		text := list[i].text
		if a.spaced {
			if n := spacedPrefix(s, text); n > 0 {
				return &list[i], n
			}
		} else if strings.HasPrefix(s, text) {
			return &list[i], len(text)
		}
	}
	return nil, 0
}
