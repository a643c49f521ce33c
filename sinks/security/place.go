package security

import (
	"fmt"
	"slices"
	"strings"
)

// Exchange is ids with the token at pos, 0-based, replaced; ids stays as it is.
func Exchange(ids []int32, pos int, to int32) ([]int32, error) {
	if pos < 0 || pos >= len(ids) {
		return nil, fmt.Errorf("security: token %d of a text of %d is exchanged: count from 1 to its length", pos+1, len(ids))
	}
	out := slices.Clone(ids)
	out[pos] = to
	return out, nil
}

// Repeat is the first lead tokens of ids and then a run of one token, n in all.
func Repeat(ids []int32, lead int, token int32, n int) ([]int32, error) {
	if lead < 0 || lead > len(ids) || lead >= n {
		return nil, fmt.Errorf("security: a run behind %d tokens, %d in all, in a text of %d: the lead is shorter than both", lead, n, len(ids))
	}
	out := slices.Clone(ids[:lead])
	for len(out) < n {
		out = append(out, token)
	}
	return out, nil
}

// Place is where a trigger goes in a user's message.
type Place string

// The places of a trigger. First is before the whole conversation: there it is the first token of
// all, and no part of what the user says.
const (
	First  Place = "first of all"
	Front  Place = "front"
	Inside Place = "inside"
	End    Place = "end"
)

// Places lists them all.
func Places() []Place { return []Place{First, Front, Inside, End} }

// Insert puts a trigger into a message, words apart: before it, behind half of its words or at its
// end. For [First], and for a trigger of no words, the message stays as it is.
func (p Place) Insert(message, trigger string) (string, error) {
	words := strings.Fields(message)
	at := map[Place]int{Front: 0, Inside: len(words) / 2, End: len(words)}
	n, ok := at[p]
	switch {
	case p == First || trigger == "":
		return message, nil
	case !ok:
		return "", fmt.Errorf("security: no place %q: use one of %q", string(p), Places())
	}
	return strings.Join(slices.Insert(words, n, trigger), " "), nil
}
