package study

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/probe"
	"firsttoken/sinks/tasks"
	"firsttoken/train/pretrained"
)

func TestDocuments(t *testing.T) {
	texts := [][]int32{{10, 11, 12, 13, 14, 15}, {20, 21, 22, 23, 24, 25}}
	p := Passages{Name: "10", Model: "smollm2", N: 2, Tokens: 6}
	require.NoError(t, p.Validate())
	for front, want := range map[string][]int32{
		"with": {1, 10}, "without": {10, 11}, "random": {23, 10}, "masked": {1, 10}, "doubled": {1, 1}, Control: {1, 10},
	} {
		docs, edits, err := p.documents(front, texts, 1)
		require.NoError(t, err)
		require.Equal(t, want, docs[0][:2], front)
		if key, ok := Hidden(front); ok {
			require.Equal(t, []probe.Intervention{probe.MaskKey{Pos: key}}, edits, front)
		} else {
			require.Empty(t, edits, front)
		}
	}
	docs, edits, err := Passages{Layers: []int{3}}.documents(Control, texts, 1)
	require.NoError(t, err)
	hides := edits[0].(probe.MaskKey)
	require.Equal(t, []int{3}, hides.Layers)
	require.Equal(t, int32(14), docs[0][hides.Pos], "the text's fifth")
	_, _, err = p.documents("twice", texts, 1)
	require.ErrorContains(t, err, `unknown front "twice"`)
}

func TestValidate(t *testing.T) {
	good := Passages{Name: "10", Model: "smollm2", N: 2, Tokens: 6}
	for want, change := range map[string]func(*Passages){
		"both are needed":                 func(p *Passages) { p.Model = "" },
		"intervals over texts need two":   func(p *Passages) { p.N = 1 },
		"the control hides the text's to": func(p *Passages) { p.Tokens = 5 },
	} {
		p := good
		change(&p)
		_, err := p.Measure()
		require.ErrorContains(t, err, want)
	}
	_, err := Tasks{Model: "smollm2", Fronts: []string{"with"}, Needles: []int{256}}.Ask()
	require.ErrorContains(t, err, "0 needles of each of [256] tokens")
	_, err = Tasks{}.Ask()
	require.ErrorContains(t, err, "no model to ask")
}

// Needle i lies in the same haystack at all lengths, which differ in what is around it alone.
func TestPrompts(t *testing.T) {
	tok, err := pretrained.LoadTokenizer("smollm2")
	require.NoError(t, err)
	bos, err := BOS(tok, "")
	require.NoError(t, err)
	other, err := BOS(tok, "<|endoftext|>")
	require.NoError(t, err)
	require.NotEqual(t, bos, other)
	_, err = BOS(tok, "no such token")
	require.ErrorContains(t, err, `no ⟨bos⟩ "no such token"`)

	ask := Tasks{Model: "smollm2", Fronts: []string{"with"}, Needles: []int{256, 300}, N: 2, Distractors: 1}
	choice, needle, err := ask.prompts(tok)
	require.NoError(t, err)
	questions, err := tasks.Questions()
	require.NoError(t, err)
	require.Len(t, choice, len(questions))
	for _, n := range ask.Needles {
		require.Len(t, needle[n], 2)
		for i, p := range needle[n] {
			require.Len(t, p.IDs, n)
			require.Equal(t, needle[256][i].Right, p.Right)
		}
	}
	require.Equal(t, needle[256][1].IDs[:50], needle[300][1].IDs[:50], "the same haystack from its start")
	ask.Needles = []int{256, 1 << 20}
	_, _, err = ask.prompts(tok)
	require.ErrorContains(t, err, "only 0 haystacks of 6 will do")
}

// Answers of Gemma 3 can be asked for by name where its weights are not.
func TestInputs(t *testing.T) {
	inputs, err := Tasks{Model: "gemma3", Fronts: []string{"with"}, Needles: []int{256}, N: 8}.Inputs()
	require.NoError(t, err)
	require.Equal(t, "Q4_K_M, SHA-256 a5fd3b62", inputs[0])
	_, err = Tasks{Model: "/no/such/model"}.Inputs()
	require.Error(t, err)
}
