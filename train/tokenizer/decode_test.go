package tokenizer

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestDisplay(t *testing.T) {
	tok := NewBytes()
	for id, want := range map[int32]string{
		'a': "a", ' ': "␣", '\n': "⏎", '\r': "␍", '\t': "⇥", 0xe2: "⟨0xE2⟩", 0: "⟨U+0000⟩",
		256: "<bos>", 258: "⟨id 258⟩", -1: "⟨id -1⟩",
	} {
		require.Equal(t, want, tok.Display(id))
	}
	g := GGUFVocab{Model: "gpt2", Pre: "gpt-2"}
	want := map[string]string{"ĠParis": "␣Paris", "ĊĊ": "⏎⏎", "Âł": "⟨U+00A0⟩", "Ì\u0123": "◌\u0301", "Ġâ\u0122": "␣⟨0xE2⟩⟨0x80⟩"}
	for form := range want {
		g.Tokens = append(g.Tokens, form)
		g.Types = append(g.Types, ggufNormal)
	}
	tok, err := FromGGUF(g)
	require.NoError(t, err)
	for id, form := range g.Tokens {
		require.Equal(t, form, tok.Token(int32(id)))
		require.Equal(t, want[form], tok.Display(int32(id)), form)
	}
}

func TestAlphabet(t *testing.T) {
	require.Equal(t, "ĠParisĊ", bytesToForm(" Paris\n"))
	seen := map[rune]bool{}
	for b := range 256 {
		form := bytesToForm(string([]byte{byte(b)}))
		r, _ := utf8.DecodeRuneInString(form)
		require.False(t, seen[r])
		seen[r] = true
		require.True(t, unicode.IsGraphic(r) && !unicode.IsSpace(r), "byte %d is written as %U", b, r)
		raw, ok := formToBytes(form)
		require.True(t, ok)
		require.Equal(t, string([]byte{byte(b)}), raw)
	}
	_, ok := formToBytes("a b")
	require.False(t, ok, "a space stands for no byte")
}

// Every letter, number and space of Go's Unicode tables, which are older than
// the classes carried here, has its class; code points that are assigned and
// none of these have none.
func TestClassesAgreeWithGo(t *testing.T) {
	c := classes()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		got := c.block[r>>8][r&0xff] &^ classInert
		if unicode.IsOneOf([]*unicode.RangeTable{unicode.M, unicode.P, unicode.S, unicode.Cc, unicode.Cf, unicode.Co}, r) && !unicode.IsSpace(r) {
			require.Zerof(t, got, "%U", r)
		}
		if unicode.Is(unicode.L, r) {
			require.Equalf(t, classLetter, got, "%U", r)
		}
		if unicode.Is(unicode.N, r) {
			require.Equalf(t, classNumber|classNumeric, got, "%U", r)
		}
		if unicode.IsSpace(r) {
			require.Equalf(t, classSpace, got, "%U", r)
		}
	}
}

func TestParseClassesRefuses(t *testing.T) {
	for _, data := range []string{"X 41", "L 41-", "L 110000", "L 5-4", "\n"} {
		_, err := parseClasses(data)
		require.ErrorContains(t, err, "classes.txt", data)
	}
}
