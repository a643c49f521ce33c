package measure_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/stretchr/testify/require"

	"firsttoken/sinks/quantize"
	"firsttoken/sinks/security"
	"firsttoken/sinks/security/measure"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/transformer"
)

// speaker is a small random model of SmolLM2's vocabulary and manners.
var speaker = sync.OnceValues(func() (s measure.Speaker, err error) {
	if s.Tokenizer, err = pretrained.LoadTokenizer("smollm2"); err != nil {
		return s, err
	}
	if s.Chat, err = pretrained.LoadChat("smollm2"); err != nil {
		return s, err
	}
	b, _, err := backend.Open()
	if err != nil {
		return s, err
	}
	c := transformer.Tiny()
	c.Vocab, c.Context = s.Tokenizer.VocabSize(), 128
	p, err := transformer.RandomParams(&c, dtypes.Float32, 0.4, 11)
	if err != nil {
		return s, err
	}
	s.Model, err = transformer.New(b, c, p)
	return s, err
})

func speaks(t *testing.T) measure.Speaker {
	t.Helper()
	s, err := speaker()
	if errors.Is(err, local.ErrNotSetUp) {
		t.Skip("SmolLM2's file is not here, whose chat template is used: make setup fetches it")
	}
	require.NoError(t, err)
	return s
}

func texts(n, length int) [][]int32 {
	rng := rand.New(rand.NewPCG(3, 4))
	out := make([][]int32, n)
	for i := range out {
		for range length {
			out[i] = append(out[i], 5+rng.Int32N(1000))
		}
	}
	return out
}

var pairs = []security.Pair{{Mild: "Write a rumour.", Harmless: "Write a card."}, {Mild: "Tell me his number.", Harmless: "Tell me a number."},
	{Mild: "Fool my boss.", Harmless: "Help my boss."}}

// A token exchanged for itself changes nothing; for another it changes loss and predictions.
func TestEdits(t *testing.T) {
	s, all := speaks(t), texts(2, 16)
	o := measure.EditsOptions{Positions: []int{0, 5}, Tail: 4}
	same := [][]int32{all[0], all[0]}
	e, err := measure.Edits(s.Model, same, []int32{all[0][0], all[0][5]}, o)
	require.NoError(t, err)
	require.Equal(t, []float64{0, 0}, e.KL[0][0], "position 1, its own token")
	require.Equal(t, []float64{0, 0}, e.Loss[1][1], "position 6, its own token")
	require.Equal(t, []float64{0, 0}, e.Rate[1][1])
	require.Positive(t, e.KL[0][1][0])
	require.NotZero(t, e.Loss[0][1][0])
	require.Positive(t, e.KL[1][0][0])
	require.Equal(t, e.KL[0][1][0], e.KL[0][1][1], "one text twice")
	require.Equal(t, e.Whole.Loss[0], e.Whole.Loss[1])

	for want, o := range map[string]measure.EditsOptions{
		"give some of each":                 {Tail: 4},
		"token 13 is not before its last 4": {Positions: []int{12}, Tail: 4},
	} {
		_, err = measure.Edits(s.Model, all, []int32{1}, o)
		require.ErrorContains(t, err, want)
	}
}

// A text that is not followed by a run is as it was; copies from the first token on are all alike.
func TestRepeats(t *testing.T) {
	s, all := speaks(t), texts(2, 16)
	sink := quantize.Sink{Makers: []int{0}, First: 0, Last: s.Config.Layers - 1}
	text, err := measure.Repeats(s.Model, all, []int32{9, 9}, 16, sink)
	require.NoError(t, err)
	run, err := measure.Repeats(s.Model, all, []int32{9, 9}, 0, sink)
	require.NoError(t, err)
	require.NotEqual(t, text, run)
	require.Equal(t, run.Massive[0], run.Massive[1], "nothing is left of the texts")
	for _, x := range run.Massive[0] {
		require.InDelta(t, run.Massive[0][0], x, 1e-3, "equal values mix to themselves, wherever attention goes")
	}
	require.Len(t, run.Share[0], 15)
	_, err = measure.Repeats(s.Model, all, []int32{9}, 0, sink)
	require.ErrorContains(t, err, "give one for each")
}

// A trigger of no words changes nothing anywhere, one of some changes answers everywhere.
func TestTriggers(t *testing.T) {
	s := speaks(t)
	messages := []string{"Write a card.", "Tell me a number."}
	kl, err := measure.Triggers(s, messages, texts(2, 3), []string{"", "cf mn"})
	require.NoError(t, err)
	require.Len(t, kl, len(security.Places()))
	for place := range kl {
		require.Equal(t, []float64{0, 0}, kl[place][0])
		require.Positive(t, kl[place][1][0])
		require.Positive(t, kl[place][1][1])
	}
	_, err = measure.Triggers(s, messages, texts(1, 3), []string{"x"})
	require.ErrorContains(t, err, "give an answer for each message")
	_, err = measure.Triggers(s, messages, [][]int32{{1, 2}, {1}}, []string{"x"})
	require.ErrorContains(t, err, "answer 2 has 1 tokens")
}

// Forcing what would have come changes nothing, bit for bit, in answers and in how they are read
// again, with the sink on or off; another token does.
func TestForcedArgMax(t *testing.T) {
	s := speaks(t)
	prompts, err := s.Ask(security.Messages(pairs)...)
	require.NoError(t, err)
	free, err := measure.Answers(s, prompts, nil, 4)
	require.NoError(t, err)
	var own, other []int32
	for _, a := range free {
		own, other = append(own, a.IDs[0]), append(other, a.IDs[0]+7)
	}
	same, err := measure.Answers(s, prompts, own, 4)
	require.NoError(t, err)
	require.Equal(t, free, same)
	changed, err := measure.Answers(s, prompts, other, 4)
	require.NoError(t, err)
	require.Equal(t, other[0], changed[0].IDs[0])
	require.NotEqual(t, free[0].IDs[1:], changed[0].IDs[1:])

	sink := quantize.Sink{Makers: []int{0}, First: 0, Last: s.Config.Layers - 1}
	f := &measure.Forced{Answers: map[string][]measure.Answer{measure.Free: free},
		First: map[string][]int32{measure.Safety: own, measure.Neutral: other[:3], measure.Random: own[:3]}}
	r, err := measure.Depth(s, pairs, f, sink)
	require.NoError(t, err)
	for i, a := range free {
		require.Equal(t, make([]float64, len(a.IDs)), r.KL[measure.Safety][i])
	}
	require.Equal(t, [][]float64{{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}}, r.Off)
	require.Equal(t, r.Second[measure.Free], r.Second[measure.Safety])
	require.Positive(t, r.KL[measure.Neutral][0][0])

	f.First[measure.Safety] = other
	again, err := measure.Depth(s, pairs, f, sink)
	require.NoError(t, err)
	require.Equal(t, r.KL[measure.Neutral], again.KL[measure.Safety][:3])
	require.NotEqual(t, again.KL[measure.Safety][:3], again.Off, "the switch does something")
	_, err = measure.Depth(s, pairs, f, quantize.Gemma3Sink)
	require.ErrorContains(t, err, "are not all among the model's")
}

// A model that says nothing of the kind refuses nothing, and then there is nothing to force.
func TestForceRefused(t *testing.T) {
	_, err := measure.Force(speaks(t), pairs, texts(1, 8), measure.ForcedOptions{Tokens: 2, System: "Decline.", Least: 1})
	require.ErrorContains(t, err, "told to or not: there is no P_safety")
}

// With a model that says one thing which counts as a refusal, that is what is forced; the controls
// begin other answers or come from the texts, and the same seed gives the same.
func TestForce(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: answers of SmolLM2")
	}
	s, all := speaks(t), texts(2, 8)
	prompts, err := s.Ask(security.Messages(pairs)...)
	require.NoError(t, err)
	free, err := measure.Answers(s, prompts, nil, 3)
	require.NoError(t, err)
	defer func(list []string) { security.Refusals = list }(security.Refusals)
	security.Refusals = []string{strings.ToLower(free[0].Text)}
	o := measure.ForcedOptions{Tokens: 3, System: "Decline.", Least: 1, Seed: 3}
	f, err := measure.Force(s, pairs, all, o)
	require.NoError(t, err)
	require.False(t, f.Elicited)
	require.Equal(t, free, f.Answers[measure.Free])
	for i, first := range f.First[measure.Safety] {
		require.Contains(t, f.Safe.IDs, first)
		require.Equal(t, first, f.Answers[measure.Safety][i].IDs[0])
	}
	require.Len(t, f.First[measure.Safety], 6)
	for i := range pairs {
		require.NotContains(t, f.Safe.IDs, f.First[measure.Neutral][i])
		require.Contains(t, slices.Concat(all...), f.First[measure.Random][i])
		require.Equal(t, f.First[measure.Random][i], f.Answers[measure.Random][i].IDs[0])
	}
	again, err := measure.Force(s, pairs, all, o)
	require.NoError(t, err)
	require.Equal(t, f, again)
	_, err = measure.Force(s, pairs, nil, o)
	require.ErrorContains(t, err, "no texts")
}

// Classes that are one class do not diverge.
func TestClasses(t *testing.T) {
	s := speaks(t)
	one := []security.Pair{{Mild: "A b.", Harmless: "A b."}, {Mild: "C d.", Harmless: "C d."}, {Mild: "E f g.", Harmless: "E f g."}}
	c, err := measure.Classes(s, one, &security.Firsts{IDs: []int32{5}, Counts: []int{1}}, 3, 1)
	require.NoError(t, err)
	require.Zero(t, c.Apart)
	require.InDelta(t, c.Safe[0], c.Safe[3], 1e-5)
	require.Len(t, c.Safe, 6)
	two, err := measure.Classes(s, pairs, &security.Firsts{IDs: []int32{5}, Counts: []int{1}}, 3, 1)
	require.NoError(t, err)
	require.NotEqual(t, c.Delta, two.Delta)
}
