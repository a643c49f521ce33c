package tokenizer

import (
	"iter"
	"strings"
)

// preTokenizer names the rule that cuts text into pre-tokens, within which
// merging stays. Concatenated, the pre-tokens are the text.
type preTokenizer string

const (
	// preSmolLM2 cuts each numeric character out, then applies GPT-2's
	// pattern to what lies between (Hugging Face: Digits, then ByteLevel).
	preSmolLM2 preTokenizer = "smollm2"
	// preGPT2 is the pattern of Radford et al. 2019 (Hugging Face: ByteLevel).
	preGPT2 preTokenizer = "gpt2"
	// preLlama3 is the pattern llama3Pattern (Hugging Face: Split, then
	// ByteLevel without a pattern of its own).
	preLlama3 preTokenizer = "llama3"
	// preQwen2 is the pattern qwen2Pattern, which cuts each number on its own.
	preQwen2 preTokenizer = "qwen2"
	// preSpaced leaves the text whole: its words are merged across spaces. (Hugging
	// Face: nothing, or Split at spaces, of which the normalizer has left none.) It stands
	// for all that is not byte-level in such a vocabulary, see spaced.go.
	preSpaced preTokenizer = "gemma"
	// preSpacedWords is preSpaced but for words that begin at each space. (Hugging Face:
	// Metaspace that splits.)
	preSpacedWords preTokenizer = "gemma-words"
	// preBytes leaves the text whole: there are no merges.
	preBytes preTokenizer = "bytes"
)

// llama3Pattern is Llama 3's expression, as tokenizer.json spells it.
// llama3Next is written for it; a file with any other pattern is refused.
const llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

// qwen2Pattern is Qwen's expression: Llama 3's but for \p{N} in place of \p{N}{1,3}.
const qwen2Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

// split yields the pre-tokens of text in order.
func (p preTokenizer) split(text string) iter.Seq[string] {
	switch p {
	case preSmolLM2:
		return func(yield func(string) bool) { splitDigits(classes(), text, yield) }
	case preGPT2:
		return func(yield func(string) bool) { splitBy(classes(), text, gpt2Next, yield) }
	case preLlama3:
		return func(yield func(string) bool) { splitBy(classes(), text, llama3Next, yield) }
	case preQwen2:
		return func(yield func(string) bool) { splitBy(classes(), text, qwen2Next, yield) }
	case preSpacedWords:
		return func(yield func(string) bool) { splitBy(nil, text, spacedNext, yield) }
	default:
		return func(yield func(string) bool) {
			if text != "" {
				yield(text)
			}
		}
	}
}

// spaced tells the vocabularies that write a space as "▁".
func (p preTokenizer) spaced() bool { return p == preSpaced || p == preSpacedWords }

// splitBy cuts text where next, the length of the first pre-token of what is
// left, says. It returns false if yield did.
func splitBy(t *classTable, text string, next func(*classTable, string) int, yield func(string) bool) bool {
	for text != "" {
		n := next(t, text)
		if !yield(text[:n]) {
			return false
		}
		text = text[n:]
	}
	return true
}

// splitDigits cuts each numeric character out on its own and applies GPT-2's
// pattern to each piece between. A piece ends where a digit stands, so white
// space before a digit is at the end of its piece: it does not join the digit.
func splitDigits(t *classTable, text string, yield func(string) bool) bool {
	start := 0
	for i := 0; i < len(text); {
		c, w := t.at(text, i)
		if c&classNumeric != 0 {
			if !splitBy(t, text[start:i], gpt2Next, yield) || !yield(text[i:i+w]) {
				return false
			}
			start = i + w
		}
		i += w
	}
	return splitBy(t, text[start:], gpt2Next, yield)
}

const classLNS = classLetter | classNumber | classSpace

// run returns where the run of characters with c&mask == want, begun before
// s[i], ends.
func (t *classTable) run(s string, i int, mask, want class) int {
	for {
		c, w := t.at(s, i)
		if w == 0 || c&mask != want {
			return i
		}
		i += w
	}
}

// gpt2Next returns the length of the first match in s of
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func gpt2Next(t *classTable, s string) int {
	if s[0] == '\'' {
		if n := contraction(s); n > 0 {
			return n
		}
	}
	i := 0
	if s[0] == ' ' {
		i = 1
	}
	c, w := t.at(s, i)
	switch {
	case w == 0 || c&classSpace != 0:
		return t.spaces(s)
	case c&classLetter != 0:
		return t.run(s, i+w, classLetter, classLetter)
	case c&classNumber != 0:
		return t.run(s, i+w, classNumber, classNumber)
	default:
		return t.run(s, i+w, classLNS, 0)
	}
}

// llama3Next returns the length of the first match of llama3Pattern in s.
func llama3Next(t *classTable, s string) int { return byClassNext(t, s, 3) }

// qwen2Next returns the length of the first match of qwen2Pattern in s.
func qwen2Next(t *classTable, s string) int { return byClassNext(t, s, 1) }

// byClassNext is both, with as many numbers in a pre-token at most.
func byClassNext(t *classTable, s string, numbers int) int {
	if s[0] == '\'' {
		if n := foldedContraction(s); n > 0 {
			return n
		}
	}
	c, w := t.at(s, 0)
	if c&classLetter != 0 {
		return t.run(s, w, classLetter, classLetter)
	}
	if c&classNumber != 0 {
		end := w
		for range numbers - 1 {
			c, w := t.at(s, end)
			if c&classNumber == 0 {
				break
			}
			end += w
		}
		return end
	}
	next, nextW := t.at(s, w)
	if next&classLetter != 0 && s[0] != '\r' && s[0] != '\n' {
		return t.run(s, w+nextW, classLetter, classLetter)
	}
	if c&classSpace != 0 {
		if s[0] != ' ' || nextW == 0 || next&classLNS != 0 {
			return t.linesOrSpaces(s)
		}
		w += nextW
	}
	end := t.run(s, w, classLNS, 0)
	for end < len(s) && (s[end] == '\r' || s[end] == '\n') {
		end++
	}
	return end
}

// spaces matches \s+(?!\S)|\s+ at the start of s, which is white space: the
// whole run at the end of the text, else all but its last character, but at
// least one.
func (t *classTable) spaces(s string) int {
	last, end := 0, 0
	for {
		c, w := t.at(s, end)
		if w == 0 {
			return end
		}
		if c&classSpace == 0 {
			break
		}
		last, end = end, end+w
	}
	if last > 0 {
		return last
	}
	return end
}

// linesOrSpaces matches \s*[\r\n]+|\s+(?!\S)|\s+ at the start of s, which is
// white space: up to the last line end of the run if there is one.
func (t *classTable) linesOrSpaces(s string) int {
	run := s[:t.run(s, 0, classSpace, classSpace)]
	if i := strings.LastIndexAny(run, "\r\n"); i >= 0 {
		return i + 1
	}
	return t.spaces(s)
}

// contraction matches 's|'t|'re|'ve|'m|'ll|'d at the start of s, which is an
// apostrophe; 0 if there is none.
func contraction(s string) int {
	if len(s) >= 2 {
		switch s[1] {
		case 's', 't', 'm', 'd':
			return 2
		}
	}
	if len(s) >= 3 {
		switch s[1:3] {
		case "re", "ve", "ll":
			return 3
		}
	}
	return 0
}

// foldedContraction is contraction without regard to case. The long s "ſ"
// (U+017F) folds to s; no other character outside ASCII folds to these letters.
func foldedContraction(s string) int {
	const longS = "'ſ"
	if strings.HasPrefix(s, longS) {
		return len(longS)
	}
	var lower [3]byte
	n := copy(lower[:], s)
	for i, b := range lower[:n] {
		if 'A' <= b && b <= 'Z' {
			lower[i] = b + 'a' - 'A'
		}
	}
	return contraction(string(lower[:n]))
}
