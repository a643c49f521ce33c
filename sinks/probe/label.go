package probe

import (
	"fmt"

	"firsttoken/sinks"
	"firsttoken/train/tokenizer"
)

// LeadingBOS is what a trace says of the front of its document: the ⟨bos⟩ there, as its vocabulary
// writes it, or [sinks.BOSNone], and what a reader of any number from it must know. It is read off
// the ids, never typed by hand: ⟨bos⟩ is token 1 if that is the tokenizer's, or any other special
// token but padding. Without a tokenizer the label is empty, not recorded.
func LeadingBOS(ids []int32, tok *tokenizer.Tokenizer) (front string, warnings []string) {
	if tok == nil {
		return "", nil
	}
	first, same := ids[0], 1
	for same < len(ids) && ids[same] == first {
		same++
	}
	bos, hasBOS := tok.BOS()
	pad, hasPad := tok.Pad()
	isBOS := hasBOS && first == bos
	front = sinks.BOSNone
	switch name := tok.Token(first); {
	case isBOS && same > 1:
		front = name
		warnings = append(warnings, fmt.Sprintf("⟨bos⟩ %s stands %d times in front: the text had it already; one alone is left by sinkscan -bos add, or tokenizer.BOSAdd", name, same))
	case isBOS:
		front = name
	case hasPad && first == pad:
		warnings = append(warnings, fmt.Sprintf("token 1 is %s, the padding token: cut padding off in front, since it is attended to like any other token", name))
	case tok.IsSpecial(first):
		front = name
		if same > 1 {
			warnings = append(warnings, paddingWarning(name, same))
		}
	case same > 2 && tok.Kind() != "bytes": // three equal bytes begin many a text, as "///" does
		warnings = append(warnings, paddingWarning(name, same))
	}
	if hasBOS && !isBOS && tok.AddsBOS() {
		warnings = append(warnings, fmt.Sprintf("the model's files ask for ⟨bos⟩ %s in front (add_bos_token), and the text is read without: sinkscan -bos add, or tokenizer.BOSAdd, puts it there", tok.Token(bos)))
	}
	return front, warnings
}

func paddingWarning(name string, n int) string {
	return fmt.Sprintf("the first %d tokens are all %s: if that is padding, cut it off, since it is attended to like any other token", n, name)
}
