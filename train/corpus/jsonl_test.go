package corpus

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// lineOf reads the line number off a name.
func lineOf(t *testing.T, name string) int {
	_, after, found := strings.Cut(name, "#L")
	require.True(t, found, name)
	n, err := strconv.Atoi(after)
	require.NoError(t, err)
	return n
}

func parseAll(c JSONLConfig, text string) (docs []Document, err error) {
	for d, e := range c.parse("f", strings.NewReader(text)) {
		if e != nil {
			return docs, e
		}
		docs = append(docs, d)
	}
	return docs, nil
}

func TestJSONL(t *testing.T) {
	docs, err := parseAll(DefaultJSONLConfig(), "\uFEFF{\"text\":\"a\\nb\",\"id\":1}\r\n\n{\"text\":\" \"}\n{\"meta\":{\"text\":\"no\"},\"text\":\"é\"}")
	require.NoError(t, err)
	require.Equal(t, []Document{{"f#L1", "a\nb"}, {"f#L4", "é"}}, docs)
}

func TestJSONLErrors(t *testing.T) {
	short := DefaultJSONLConfig()
	short.MaxLineBytes = 12
	for name, test := range map[string]struct {
		cfg  JSONLConfig
		line string
		want string
	}{
		"plain text":    {DefaultJSONLConfig(), "Call me Ishmael.", `f#L2: not a JSON object: invalid character 'C'`},
		"array":         {DefaultJSONLConfig(), `["a"]`, "f#L2: not a JSON object: "},
		"null":          {DefaultJSONLConfig(), "null", "f#L2: not a JSON object: it is null"},
		"cut object":    {DefaultJSONLConfig(), `{"text":"a"`, "f#L2: not a JSON object: unexpected end"},
		"two objects":   {DefaultJSONLConfig(), `{"text":"a"}{"text":"b"}`, "f#L2: not a JSON object: "},
		"no such field": {DefaultJSONLConfig(), `{"Text":"a","body":"b"}`, `f#L2: no field "text": set Field to one of ["Text" "body"]`},
		"number":        {DefaultJSONLConfig(), `{"text":12}`, `f#L2: field "text" is 12: it must be a string`},
		"null text":     {DefaultJSONLConfig(), `{"text":null}`, `f#L2: field "text" is null: it must be a string`},
		"long line":     {short, `{"text":"ab"}`, "f#L2: the line is longer than MaxLineBytes = 12"},
	} {
		t.Run(name, func(t *testing.T) {
			docs, err := parseAll(test.cfg, "{\"text\":\"1\"}\n"+test.line+"\n{\"text\":\"3\"}")
			require.ErrorContains(t, err, test.want)
			require.Equal(t, []Document{{"f#L1", "1"}}, docs, "what precedes the error is read")
		})
	}
}

func TestJSONLLineAtTheLimit(t *testing.T) {
	c := DefaultJSONLConfig()
	c.MaxLineBytes = len(`{"text":"a"}`)
	for _, ending := range []string{"", "\n", "\r\n"} {
		docs, err := parseAll(c, `{"text":"a"}`+ending)
		require.NoError(t, err)
		require.Len(t, docs, 1)
	}
}

func FuzzJSONL(f *testing.F) {
	for _, seed := range []string{`{"text":"a"}`, "{\"text\":\"\\ud800\"}\n\n[]", "\uFEFF{}", "{\"text\":\"x\"}\n{\"text\":1}\n", "\xff", " "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n := strings.Count(text, "\n") + 1
		errs := 0
		for d, err := range DefaultJSONLConfig().parse("f", strings.NewReader(text)) {
			require.Zero(t, errs, "an error ends the iteration")
			if err != nil {
				errs++
				require.Zero(t, d)
				continue
			}
			require.True(t, utf8.ValidString(d.Text))
			require.LessOrEqual(t, lineOf(t, d.Name), n)
		}
		// Whatever the text, written as a JSON line it comes back.
		line, err := json.Marshal(map[string]string{"text": text, "other": "x"})
		require.NoError(t, err)
		docs, err := parseAll(DefaultJSONLConfig(), string(line))
		require.NoError(t, err)
		if strings.TrimSpace(text) == "" {
			require.Empty(t, docs)
			return
		}
		var want struct{ Text string }
		require.NoError(t, json.Unmarshal(line, &want))
		require.Equal(t, []Document{{"f#L1", want.Text}}, docs)
	})
}
