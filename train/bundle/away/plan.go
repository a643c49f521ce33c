package away

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"firsttoken/train"
	"firsttoken/train/bundle"
	"firsttoken/train/corpus"
)

type entry = bundle.Entry

// Plan is what was chosen for the grids from the speeds. It stays: the same runs go on in later
// calls.
type Plan struct {
	Way []string `json:"way,omitempty"` // how updates are cut up, in all grids
	// Budgets in tokens, by grid, of all its runs; of a grid that has begun.
	Budgets map[string]int64 `json:"budgets,omitempty"`
}

// choose takes the fastest way, the first if none was measured.
func choose(ways [][]string, known []Speed) []string {
	if len(ways) == 0 {
		return nil
	}
	best, speed := ways[0], 0.0
	for _, k := range known {
		if k.Grid && k.TokensPerSecond > speed {
			best, speed = k.Way, k.TokensPerSecond
		}
	}
	return best
}

// pace is what the time of a run follows from.
type pace struct {
	flops    float64       // of the model, a second
	overhead time.Duration // of a run, besides its updates
}

// paceOf takes the pace from what was measured: of runs that are done if there are any, else of the
// speeds. The zero pace: nothing is known.
func paceOf(known []Speed, done []finished) pace {
	var p pace
	for _, k := range known {
		if k.Grid && k.FLOPs > p.flops {
			// The update is compiled, and some graphs that measure.
			p = pace{k.FLOPs, time.Duration(3 * k.Compile * float64(time.Second))}
		}
	}
	if len(done) > 0 {
		var flops, seconds float64
		var overhead time.Duration
		for _, d := range done {
			flops += float64(d.tokens) * d.perToken
			seconds += d.training
			overhead += d.whole - time.Duration(d.training*float64(time.Second))
		}
		if seconds > 0 {
			p = pace{flops / seconds, max(0, overhead/time.Duration(len(done)))}
		}
	}
	return p
}

// finished is a run that one process trained from its beginning to its end.
type finished struct {
	tokens   int64
	perToken float64 // operations
	training float64 // seconds of updates
	whole    time.Duration
}

// budgetStep is what budgets are multiples of.
const budgetStep = 1_000_000

// budget is the largest number of tokens, within the entry's bounds, with which runs of these
// models take no longer than within.
func (p pace) budget(e *entry, runs []train.Config, within time.Duration) int64 {
	if p.flops == 0 {
		return e.MinTokens
	}
	perToken := 0.0
	for _, c := range runs {
		perToken += c.Model.FLOPsPerToken(c.Model.Context)
	}
	seconds := (within - p.overhead*time.Duration(len(runs))).Seconds()
	fits := seconds * p.flops / perToken
	fits = math.Floor(fits/budgetStep) * budgetStep
	return int64(min(max(fits, float64(e.MinTokens)), float64(e.MaxTokens)))
}

// resolved is a grid with the plan's choices.
func (p *Plan) resolved(e *entry) train.Grid {
	g := e.Grid
	g.Set = slices.Concat(g.Set, p.Way)
	if n, ok := p.Budgets[e.Name]; ok {
		g.Set = append(g.Set, fmt.Sprintf("budget_tokens=%d", n))
	}
	return g
}

// waves splits a grid's runs by seed, in the order of the seeds' first runs.
func waves(configs []train.Config) [][]train.Config {
	var seeds []uint64
	var out [][]train.Config
	for _, c := range configs {
		i := slices.Index(seeds, c.Seed)
		if i < 0 {
			i = len(seeds)
			seeds, out = append(seeds, c.Seed), append(out, nil)
		}
		out[i] = append(out[i], c)
	}
	return out
}

// vocabulary is that of a configuration's text.
func vocabulary(c train.Config) (int, error) {
	d, err := corpus.Load(background, c.Data, "")
	if err != nil {
		return 0, err
	}
	return d.V(), d.Close()
}

// withVocabulary fills in the vocabulary, so that operations can be counted.
func withVocabulary(configs []train.Config) ([]train.Config, error) {
	out := slices.Clone(configs)
	for i := range out {
		if out[i].Model.Vocab == 0 {
			v, err := vocabulary(out[i])
			if err != nil {
				return nil, err
			}
			out[i].Model.Vocab = v
		}
	}
	return out, nil
}

func (s *site) path(elem ...string) string { return filepath.Join(append([]string{s.Out}, elem...)...) }
