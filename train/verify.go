package train

import (
	"errors"
	"fmt"
	"io/fs"

	"firsttoken/train/local"
	"firsttoken/train/store"
)

// Verify returns the result of a finished run if what is stored of it fits together: its name is
// the hash of its configuration, its curves reach the end that the result names, and its weights,
// if they are there, have the result's hash.
func Verify(r *store.Run) (*Result, error) {
	c, err := configOf(r)
	if err != nil {
		return nil, err
	}
	result, err := done(r)
	if err != nil {
		return nil, err
	}
	bad := func(format string, args ...any) (*Result, error) {
		return nil, fmt.Errorf("run %s: %s", r.ID, fmt.Sprintf(format, args...))
	}
	switch {
	case r.ID != c.ID():
		return bad("its configuration is that of run %s", c.ID())
	case result == nil:
		return bad("it is not done")
	case result.Run != r.ID:
		return bad("its result is that of run %s", result.Run)
	}
	records, err := r.Curves()
	if err != nil {
		return nil, err
	}
	if len(records) == 0 || records[len(records)-1].Tokens != result.Tokens || result.Steps != c.Steps() {
		return bad("its curves do not end with its result")
	}
	sum, err := local.ReadSHA256(r.Weights())
	if errors.Is(err, fs.ErrNotExist) {
		return result, nil
	}
	if err != nil {
		return nil, err
	}
	if sum != result.WeightsSHA256 {
		return bad("its weights are damaged: their SHA-256 is %s… instead of %s…", sum[:8], result.WeightsSHA256[:min(8, len(result.WeightsSHA256))])
	}
	return result, nil
}
