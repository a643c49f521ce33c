package perturb

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DrawOptions say where edits may fall. The zero value stands for
// DefaultDrawOptions.
type DrawOptions struct {
	Before int    `json:"before"` // tokens in front that are never edited: the sink's, and those of controls
	After  int    `json:"after"`  // tokens at the end that are never edited: what an edit can spread to
	Seed   uint64 `json:"seed"`
}

// DefaultDrawOptions leave the first 8 and the last 16 tokens alone.
func DefaultDrawOptions() DrawOptions { return DrawOptions{Before: 8, After: 16} }

// Validate refuses margins that would let token 1 or the last token be edited.
func (o DrawOptions) Validate() error {
	if o.Before < 1 || o.After < 1 {
		return fmt.Errorf("perturb: margins of %d and %d tokens: each must be at least 1, so that neither token 1 nor the last is edited", o.Before, o.After)
	}
	return nil
}

// Draw makes one edit of each text: a whole word at a position drawn among those
// that the options allow becomes another whole word, drawn among all different
// ones of these texts. A whole word is a token that is a space and letters, with
// no letter after it; exchanged for another one, it leaves every other token as it
// is also when the edited text is tokenised anew.
//
// text gives a token's text, such as " capital". A text with no whole word in the
// allowed range gets no edit, so there may be fewer edits than texts; none at all
// is an error. The same texts and options give the same edits.
func Draw(texts [][]int32, text func(id int32) string, o DrawOptions) ([]Edit, error) {
	if o == (DrawOptions{}) {
		o = DefaultDrawOptions()
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	words := distinctWords(texts, text)
	if len(words) < 2 {
		return nil, errors.New("perturb: the texts hold fewer than two different whole words: there is nothing to exchange")
	}
	var edits []Edit
	for i, ids := range texts {
		var places []int
		for t := o.Before; t < len(ids)-o.After; t++ {
			if wholeWord(ids, t, text) {
				places = append(places, t)
			}
		}
		if len(places) == 0 {
			continue
		}
		rng := rand.New(rand.NewPCG(o.Seed, uint64(i)))
		pos := places[rng.IntN(len(places))]
		at, _ := slices.BinarySearch(words, ids[pos])
		other := rng.IntN(len(words) - 1)
		if other >= at {
			other++
		}
		edits = append(edits, Edit{IDs: ids, Pos: pos, To: words[other]})
	}
	if len(edits) == 0 {
		return nil, fmt.Errorf("perturb: no text has a whole word between its first %d and its last %d tokens: take longer texts or smaller margins", o.Before, o.After)
	}
	return edits, nil
}

// distinctWords lists the ids that are whole words somewhere, in ascending order.
func distinctWords(texts [][]int32, text func(int32) string) []int32 {
	var words []int32
	for _, ids := range texts {
		for t := range ids {
			if wholeWord(ids, t, text) {
				words = append(words, ids[t])
			}
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// wholeWord reports whether token t is a space and letters, not continued by the
// next token. The last token does not count: what follows it is not known.
func wholeWord(ids []int32, t int, text func(int32) string) bool {
	if t+1 >= len(ids) {
		return false
	}
	letters, spaced := strings.CutPrefix(text(ids[t]), " ")
	if !spaced || letters == "" || !utf8.ValidString(letters) ||
		strings.ContainsFunc(letters, func(r rune) bool { return !unicode.IsLetter(r) }) {
		return false
	}
	next, size := utf8.DecodeRuneInString(text(ids[t+1]))
	// Bytes that are no rune may be the beginning of a letter.
	return size == 0 || next != utf8.RuneError && !unicode.IsLetter(next) && !unicode.IsMark(next)
}
