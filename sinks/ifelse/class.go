package ifelse

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Class is a set of tokens, by their text.
type Class struct {
	Name  string                  // how tables name it
	Match func(token string) bool `json:"-"` // whether a token belongs to it
}

// Only is the class of a single token, named by its text.
func Only(token string) Class {
	return Class{Name: token, Match: func(t string) bool { return t == token }}
}

// Classes are the classes tried by default, apostrophes first, as in the paper.
// A leading space does not count: " (" is an opening bracket.
func Classes() []Class {
	return []Class{
		Containing("apostrophe", "'’"),
		Containing("line break", "\n"),
		Containing("opening bracket", "([{"),
		Containing("closing bracket", ")]}"),
		Containing("quotation mark", "\"`“”"),
		Containing("comma", ","),
		Containing("full stop, ! or ?", ".!?"),
		Containing("hyphen or dash", "-–—"),
		Containing("slash", "/"),
		{"punctuation", all(func(r rune) bool {
			return r != utf8.RuneError && (unicode.IsPunct(r) || unicode.IsSymbol(r)) // a part of a character is neither
		})},
		{"digits", all(unicode.IsDigit)},
		{"capitalised", func(t string) bool {
			r := []rune(strings.TrimLeft(t, " "))
			return len(r) > 0 && unicode.IsUpper(r[0])
		}},
		{"word piece", func(t string) bool { // goes on with a word, no space in front
			r := []rune(t)
			return len(r) > 0 && unicode.IsLetter(r[0])
		}},
		words("article", "the", "a", "an"),
		words("pronoun", "i", "you", "he", "she", "it", "we", "they", "one"),
		words("negation", "not", "no", "never", "cannot", "nor"),
		words("conjunction", "and", "or", "but", "if", "that", "because", "when"),
		words("preposition", "of", "to", "in", "for", "on", "with", "by", "from", "at", "as"),
	}
}

// words is the class of these words, in any case, at the start of a text or
// behind a space.
func words(name string, list ...string) Class {
	return Class{name, func(t string) bool {
		return slices.Contains(list, strings.ToLower(strings.TrimPrefix(t, " ")))
	}}
}

// Containing is the class of tokens that hold any of the characters.
func Containing(name, characters string) Class {
	return Class{name, func(t string) bool { return strings.ContainsAny(t, characters) }}
}

// all matches tokens that have a character besides spaces, and only such.
func all(is func(rune) bool) func(string) bool {
	return func(t string) bool {
		t = strings.TrimLeft(t, " ")
		return t != "" && strings.IndexFunc(t, func(r rune) bool { return !is(r) }) < 0
	}
}

// Singles are the classes of every single token that occurs behind position 1 in
// at least so many documents, in the order of their text.
func Singles(docs []Document, documents int) []Class {
	seen := map[string]int{}
	for _, d := range docs {
		here := map[string]bool{}
		for _, token := range d.Tokens[min(1, len(d.Tokens)):] {
			if !here[token] {
				here[token] = true
				seen[token]++
			}
		}
	}
	var tokens []string
	for token, n := range seen {
		if n >= documents {
			tokens = append(tokens, token)
		}
	}
	slices.Sort(tokens)
	out := make([]Class, len(tokens))
	for i, token := range tokens {
		out[i] = Only(token)
	}
	return out
}
