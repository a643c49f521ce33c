package away

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"firsttoken/sinks"
	"firsttoken/sinks/probe"
	"firsttoken/train"
	"firsttoken/train/corpus"
	"firsttoken/train/local/backend"
	"firsttoken/train/transformer"
)

// Values are what a small model of drawn weights computes on a few drawn documents, and in its
// first updates.
type Values struct {
	Loss      [][]float32 `json:"loss"`       // [documents][T−1], nats
	Logits    [][]float32 `json:"logits"`     // [documents][V] after the last token
	SinkScore [][]float64 `json:"sink_score"` // [L][H], mean over documents
	Updates   []float64   `json:"updates"`    // loss before each of the first updates, nats
}

//go:embed reference.json
var referenceText []byte

// reference are the values of the CPU in float32, which a test computes anew.
func reference() (v Values, err error) {
	err = json.Unmarshal(referenceText, &v)
	return v, err
}

// The size of that model: two kinds of layers' worth of work, grouped heads, a width at which GPUs
// use their matrix units.
const (
	rightDocuments, rightT, rightUpdates = 4, 64, 3
	rightStd                             = 0.15 // scores spread enough for patterns that are not even
)

func rightConfig(computeType string) (train.Config, error) {
	c, err := train.Preset("smoke")
	if err != nil {
		return c, err
	}
	return c.Set("model.vocab=256", "model.layers=2", "model.width=128", "model.heads=4", "model.kv_heads=2", "model.head_dim=32", "model.hidden=256",
		fmt.Sprintf("model.context=%d", rightT), fmt.Sprintf("batch_tokens=%d", rightDocuments*rightT), "model.compute="+computeType,
		fmt.Sprintf("init_std=%g", rightStd), "optimizer.schedule=constant", "optimizer.warmup_steps=0", "optimizer.learning_rate=0.003")
}

// Compute gives the values of a backend, with matrix products in "float32" or "bfloat16".
func Compute(b compute.Backend, computeType string) (v Values, err error) {
	c, err := rightConfig(computeType)
	if err != nil {
		return v, err
	}
	p, err := transformer.RandomParams(&c.Model, dtypes.Float32, c.InitStd, c.Seed)
	if err != nil {
		return v, err
	}
	m, err := transformer.New(b, c.Model, p)
	if err != nil {
		return v, err
	}
	stream := randomStream{t: rightT, v: c.Model.Vocab}
	batch, err := stream.Batch(0, rightDocuments)
	if err != nil {
		return v, err
	}
	var docs [][]int32
	for i := range rightDocuments {
		docs = append(docs, batch.Row(i).Tokens)
	}
	traces, err := probe.Run(m, docs, probe.Options{})
	if err != nil {
		return v, err
	}
	for _, t := range traces {
		v.Loss, v.Logits = append(v.Loss, t.Loss), append(v.Logits, t.LogitsLast)
		score, err := t.SinkScore(sinks.Options{})
		if err != nil {
			return v, err
		}
		if v.SinkScore == nil {
			v.SinkScore = make([][]float64, len(score))
		}
		for l := range score {
			if v.SinkScore[l] == nil {
				v.SinkScore[l] = make([]float64, len(score[l]))
			}
			for h := range score[l] {
				v.SinkScore[l][h] += float64(score[l][h]) / float64(len(traces))
			}
		}
	}
	u, err := train.NewUpdater(b, c)
	if err != nil {
		return v, err
	}
	defer u.Close()
	v.Updates, err = u.Run(stream, rightUpdates)
	return v, err
}

// Bounds are the largest differences that pass.
type Bounds struct {
	Loss      float64 `json:"loss"`
	Logits    float64 `json:"logits"`
	SinkScore float64 `json:"sink_score"`
	Updates   float64 `json:"updates"`
}

// bounds by the type of matrix products. Those of bfloat16 are some four times what the CPU's own
// bfloat16 differs from its float32.
var bounds = map[string]Bounds{
	"float32":  {1e-4, 1e-4, 1e-4, 1e-4},
	"bfloat16": {0.4, 0.4, 0.0012, 0.03},
}

// differences are the largest of each kind; infinite where shapes or numbers do not fit.
func differences(a, b Values) Bounds {
	return Bounds{
		largest(slices.Concat(a.Loss...), slices.Concat(b.Loss...)), largest(slices.Concat(a.Logits...), slices.Concat(b.Logits...)),
		largest(slices.Concat(a.SinkScore...), slices.Concat(b.SinkScore...)), largest(a.Updates, b.Updates),
	}
}

func largest[F float32 | float64](a, b []F) float64 {
	if len(a) != len(b) || len(a) == 0 {
		return math.MaxFloat64
	}
	most := 0.0
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		if math.IsNaN(d) {
			return math.MaxFloat64
		}
		most = max(most, d)
	}
	return most
}

func (d Bounds) within(b Bounds) bool {
	return d.Loss <= b.Loss && d.Logits <= b.Logits && d.SinkScore <= b.SinkScore && d.Updates <= b.Updates
}

// Right is the answer of part 1.
type Right struct {
	Backend string                `json:"backend"`
	GPU     string                `json:"gpu,omitempty"`
	Types   map[string]Comparison `json:"types"`
}

// Comparison is how far a type of matrix products lies from the reference.
type Comparison struct {
	Largest Bounds `json:"largest"`
	Bounds  Bounds `json:"bounds"`
	Within  bool   `json:"within"`
}

// RightCommand computes the values and prints a Right: a process of its own.
func RightCommand(_ context.Context, _ []string, out io.Writer) error {
	b, _, err := backend.Open()
	if err != nil {
		return err
	}
	want, err := reference()
	if err != nil {
		return err
	}
	r := Right{Backend: train.Describe(b), Types: map[string]Comparison{}}
	_, r.GPU = train.DevicePeak(b)
	for name, bound := range bounds {
		got, err := Compute(b, name)
		if err != nil {
			return err
		}
		d := differences(got, want)
		r.Types[name] = Comparison{d, bound, d.within(bound)}
	}
	return json.NewEncoder(out).Encode(r)
}

// right is part 1. What it finds wrong is told, and the work goes on; a backend that does not open
// ends it.
func (s *site) right(ctx context.Context) error {
	var r Right
	if s.read("right.json", &r) {
		return nil
	}
	return s.alone("right", func() error {
		if s.read("right.json", &r) { // another process's
			return nil
		}
		s.say("is it right?")
		text, err := s.child(ctx, time.Now().Add(min(60*time.Second, s.left()*3/10)), "right", "right")
		switch {
		case errors.Is(err, errTimeUp):
			s.say("whether it is right was not known in time: later")
			return nil
		case err != nil:
			return fmt.Errorf("this backend does not work: %w", err)
		}
		if err := json.Unmarshal(text, &r); err != nil {
			return fmt.Errorf("right: %w", err)
		}
		for _, line := range r.lines() {
			s.say("  %s", line)
		}
		return s.write("right.json", r)
	})
}

// lines say what was found.
func (r *Right) lines() []string {
	var lines []string
	for _, name := range []string{"float32", "bfloat16"} {
		c := r.Types[name]
		word := "right"
		if !c.Within {
			word = "WRONG"
		}
		lines = append(lines, fmt.Sprintf("%s: %s (largest difference of losses %.1e, logits %.1e, sink scores %.1e, losses between updates %.1e; allowed %.0e, %.0e, %.0e, %.0e)", name, word,
			c.Largest.Loss, c.Largest.Logits, c.Largest.SinkScore, c.Largest.Updates, c.Bounds.Loss, c.Bounds.Logits, c.Bounds.SinkScore, c.Bounds.Updates))
	}
	return lines
}

// randomStream is windows of drawn tokens, the same everywhere. Low ids are frequent, as in text.
type randomStream struct{ t, v int }

// Windows implements corpus.Stream: it has no end.
func (r randomStream) Windows() int { return 0 }

// T implements corpus.Stream.
func (r randomStream) T() int { return r.t }

// V implements corpus.Stream.
func (r randomStream) V() int { return r.v }

// Batch implements corpus.Stream.
func (r randomStream) Batch(step, b int) (corpus.Batch, error) {
	out := corpus.NewBatch(b, r.t)
	for i := range b {
		rng := rand.New(rand.NewPCG(uint64(step*b+i), 1))
		row := out.Row(i)
		for t := range r.t {
			row.Tokens[t] = int32(float64(r.v) * math.Pow(rng.Float64(), 4))
			row.Positions[t], row.Weights[t] = int32(t), 1
			if t > 0 {
				row.Targets[t-1] = row.Tokens[t]
			}
		}
		row.Targets[r.t-1] = row.Tokens[0]
	}
	return out, nil
}
