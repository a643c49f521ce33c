package speeches_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"firsttoken/train/corpus/speeches"
)

func TestSpeechesAreClean(t *testing.T) {
	all, err := speeches.All()
	require.NoError(t, err)
	require.Len(t, all, 110)
	require.Equal(t, []int{1913, 2021}, []int{all[0].Year, all[len(all)-1].Year})
	names := map[string]bool{}
	for i, s := range all {
		require.False(t, names[s.Name()], "%s twice", s.Name())
		names[s.Name()] = true
		require.GreaterOrEqual(t, s.Year, all[max(0, i-1)].Year)
		require.True(t, norm.NFC.IsNormalString(s.Text), s.Name())
		require.Equal(t, strings.Join(strings.Fields(s.Text), " "), s.Text, s.Name())
		require.Greater(t, len(s.Text), 5000, s.Name())
		require.False(t, strings.ContainsFunc(s.Text, func(r rune) bool { return unicode.IsControl(r) || r == '\uFEFF' || r == unicode.ReplacementChar }), s.Name())
		for _, aside := range []string{"[laughter]", "[applause]", "[footnote", "[1]", "[p."} {
			require.NotContains(t, strings.ToLower(s.Text), aside, s.Name())
		}
	}
	require.Contains(t, names, "1961-john-f-kennedy")
	require.Contains(t, names, "1961-dwight-d-eisenhower")
}

// Whatever is measured on the speeches is measured on this edition.
func TestDigest(t *testing.T) {
	digest, err := speeches.Digest()
	require.NoError(t, err)
	require.Equal(t, "670ad126637f6479bcee755345aaf4391b52f1432fdf1c2ce2a8b2ccd7ef52d4", digest)
}
