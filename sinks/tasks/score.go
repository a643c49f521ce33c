package tasks

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// Prompt is a task in a model's tokens, without anything in front.
type Prompt struct {
	IDs     []int32
	Answers [][]int32
	Right   int // index of the right answer
}

// check reports a prompt that asks nothing or has nothing to choose from.
func (p Prompt) check() error {
	if len(p.IDs) == 0 {
		return errors.New("no tokens")
	}
	if len(p.Answers) < 2 || p.Right < 0 || p.Right >= len(p.Answers) {
		return fmt.Errorf("%d answers, the right one of index %d: need two at least and an index among them", len(p.Answers), p.Right)
	}
	for i, a := range p.Answers {
		if len(a) == 0 {
			return fmt.Errorf("answer %d has no tokens", i+1)
		}
	}
	return nil
}

// single reports whether each answer is one token. Then one pass scores them all.
func (p Prompt) single() bool {
	for _, a := range p.Answers {
		if len(a) != 1 {
			return false
		}
	}
	return true
}

// Result is a model's opinion of one prompt.
type Result struct {
	Scores []float64 `json:"scores"` // mean log-probability of each answer's tokens, nats a token
	Right  int       `json:"right"`
}

// Correct reports whether the right answer has the highest score. A tie is not enough.
func (r Result) Correct() bool { return r.Margin() > 0 }

// Margin is the right answer's score less the highest of the others, nats a token.
func (r Result) Margin() float64 {
	best := math.Inf(-1)
	for i, s := range r.Scores {
		if i != r.Right {
			best = max(best, s)
		}
	}
	return r.Scores[r.Right] - best
}

// Accuracy is 1 for each correct result and 0 for each other, for stats.Mean and stats.Paired.
func Accuracy(results []Result) []float64 {
	x := make([]float64, len(results))
	for i, r := range results {
		if r.Correct() {
			x[i] = 1
		}
	}
	return x
}

// Options of Score.
type Options struct {
	Front probe.Front // what stands in front of each prompt
	BOS   int32       // ⟨bos⟩, for the fronts that have it
	// BatchTokens bounds B·T of a batch; 0 for probe's default.
	BatchTokens int
}

// Score runs the prompts behind a front, in their order.
func Score(m *transformer.Model, prompts []Prompt, o Options) ([]Result, error) {
	if len(prompts) == 0 {
		return nil, errors.New("tasks: no prompts")
	}
	texts := make([][]int32, len(prompts))
	for i, p := range prompts {
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("tasks: prompt %d: %w", i+1, err)
		}
		texts[i] = p.IDs
	}
	texts, interventions, err := o.Front.Whole(texts, o.BOS)
	if err != nil {
		return nil, fmt.Errorf("tasks: %w", err)
	}
	results := make([]Result, len(prompts))
	var last, whole batch // what needs the logits after the last token only, and what needs losses
	for i, p := range prompts {
		scores := make([]float64, len(p.Answers))
		results[i] = Result{Scores: scores, Right: p.Right}
		if p.single() {
			last.add(texts[i], func(t *sinks.Trace) { fromLogits(scores, p.Answers, t.LogitsLast) })
			continue
		}
		for a, answer := range p.Answers {
			whole.add(slices.Concat(texts[i], answer), func(t *sinks.Trace) {
				tail := t.Loss[len(t.Loss)-len(answer):]
				scores[a] = -sinks.RowSum(tail) / float64(len(answer))
			})
		}
	}
	options := probe.Options{
		Metrics:       []ondevice.Metric{ondevice.ResidNorm}, // none would mean all
		Interventions: interventions,
		BatchTokens:   o.BatchTokens,
	}
	if err := whole.run(m, options); err != nil {
		return nil, fmt.Errorf("tasks: front %q: %w", o.Front, err)
	}
	options.SkipLoss = true
	if err := last.run(m, options); err != nil {
		return nil, fmt.Errorf("tasks: front %q: %w", o.Front, err)
	}
	return results, nil
}

// batch is documents, and for each what takes its scores.
type batch struct {
	docs [][]int32
	read []func(*sinks.Trace)
}

func (b *batch) add(doc []int32, read func(*sinks.Trace)) {
	b.docs, b.read = append(b.docs, doc), append(b.read, read)
}

func (b *batch) run(m *transformer.Model, o probe.Options) error {
	if len(b.docs) == 0 {
		return nil
	}
	return probe.Each(m, b.docs, o, func(i int, t *sinks.Trace) error {
		b.read[i](t)
		return nil
	})
}

// fromLogits scores answers of one token by the next token's log-probabilities.
func fromLogits(scores []float64, answers [][]int32, logits []float32) {
	wide := make([]float64, len(logits))
	for i, x := range logits {
		wide[i] = float64(x)
	}
	norm := floats.LogSumExp(wide)
	for a, answer := range answers {
		scores[a] = wide[answer[0]] - norm
	}
}
