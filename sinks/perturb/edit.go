package perturb

import (
	"errors"
	"fmt"
	"slices"
)

// Edit exchanges one token of a text.
type Edit struct {
	IDs []int32 `json:"ids"` // [T] the text as it is
	Pos int     `json:"pos"` // 0-based position of the token that is exchanged
	To  int32   `json:"to"`  // what it becomes
}

// Edited is the text with the token exchanged.
func (e Edit) Edited() []int32 {
	ids := slices.Clone(e.IDs)
	ids[e.Pos] = e.To
	return ids
}

// Validate refuses an edit that changes nothing, one of token 1, which holds the
// sink, and one of the last token, which nothing comes after.
func (e Edit) Validate() error {
	switch {
	case len(e.IDs) < 3:
		return fmt.Errorf("perturb: a text of %d tokens has no token between its first and its last", len(e.IDs))
	case e.Pos < 1 || e.Pos > len(e.IDs)-2:
		return fmt.Errorf("perturb: the edited position %d must lie in [1, %d] (0-based): not token 1, and something must follow", e.Pos, len(e.IDs)-2)
	case e.IDs[e.Pos] == e.To:
		return fmt.Errorf("perturb: token %d already is id %d: the edit changes nothing", e.Pos+1, e.To)
	}
	return nil
}

// Between finds the one token in which two texts of equal length differ. Texts
// whose lengths differ, or that differ elsewhere too, are an error: choose words
// that are one token each.
func Between(base, edited []int32) (Edit, error) {
	if len(base) != len(edited) {
		return Edit{}, fmt.Errorf("perturb: the edit changes the number of tokens from %d to %d: tokens would move", len(base), len(edited))
	}
	at := -1
	for t := range base {
		if base[t] == edited[t] {
			continue
		}
		if at >= 0 {
			return Edit{}, fmt.Errorf("perturb: the texts differ in token %d and in token %d: edit one token", at+1, t+1)
		}
		at = t
	}
	if at < 0 {
		return Edit{}, errors.New("perturb: the texts are the same")
	}
	e := Edit{IDs: base, Pos: at, To: edited[at]}
	return e, e.Validate()
}
