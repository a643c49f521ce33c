package tasks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/tasks"
	"firsttoken/train/local"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
)

func ExampleParseQuestions() {
	list, err := tasks.ParseQuestions(strings.NewReader("# Places\nThe capital of France is\n- London\n+ Paris\n"))
	if err != nil {
		panic(err)
	}
	fmt.Printf("%q %q, right: %q\n", list[0].Text, list[0].Answers, list[0].Answers[list[0].Right])
	// Output: "The capital of France is" ["London" "Paris"], right: "Paris"
}

// What the built-in list promises: enough questions, four answers each, none twice, and the right
// one at no place by far the most often.
func TestQuestions(t *testing.T) {
	list, err := tasks.Questions()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(list), 60)
	seen := map[string]bool{}
	places := make([]int, 4)
	for _, q := range list {
		require.Len(t, q.Answers, 4, q.Text)
		require.False(t, seen[q.Text], q.Text)
		seen[q.Text] = true
		places[q.Right]++
	}
	for _, n := range places {
		require.InDelta(t, float64(len(list))/4, n, float64(len(list))/8)
	}
}

// Most answers are one token of SmolLM2's, so one pass scores a question; the front of an answer is
// a space.
func TestPromptOfSmolLM2(t *testing.T) {
	if _, err := local.Model("smollm2"); err != nil {
		t.Skip("SmolLM2 is not set up: ", err)
	}
	tok, err := pretrained.LoadTokenizer("smollm2")
	require.NoError(t, err)
	list, err := tasks.Questions()
	require.NoError(t, err)
	single := 0
	for _, q := range list {
		p, err := q.Prompt(tok)
		require.NoError(t, err)
		require.Equal(t, q.Right, p.Right)
		text, err := tok.Decode(append(p.IDs, p.Answers[q.Right]...))
		require.NoError(t, err)
		require.Equal(t, q.Text+" "+q.Answers[q.Right], string(text))
		one := true
		for _, a := range p.Answers {
			one = one && len(a) == 1
		}
		if one {
			single++
		}
	}
	require.Greater(t, single, len(list)/2)
}

func TestPromptIsBytes(t *testing.T) {
	p, err := tasks.Question{Text: "ab", Answers: []string{"c", "de"}, Right: 1}.Prompt(tokenizer.NewBytes())
	require.NoError(t, err)
	require.Equal(t, tasks.Prompt{IDs: []int32{'a', 'b'}, Answers: [][]int32{{' ', 'c'}, {' ', 'd', 'e'}}, Right: 1}, p)
}

func TestParseQuestionsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "no questions",
		"# only\n\n":                     "no questions",
		"- a\n":                          "line 1: \"- a\": an answer without a question",
		"Q\n+ a\n- b\nR\n":               "line 4: \"R\": an answer begins with",
		"Q\n\n":                          "line 2: \"Q\" has 0 right answers",
		"Q\n+ a\n":                       "at the end: \"Q\" needs two answers",
		"Q\n+ a\n+ b\n":                  "\"Q\" has 2 right answers",
		"Q\n+ a\n- a\n":                  "line 3: answer \"a\" is there twice",
		"Q\n+ \n- a\n":                   "line 2: an empty answer to \"Q\"",
		strings.Repeat("x", 100_000):     "token too long",
		"Q\n+ a\n- b\n\nS\n- a\n- b\n\n": "line 8: \"S\" has 0 right answers",
	} {
		_, err := tasks.ParseQuestions(strings.NewReader(text))
		require.ErrorContains(t, err, want, "%.40q", text)
		require.ErrorContains(t, err, "tasks: ")
	}
}

// format writes questions in the form that ParseQuestions reads.
func format(list []tasks.Question) string {
	var b strings.Builder
	for _, q := range list {
		fmt.Fprintln(&b, q.Text)
		for i, a := range q.Answers {
			mark := "-"
			if i == q.Right {
				mark = "+"
			}
			fmt.Fprintln(&b, mark, a)
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

// Whatever is accepted can be asked, and is the same after being written and read again.
func FuzzParseQuestions(f *testing.F) {
	f.Add("Q\n+ a\n- b\n")
	f.Add("# c\n\n  Q \n\t- a b\n+  c\n\n\nR\n+ \u00e9\n- \x00\n- d\r\n")
	f.Add("Q\n+ a\n- a\n")
	f.Add("+\n+ a\n- b\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := tasks.ParseQuestions(strings.NewReader(text))
		if err != nil {
			require.Nil(t, list)
			return
		}
		for _, q := range list {
			require.NotEmpty(t, q.Text)
			require.Less(t, q.Right, len(q.Answers))
			require.GreaterOrEqual(t, len(q.Answers), 2)
		}
		again, err := tasks.ParseQuestions(strings.NewReader(format(list)))
		require.NoError(t, err)
		require.Equal(t, list, again)
	})
}
