package synthetic

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
)

// TriggerMeanConfig configures [NewTriggerMean]. Start from [DefaultTriggerMeanConfig].
type TriggerMeanConfig struct {
	// Levels is the number of values: ids 0 … Levels−1 stand for the values 0, 1, …
	Levels int `json:"levels"`
	// Rate is the probability that a position holds the trigger instead of a value.
	Rate float64 `json:"rate"`
	// Spread is the standard deviation of the values of a sequence around its centre, in levels.
	Spread float64 `json:"spread"`
	// Common gives all sequences one centre, the middle, instead of one each.
	Common bool `json:"common,omitempty"`
	// Peak, if not 0, asks elsewhere for a level drawn from P(· | value) ∝ exp(Peak · g), g
	// standard normal, in place of Zero. The rows of P are one row in other orders, so that each
	// has the same entropy.
	Peak float64 `json:"peak,omitempty"`
	// Seed draws P.
	Seed uint64 `json:"seed,omitempty"`
}

// DefaultTriggerMeanConfig has 32 levels, a spread of 4 and a trigger at every eighth position on
// average.
func DefaultTriggerMeanConfig() TriggerMeanConfig {
	return TriggerMeanConfig{Levels: 32, Rate: 0.125, Spread: 4}
}

// Validate reports the first field that makes no sense.
func (c TriggerMeanConfig) Validate() error {
	switch {
	case c.Levels < 2 || c.Levels > 1<<20:
		return fmt.Errorf("synthetic: TriggerMeanConfig.Levels is %d: use 2 … %d", c.Levels, 1<<20)
	case !(c.Rate > 0 && c.Rate < 1):
		return fmt.Errorf("synthetic: TriggerMeanConfig.Rate is %v: use a probability between 0 and 1, such as 0.125", c.Rate)
	case !(c.Peak >= 0 && c.Peak <= 100):
		return fmt.Errorf("synthetic: TriggerMeanConfig.Peak is %v: use 0 (ask for Zero) … 100", c.Peak)
	case !(c.Spread >= 0 && c.Spread <= float64(c.Levels)):
		return fmt.Errorf("synthetic: TriggerMeanConfig.Spread is %v: use 0 … Levels = %d", c.Spread, c.Levels)
	}
	return nil
}

// TriggerMean asks at each trigger for the mean of the values before it, rounded to a level (halves
// up), and elsewhere for Zero, a token that is never an input. Triggers and ⟨bos⟩ are no values.
// The first value precedes every trigger.
//
// The task of arXiv 2603.11487 maps vectors to vectors: the target is the mean of the inputs so far
// at a trigger and the zero vector elsewhere, the loss a squared error. This is its counterpart for
// models of tokens, with three differences: values are one-dimensional and discrete; the target is
// a class, the loss cross-entropy; and the values of a sequence lie around a centre of its own,
// drawn uniformly, since the mean of values without one would tend to the same class whatever the
// sequence. What should need a sink is the same: a head that averages, and must write nothing
// elsewhere.
//
// With Peak something else than the mean is asked for at values, too, and what the head writes
// there is in the way. It does not fade as sequences grow: the mean of a sequence tends to its
// centre, not to nothing. With Common, it does.
type TriggerMean struct {
	cfg TriggerMeanConfig
	// cumulated are the running sums of P along a row, [Levels][Levels]; nil if Peak is 0.
	cumulated [][]float64
	entropy   float64 // of each row, nats
}

// NewTriggerMean checks the configuration.
func NewTriggerMean(cfg TriggerMeanConfig) (*TriggerMean, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	t := &TriggerMean{cfg: cfg}
	if cfg.Peak > 0 {
		t.drawTargets()
	}
	return t, nil
}

// drawTargets makes P.
func (t *TriggerMean) drawTargets() {
	rng := rand.New(rand.NewPCG(t.cfg.Seed, 1))
	p := make([]float64, t.cfg.Levels)
	for y := range p {
		p[y] = t.cfg.Peak * rng.NormFloat64()
	}
	z := floats.LogSumExp(p)
	for y, x := range p {
		p[y] = math.Exp(x - z)
		t.entropy -= p[y] * (x - z)
	}
	for range p {
		row := make([]float64, len(p))
		for from, to := range rng.Perm(len(p)) {
			row[to] = p[from]
		}
		t.cumulated = append(t.cumulated, floats.CumSum(row, row))
	}
}

// Trigger is the id of the trigger.
func (t *TriggerMean) Trigger() int32 { return int32(t.cfg.Levels) }

// Zero is the target where nothing is asked for.
func (t *TriggerMean) Zero() int32 { return int32(t.cfg.Levels) + 1 }

// BOS implements [Task].
func (t *TriggerMean) BOS() int32 { return int32(t.cfg.Levels) + 2 }

// V implements [Task].
func (t *TriggerMean) V() int { return t.cfg.Levels + 3 }

// Draw implements [Task].
func (t *TriggerMean) Draw(rng *rand.Rand, bos bool, tokens, targets []int32) {
	top := float64(t.cfg.Levels - 1)
	centre := top / 2
	if !t.cfg.Common {
		centre = rng.Float64() * top
	}
	sum, n := 0, 0
	for i := range tokens {
		targets[i] = t.Zero()
		switch {
		case bos && i == 0:
			tokens[i] = t.BOS()
		case n > 0 && rng.Float64() < t.cfg.Rate:
			tokens[i], targets[i] = t.Trigger(), int32((2*sum+n)/(2*n))
		default:
			value := int(math.Round(min(max(centre+t.cfg.Spread*rng.NormFloat64(), 0), top)))
			tokens[i] = int32(value)
			if t.cumulated != nil {
				targets[i] = draw(rng, t.cumulated[value])
			}
			sum += value
			n++
		}
	}
}

// OracleLoss implements [Task]: the entropy of P at values, 0 elsewhere.
func (t *TriggerMean) OracleLoss(bos bool, length int) float64 {
	inputs := length
	if bos {
		inputs--
	}
	if inputs == 0 {
		return 0
	}
	values := 1 + float64(inputs-1)*(1-t.cfg.Rate) // the first is one
	return t.entropy * values / float64(length)
}
