package tasks_test

import (
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/tasks"
	"firsttoken/train/transformer"
)

var shared = sync.OnceValues(func() (*transformer.Model, error) { return tiny.Random(transformer.Tiny(), 0.4, 11) })

// expected is the mean log-probability of an answer from the whole logits of the text so far, with
// the key of token hidden hidden.
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

// Scores equal those from the whole logits under every front, for answers of one token and of
// several.
func TestScore(t *testing.T) {
	m, err := shared()
	require.NoError(t, err)
	prompts := []tasks.Prompt{
		{IDs: []int32{5, 6, 7, 8, 9, 10}, Answers: [][]int32{{20}, {21}, {22}}, Right: 1},
		{IDs: []int32{9, 8, 7, 9, 5}, Answers: [][]int32{{20, 21}, {22}}},
		{IDs: []int32{3, 4, 5, 6, 7, 8, 9}, Answers: [][]int32{{30, 31, 32}, {33, 34, 35}}, Right: 1},
	}
	first := map[probe.Front]float64{}
	for _, front := range probe.Fronts() {
		results, err := tasks.Score(m, prompts, tasks.Options{Front: front, BOS: 1})
		require.NoError(t, err)
		texts, _, err := front.Whole([][]int32{prompts[0].IDs, prompts[1].IDs, prompts[2].IDs}, 1)
		require.NoError(t, err)
		hidden := -1
		if front == probe.FrontMasked {
			hidden = 0
		}
		for i, r := range results {
			require.Equal(t, prompts[i].Right, r.Right)
			require.Len(t, r.Scores, len(prompts[i].Answers))
			for a, answer := range prompts[i].Answers {
				require.InDelta(t, expected(t, m, texts[i], answer, hidden), r.Scores[a], 1e-4, "%s, prompt %d, answer %d", front, i, a)
			}
		}
		first[front] = results[0].Scores[0]
	}
	for _, a := range probe.Fronts() {
		for _, b := range probe.Fronts() {
			apart := math.Abs(first[a] - first[b])
			if a == b || a == probe.FrontMasked && b == probe.FrontNone || a == probe.FrontNone && b == probe.FrontMasked {
				require.Less(t, apart, 1e-4, "%s and %s: to the text, a hidden ⟨bos⟩ is none", a, b)
				continue
			}
			require.Greater(t, apart, 1e-3, "%s and %s are different measurements", a, b)
		}
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
	m, err := shared()
	require.NoError(t, err)
	good := tasks.Prompt{IDs: []int32{1, 2}, Answers: [][]int32{{3}, {4}}}
	for _, c := range []struct {
		prompts []tasks.Prompt
		o       tasks.Options
		want    string
	}{
		{nil, tasks.Options{Front: probe.FrontBOS}, "no prompts"},
		{[]tasks.Prompt{good}, tasks.Options{Front: "removed"}, "unknown front"},
		{[]tasks.Prompt{good, {IDs: []int32{1}, Answers: [][]int32{{3}}}}, tasks.Options{Front: probe.FrontBOS}, "prompt 2: 1 answers"},
		{[]tasks.Prompt{{Answers: [][]int32{{3}, {4}}}}, tasks.Options{Front: probe.FrontBOS}, "prompt 1: no tokens"},
		{[]tasks.Prompt{{IDs: []int32{1}, Answers: [][]int32{{3}, {}}}}, tasks.Options{Front: probe.FrontBOS}, "answer 2 has no tokens"},
		{[]tasks.Prompt{{IDs: []int32{1}, Answers: [][]int32{{3}, {4}}, Right: 2}}, tasks.Options{Front: probe.FrontBOS}, "index 2"},
		{[]tasks.Prompt{{IDs: []int32{99}, Answers: [][]int32{{3}, {4}}}}, tasks.Options{Front: probe.FrontNone}, "outside the vocabulary"},
		{[]tasks.Prompt{good}, tasks.Options{Front: probe.FrontBOS, BOS: 99}, "outside the vocabulary"},
	} {
		_, err := tasks.Score(m, c.prompts, c.o)
		require.ErrorContains(t, err, c.want)
	}
}
