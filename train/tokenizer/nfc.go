package tokenizer

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// compose are the characters beyond U+FFFF that the library composes.
const compose = "\U00011099\U0001109b\U000110a5\U000110ba\U00011127\U00011131\U00011132\U0001133e\U00011347\U00011357" +
	"\U000114b0\U000114b9\U000114ba\U000114bd\U000115af\U000115b8\U000115b9"

// nfc brings text to Unicode's normal form C as the library tokenizers does it, whose
// tables are of Unicode 9 or so: what later versions compose or reorder is inert to it,
// and stands between what comes before and what comes after.
func nfc(s string) string {
	// A part of a text in normal form is in normal form, so this holds for either table.
	if norm.NFC.IsNormalString(s) {
		return s
	}
	var out strings.Builder
	t, start := classes(), 0
	for i := 0; i < len(s); {
		c, w := t.at(s, i)
		if c&classInert != 0 || w == 4 && !joins(s[i:i+w]) {
			out.WriteString(norm.NFC.String(s[start:i]))
			out.WriteString(s[i : i+w])
			start = i + w
		}
		i += w
	}
	out.WriteString(norm.NFC.String(s[start:]))
	return out.String()
}

// joins tells whether a character beyond U+FFFF has a part in normal forms. The others are
// kept from package norm, which takes the low 16 bits of each for all of it: it composes
// U+10041 and an acute accent to Á.
func joins(char string) bool {
	p := norm.NFC.PropertiesString(char)
	return p.CCC() != 0 || p.Decomposition() != nil || strings.Contains(compose, char)
}
