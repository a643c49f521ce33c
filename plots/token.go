package plots

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTokenRunes is the length to which token labels are shortened.
const maxTokenRunes = 10

// TokenLabel returns a token's text as axis labels show it: a space is ␣, a
// newline ⏎, a tab ⇥, a backslash doubled; bytes that are not UTF-8 are \xNN;
// characters that the figures' font lacks or that do not print are \u{NNNN}.
// Labels longer than 10 characters keep their first 9 and end in "…".
func TokenLabel(token string) string {
	var cells []string // one entry per character shown, escapes in one piece
	for i := 0; i < len(token); {
		r, n := utf8.DecodeRuneInString(token[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			cells = append(cells, fmt.Sprintf(`\x%02X`, token[i]))
		case r == ' ':
			cells = append(cells, "␣")
		case r == '\n':
			cells = append(cells, "⏎")
		case r == '\t':
			cells = append(cells, "⇥")
		case r == '\\':
			cells = append(cells, `\\`)
		case !unicode.IsPrint(r) || !regular().has(r):
			cells = append(cells, fmt.Sprintf(`\u{%X}`, r))
		default:
			cells = append(cells, string(r))
		}
		i += n
	}
	width := 0
	for i, cell := range cells {
		width += utf8.RuneCountInString(cell)
		if width > maxTokenRunes || width == maxTokenRunes && i < len(cells)-1 {
			return strings.Join(cells[:max(i, 1)], "") + "…"
		}
	}
	return strings.Join(cells, "")
}
