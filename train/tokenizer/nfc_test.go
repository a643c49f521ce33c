package tokenizer

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// normalisedGolden is testdata/normalised.json, written by testdata/normalised.py.
func normalisedGolden(t *testing.T) map[string][]byte {
	t.Helper()
	golden := map[string][]byte{}
	require.NoError(t, json.Unmarshal(must(os.ReadFile(filepath.Join("testdata", "normalised.json"))), &golden))
	return golden
}

// markedTexts are the strings that normalised.py makes of letters, marks and added tokens.
func markedTexts() []string {
	parts := []string{"a", "e", "E", "o", "ä", "é", "\u0301", "\u0308", "\u0323", "\u0327", "\u0345", "\u0334", "\u1100", "\u1161", "\u11a8", "가", "\u0915",
		"\u093c", "\u09c7", "\u09be", "ﬁ", "Å", "Ω", "\u2126", "\u212b", "\u0344", "\ufb1d", "\U0001d15e", "\U00011935", "\U00011930", "\u0899",
		"\U0001e130", "\U000105d2", "\u0307", " ", "  ", "1", "12", "²", "½", "'s", "\n", "<|endoftext|>", "<tool>", "   ", "日", "豈", "\u1715"}
	state := uint64(0)
	draw := func(n int) int {
		state += 0x9e3779b97f4a7c15
		z := state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return int((z ^ z>>31) >> 32 % uint64(n))
	}
	texts := make([]string, 4000)
	for i := range texts {
		for range 1 + draw(8) {
			texts[i] += parts[draw(len(parts))]
		}
	}
	return texts
}

// Qwen 2's and GPT-NeoX's tokenizers on 16,000 strings.
func TestGoldenNormalised(t *testing.T) {
	var texts []string
	for _, l := range readGolden[goldenLine](t, "golden.jsonl.gz") {
		texts = append(texts, l.T)
	}
	texts = append(texts, markedTexts()...)
	for kind, pre := range map[string]string{"qwen2": "qwen2", "neox": "gpt2"} {
		t.Run(kind, func(t *testing.T) {
			file := string(must(io.ReadAll(openGzip(kind + ".json.gz"))))
			tok, err := FromJSON(strings.NewReader(file))
			require.NoError(t, err)
			require.Equal(t, pre, tok.Kind())
			plain, err := FromJSON(strings.NewReader(strings.Replace(file, `"normalizer":{"type":"NFC"}`, `"normalizer":null`, 1)))
			require.NoError(t, err)
			require.NotEqual(t, plain.Fingerprint(), tok.Fingerprint())
			digests, changed := normalisedGolden(t)[kind], 0
			require.Len(t, digests, 2*len(texts))
			for i, text := range texts {
				ids, err := tok.Encode(text, EncodeOptions{Special: true})
				require.NoError(t, err)
				asText, err := tok.Encode(text, EncodeOptions{})
				require.NoError(t, err)
				checkDigest(t, kind, text, append(append(ids, -1), asText...), digests[2*i:2*i+2])
				back, err := tok.Decode(asText)
				require.NoError(t, err)
				if string(back) != text {
					changed++
				}
			}
			t.Logf("%d strings, %d of them not in normal form", len(texts), changed)
			require.Greater(t, changed, 1000)

			folder := t.TempDir()
			require.NoError(t, tok.Save(folder))
			saved, err := FromJSON(strings.NewReader(string(must(os.ReadFile(filepath.Join(folder, "tokenizer.json"))))))
			require.NoError(t, err)
			require.Equal(t, tok.Fingerprint(), saved.Fingerprint())
		})
	}
}

// The normal form is the library's for every code point, between letters and marks too.
func TestNFC(t *testing.T) {
	digests := normalisedGolden(t)["nfc"]
	require.Len(t, digests, 2*0x110)
	for block := range 0x110 {
		h := sha256.New()
		for c := rune(block * 4096); c < rune(block+1)*4096; c++ {
			if c >= 0xd800 && c < 0xe000 {
				continue
			}
			for _, probe := range []string{string(c), "a" + string(c) + "\u0334", "a\u0345" + string(c), "e" + string(c) + "\u0301"} {
				h.Write([]byte(nfc(probe)))
			}
		}
		require.Equal(t, digests[2*block:2*block+2], h.Sum(nil)[:2], "U+%04X …", block*4096)
	}
}

// Whatever the text, its normal form has one of its own, and the same ids.
func FuzzNFC(f *testing.F) {
	for _, text := range []string{"", "e\u0301", "\u1100\u1161\u11a8", "a\u0345\u0323", "\xe2\x96\u0301", "\U00010041\u0301", "É"} {
		f.Add(text)
	}
	tok := must(FromJSON(openGzip("neox.json.gz")))
	f.Fuzz(func(t *testing.T, text string) {
		form := nfc(text)
		require.Equal(t, form, nfc(form))
		ids, err := tok.Encode(text, EncodeOptions{})
		require.NoError(t, err)
		same, err := tok.Encode(form, EncodeOptions{})
		require.NoError(t, err)
		require.Equal(t, same, ids)
		back, err := tok.Decode(ids)
		require.NoError(t, err)
		require.Equal(t, form, nfc(string(back)), "an added token's own text need not be in normal form")
	})
}
