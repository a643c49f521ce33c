package erasure

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Span is tokens From to To of a text, both included, 0-based.
type Span struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Len is the number of its tokens.
func (s Span) Len() int { return s.To - s.From + 1 }

// Words finds the words of a text in the tokens as the vocabulary writes them ("Ġthe" or "▁the"):
// a token of a space and letters, and those of letters alone that follow it.
func Words(tokens []string) (words []Span) {
	for t := 0; t < len(tokens); t++ {
		body, spaced := cutSpace(tokens[t])
		if !spaced || !letters(body) {
			continue
		}
		from := t
		for t+1 < len(tokens) {
			if body, spaced := cutSpace(tokens[t+1]); spaced || !letters(body) {
				break
			}
			t++
		}
		words = append(words, Span{from, t})
	}
	return words
}

// cutSpace takes the space off a token that begins with one, in either vocabulary's form.
func cutSpace(token string) (body string, spaced bool) {
	for _, mark := range []string{"Ġ", "▁"} {
		if body, spaced = strings.CutPrefix(token, mark); spaced {
			return body, true
		}
	}
	return token, false
}

// letters reports a text of one letter or more and nothing else.
func letters(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) }) < 0
}

// Richest picks n texts, by their numbers, in which words of several tokens are frequent: of each
// document the text that has most, and of these those that have most, the first of equals. Nothing
// but the tokens decides.
func Richest(documents []string, texts [][]string, n int) []int {
	count := make([]int, len(texts))
	for i, tokens := range texts {
		for _, w := range Words(tokens) {
			if w.Len() > 1 {
				count[i]++
			}
		}
	}
	best := map[string]int{}
	for i, d := range documents {
		if b, ok := best[d]; !ok || count[i] > count[b] {
			best[d] = i
		}
	}
	var list []int
	for _, i := range best {
		list = append(list, i)
	}
	slices.SortFunc(list, func(a, b int) int { return cmp.Or(count[b]-count[a], a-b) })
	return list[:min(n, len(list))]
}
