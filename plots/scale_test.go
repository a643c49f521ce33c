package plots

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func labels(ticks []tick) string {
	var out []string
	for _, t := range ticks {
		if t.label != "" {
			out = append(out, t.label)
		}
	}
	return strings.Join(out, " ")
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		s    span
		n    int
		want string
	}{
		{span{Linear, 0, 1}, 5, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{span{Linear, -0.31, 0.29}, 4, "−0.2 0.0 0.2"},
		{span{Linear, 0, 38.4}, 4, "0 10 20 30"},
		{span{Linear, 0, 3e-6}, 3, "0 10⁻⁶ 2×10⁻⁶ 3×10⁻⁶"},
		{span{Log2, 100, 2100}, 9, "128 256 512 1024 2048"},
		{span{Log2, 1, 4096}, 7, "1 4 16 64 256 1024 4096"},
		{span{Log, 1e-4, 1}, 5, "10⁻⁴ 10⁻³ 10⁻² 10⁻¹ 1"},
		{span{Log, 1e-12, 1}, 5, "10⁻¹² 10⁻⁹ 10⁻⁶ 10⁻³ 1"},
		{span{Log, 0.05, 8}, 6, "0.05 0.1 0.2 0.5 1 2 5"},
		{span{Log, 2, 9}, 3, "5"},
		{span{Sqrt, 0, 1}, 5, "1 0.5 0.2 0.05 0"},
	} {
		t.Run(fmt.Sprint(c.s), func(t *testing.T) {
			ticks := c.s.ticks(c.n)
			require.Equal(t, c.want, labels(ticks))
			for _, k := range ticks {
				require.InDelta(t, 0.5, c.s.norm(k.value), 0.5+1e-9, "tick %g lies on the axis", k.value)
			}
		})
	}
}

func TestPositionTicksAreOneBased(t *testing.T) {
	for _, c := range []struct {
		n, first, want int
		labels         string
	}{
		{5, 1, 9, "1 2 3 4 5"},
		{16, 1, 9, "1 4 6 8 10 12 14 16"},
		{64, 1, 8, "1 8 16 24 32 40 48 56 64"},
		{2048, 1, 9, "1 256 512 768 1024 1280 1536 1792 2048"},
		{31, 0, 8, "0 4 8 12 16 20 24 28"},
		{1, 1, 5, "1"},
	} {
		ticks := positionTicks(c.n, c.first, c.want)
		require.Equal(t, c.labels, labels(ticks))
		for _, k := range ticks {
			require.Equal(t, number(k.value+float64(c.first), 0), k.label, "cell %g carries its own number", k.value)
		}
	}
}

func TestNormAndItsInverse(t *testing.T) {
	for _, s := range []span{{Linear, -2, 5}, {Log, 1e-3, 10}, {Log2, 1, 4096}, {Sqrt, 0, 7}} {
		require.Zero(t, s.norm(s.lo))
		require.InDelta(t, 1, s.norm(s.hi), 1e-12)
		for _, x := range []float64{0, 0.1, 0.5, 0.9, 1} {
			require.InDelta(t, x, s.norm(s.at(x)), 1e-9)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		v        float64
		decimals int
		want     string
	}{{0, 2, "0.00"}, {-0.0001, 2, "0.00"}, {-1.5, 1, "−1.5"}, {1e8, 0, "10⁸"}, {2.5e-7, 8, "2.5×10⁻⁷"}, {-3e9, 0, "−3×10⁹"}} {
		require.Equal(t, c.want, number(c.v, c.decimals))
	}
	for _, c := range []struct {
		v    float64
		want string
	}{{0.3, "0.3"}, {0.25, "0.25"}, {10, "10"}, {0, "0"}, {1.0 / 3, "0.33"}} {
		require.Equal(t, c.want, short(c.v))
	}
	for _, c := range []struct {
		v    float64
		want string
	}{{0.534, ".53"}, {-0.2, "−.20"}, {1, "1.0"}, {0.999, "1.0"}, {36.7, "37"}, {0.001, "0"}, {-0.001, "0"}} {
		require.Equal(t, c.want, compactNumber(c.v))
	}
}

func TestTokenLabel(t *testing.T) {
	for token, want := range map[string]string{
		"<bos>": "<bos>", " cat": "␣cat", "\n\n": "⏎⏎", "\t": "⇥", `\n`: `\\n`, "": "", "naïve": "naïve",
		"\xe2\x80": `\xE2\x80`, "日": `\u{65E5}`, "\x00": `\u{0}`,
		"0123456789": "0123456789", "0123456789a": "012345678…", "日本語": `\u{65E5}…`,
	} {
		require.Equal(t, want, TokenLabel(token), "token %q", token)
	}
}

func FuzzTokenLabel(f *testing.F) {
	for _, s := range []string{"", " the", "\n", "\xff\xfe", "日本語", `\u{1}`, "ﷺ", strings.Repeat("x", 40), "a\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		label := TokenLabel(token)
		if !utf8.ValidString(label) || strings.ContainsAny(label, " \n\t") {
			t.Errorf("label %q of token %q", label, token)
		}
		if n := utf8.RuneCountInString(label); n > maxTokenRunes+1 {
			t.Errorf("label %q of token %q has %d characters", label, token, n)
		}
		for _, r := range label {
			if !regular().has(r) {
				t.Errorf("label %q of token %q: the font lacks %q", label, token, r)
			}
		}
	})
}

// Every character that captions of this project use can be drawn.
func TestFontHasTheProjectsCharacters(t *testing.T) {
	for _, f := range []*face{regular(), bold()} {
		for _, r := range "␣⟨⟩⏎↵⇥·…ℓεαβψσΔΣ∇∂‖√×·±−–—≤≥≈→′₀₁₂₃₉⁰¹²³⁴⁹⁻ĀéñüÅ" {
			require.True(t, f.has(r), "%q", r)
		}
	}
	require.False(t, regular().has('日'))
}

func TestTextMetrics(t *testing.T) {
	st := textStyle{size: 10}
	require.InDelta(t, float64(st.width("ab")), float64(st.width("a")+st.width("b")), 0.5)
	require.Greater(t, st.height("a\nb"), st.height("a"))
	wrapped := st.wrap("some words that do not fit into one line", 60)
	for l := range strings.SplitSeq(wrapped, "\n") {
		require.LessOrEqual(t, float64(st.width(l)), 60.0)
	}
	require.Equal(t, "some words that do not fit into one line", strings.ReplaceAll(wrapped, "\n", " "))
	require.False(t, math.IsNaN(float64(st.width(""))))
}
