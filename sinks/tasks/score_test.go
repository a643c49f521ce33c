package tasks_test

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/stretchr/testify/require"

	"firsttoken/sinks/probe"
	"firsttoken/sinks/tasks"
	"firsttoken/train/local/backend"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

func ExampleFront() {
	text := []int32{11, 12, 13}
	for _, f := range tasks.Fronts() {
		fmt.Println(f, f.Put(text, 1, 42), f.Interventions())
	}
	// Output:
	// kept [1 11 12 13] []
	// absent [11 12 13] []
	// replaced [42 11 12 13] []
	// masked [1 11 12 13] [mask key 1, layers all]
	// doubled [1 1 11 12 13] []
	// masked other [1 11 12 13] [mask key 6, layers all]
}

var tiny = sync.OnceValues(func() (*transformer.Model, error) {
	b, _, err := backend.Open()
	if err != nil {
		return nil, err
	}
	c := transformer.Tiny()
	p, err := transformer.RandomParams(&c, dtypes.Float32, 0.4, 11)
	if err != nil {
		return nil, err
	}
	return transformer.New(b, c, p)
})

// expected is the mean log-probability of an answer from the whole logits of the text so far, with the key of token hidden hidden.
func expected(t *testing.T, m *transformer.Model, text, answer []int32, hidden int) float64 {
	t.Helper()
	ids := append(append([]int32{}, text...), answer...)
	visible := make([]bool, len(ids)*len(ids))
	for i := range visible {
		q, s := i/len(ids), i%len(ids)
		visible[i] = s <= q && (s != hidden || q == hidden)
	}
	out, err := m.Forward(transformer.Batch{IDs: [][]int32{ids}, Visible: visible}, transformer.Pass{Logits: true})
	require.NoError(t, err)
	sum := 0.0
	for i, id := range answer {
		z, logits := 0.0, out.Logits[0][len(text)+i-1]
		for _, x := range logits {
			z += math.Exp(float64(x))
		}
		sum += float64(logits[id]) - math.Log(z)
	}
	return sum / float64(len(answer))
}

// Scores equal those from the whole logits under every front, for answers of one token and of several.
func TestScore(t *testing.T) {
	m, err := tiny()
	require.NoError(t, err)
	prompts := []tasks.Prompt{
		{IDs: []int32{5, 6, 7, 8, 9, 10}, Answers: [][]int32{{20}, {21}, {22}}, Right: 1},
		{IDs: []int32{9, 8, 7, 9, 5}, Answers: [][]int32{{20, 21}, {22}}},
		{IDs: []int32{3, 4, 5, 6, 7, 8, 9}, Answers: [][]int32{{30, 31, 32}, {33, 34, 35}}, Right: 1},
	}
	o := tasks.Options{BOS: 1, Random: []int32{40, 41, 42}}
	seen := map[float64]tasks.Front{}
	for _, o.Front = range tasks.Fronts() {
		hidden := -1
		switch o.Front {
		case tasks.Masked:
			hidden = 0
		case tasks.MaskedOther:
			hidden = 1 + tasks.OtherKey
		}
		results, err := tasks.Score(m, prompts, o)
		require.NoError(t, err)
		for i, r := range results {
			require.Equal(t, prompts[i].Right, r.Right)
			require.Len(t, r.Scores, len(prompts[i].Answers))
			for a, answer := range prompts[i].Answers {
				text := o.Front.Put(prompts[i].IDs, 1, o.Random[i])
				require.InDelta(t, expected(t, m, text, answer, hidden), r.Scores[a], 1e-4, "%s, prompt %d, answer %d", o.Front, i, a)
			}
		}
		// The fronts are six different measurements.
		require.NotContains(t, seen, results[0].Scores[0])
		seen[results[0].Scores[0]] = o.Front
	}
}

func TestResult(t *testing.T) {
	right := tasks.Result{Scores: []float64{-3, -1, -2}, Right: 1}
	wrong := tasks.Result{Scores: []float64{-3, -1, -2}, Right: 0}
	tie := tasks.Result{Scores: []float64{-1, -1}, Right: 0}
	require.Equal(t, 1.0, right.Margin())
	require.Equal(t, -2.0, wrong.Margin())
	require.Equal(t, []float64{1, 0, 0}, tasks.Accuracy([]tasks.Result{right, wrong, tie}))
}

func TestScoreRefuses(t *testing.T) {
	m, err := tiny()
	require.NoError(t, err)
	good := tasks.Prompt{IDs: []int32{1, 2}, Answers: [][]int32{{3}, {4}}}
	for _, c := range []struct {
		prompts []tasks.Prompt
		o       tasks.Options
		want    string
	}{
		{nil, tasks.Options{Front: tasks.Kept}, "no prompts"},
		{[]tasks.Prompt{good}, tasks.Options{Front: "removed"}, "must be one of"},
		{[]tasks.Prompt{good}, tasks.Options{Front: tasks.Replaced}, "0 random tokens for 1 prompts"},
		{[]tasks.Prompt{good, {IDs: []int32{1}, Answers: [][]int32{{3}}}}, tasks.Options{Front: tasks.Kept}, "prompt 2: 1 answers"},
		{[]tasks.Prompt{{IDs: []int32{1}, Answers: [][]int32{{3}, {}}}}, tasks.Options{Front: tasks.Kept}, "answer 2 has no tokens"},
		{[]tasks.Prompt{{IDs: []int32{1}, Answers: [][]int32{{3}, {4}}, Right: 2}}, tasks.Options{Front: tasks.Kept}, "index 2"},
		{[]tasks.Prompt{{IDs: []int32{99}, Answers: [][]int32{{3}, {4}}}}, tasks.Options{Front: tasks.Kept}, "outside the vocabulary"},
		{[]tasks.Prompt{good}, tasks.Options{Front: tasks.MaskedOther}, "mask key 6"},
	} {
		_, err := tasks.Score(m, c.prompts, c.o)
		require.ErrorContains(t, err, c.want)
	}
}

// Special tokens are never drawn, and a seed gives its tokens again.
func TestRandomTokens(t *testing.T) {
	tok := tokenizer.NewBytes()
	a := tasks.RandomTokens(tok, 500, 1)
	require.Equal(t, a, tasks.RandomTokens(tok, 500, 1))
	require.NotEqual(t, a, tasks.RandomTokens(tok, 500, 2))
	for _, id := range a {
		require.False(t, tok.IsSpecial(id))
	}
}

// Losses of the text's tokens stand at the front's offset: with the text's own first token hidden from no one, its loss under Absent is
// not there at all.
func TestOffsetAlignsLosses(t *testing.T) {
	m, err := tiny()
	require.NoError(t, err)
	text := []int32{5, 6, 7, 8, 9, 10, 11}
	for _, f := range tasks.Fronts() {
		ids := f.Put(text, 1, 42)
		traces, err := probe.Run(m, [][]int32{ids}, probe.Options{Interventions: f.Interventions()})
		require.NoError(t, err)
		require.Len(t, traces[0].Loss[f.Offset():], len(text)-1)
		require.Equal(t, text, ids[f.Offset():])
	}
}
