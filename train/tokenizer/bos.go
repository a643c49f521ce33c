package tokenizer

import "fmt"

// BOSPolicy says what becomes of the BOS token at the start of a sequence.
// Whether a sequence starts with BOS changes attention sinks more than most
// settings, so no default is assumed: the empty policy is not valid.
type BOSPolicy string

const (
	// BOSKeep takes the ids as given: nothing added, nothing removed.
	BOSKeep BOSPolicy = "keep"
	// BOSNone removes BOS from the start; none is added.
	BOSNone BOSPolicy = "none"
	// BOSAdd makes the sequence start with exactly one BOS.
	BOSAdd BOSPolicy = "add"
)

// ParseBOSPolicy reads a policy; the error names the valid ones.
func ParseBOSPolicy(s string) (BOSPolicy, error) {
	p := BOSPolicy(s)
	return p, p.Validate()
}

// Validate returns an error that names the valid policies if p is none of them.
func (p BOSPolicy) Validate() error {
	switch p {
	case BOSKeep, BOSNone, BOSAdd:
		return nil
	}
	return fmt.Errorf("tokenizer: BOS policy %q; valid are %q, %q and %q", string(p), BOSKeep, BOSNone, BOSAdd)
}

// ApplyBOS returns ids with the policy applied. ids is left as it is; the
// result may share its memory. Applying a policy twice is applying it once.
// BOSAdd is an error for a tokenizer without BOS.
func (t *Tokenizer) ApplyBOS(ids []int32, p BOSPolicy) ([]int32, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if p == BOSKeep {
		return ids, nil
	}
	bos, ok := t.BOS()
	if !ok {
		if p == BOSAdd {
			return nil, fmt.Errorf("tokenizer: BOS policy %q, but this %s tokenizer names no BOS; set one with WithBOSEOS", p, t.Kind())
		}
		return ids, nil
	}
	rest := ids
	for len(rest) > 0 && rest[0] == bos {
		rest = rest[1:]
	}
	if p == BOSNone || len(ids)-len(rest) == 1 {
		if p == BOSAdd {
			return ids, nil
		}
		return rest, nil
	}
	out := make([]int32, 0, len(rest)+1)
	return append(append(out, bos), rest...), nil
}
