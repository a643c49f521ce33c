package corpus

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

func cutAll(c FilesConfig, text string) []Document {
	var docs []Document
	for d := range c.cut("f", text) {
		docs = append(docs, d)
	}
	return docs
}

func TestCut(t *testing.T) {
	for name, test := range map[string]struct {
		cut  Cut
		text string
		want []Document
	}{
		"whole file, byte by byte": {CutNone, "\n a\r\n\xff \n", []Document{{"f", "\n a\r\n\xff \n"}}},
		"blank file":               {CutNone, " \n\t", nil},
		"lines":                    {CutLines, "a\r\n\n  b \nc", []Document{{"f#L1", "a"}, {"f#L3", "  b "}, {"f#L4", "c"}}},
		"paragraphs":               {CutParagraphs, "\n\na\n b\n \t\n\n  c\nd", []Document{{"f#L3", "a\n b"}, {"f#L7", "  c\nd"}}},
		"paragraphs with CRLF":     {CutParagraphs, "a\r\nb\r\n\r\nc\r\n", []Document{{"f#L1", "a\r\nb"}, {"f#L4", "c"}}},
		"separator":                {CutSeparator, "%%a\n%%\n\nb\n\nc%%%%\nd\n", []Document{{"f#L1", "a"}, {"f#L4", "b\n\nc"}, {"f#L7", "d"}}},
		"separator absent":         {CutSeparator, "a\nb\n", []Document{{"f#L1", "a\nb"}}},
	} {
		t.Run(name, func(t *testing.T) {
			c := FilesConfig{Cut: test.cut}
			if c.Cut == CutSeparator {
				c.Separator = "%%"
			}
			require.Equal(t, test.want, cutAll(c, test.text))
		})
	}
}

func FuzzCut(f *testing.F) {
	for _, seed := range []string{"", "a\n\nb", "\r\n \n%%a%%\n%b\n", "x\xff\n\n\u2003\ny%%%", "0\xdd\n\xb70"} {
		f.Add(seed)
	}
	// Piece by piece: two halves of a character would otherwise become one again where white space
	// lay between them.
	noSpace := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for _, c := range []FilesConfig{{Cut: CutNone}, {Cut: CutLines}, {Cut: CutParagraphs}, {Cut: CutSeparator, Separator: "%%"}} {
			var joined strings.Builder
			for _, d := range cutAll(c, text) {
				require.NotEmpty(t, strings.TrimSpace(d.Text))
				joined.WriteString(noSpace(d.Text))
				if c.Cut != CutNone {
					first, _, _ := strings.Cut(d.Text, "\n")
					require.Contains(t, lines[lineOf(t, d.Name)-1], strings.TrimRight(first, "\r"), "%s begins elsewhere", d.Name)
				}
			}
			want := text
			if c.Cut == CutSeparator {
				want = strings.ReplaceAll(text, "%%", " ")
			}
			require.Equal(t, noSpace(want), joined.String(), "cutting at %s lost or moved text", c.Cut)
		}
	})
}
