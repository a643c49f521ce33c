package synthetic

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// TriggerMeanConfig configures [NewTriggerMean]. Start from [DefaultTriggerMeanConfig].
type TriggerMeanConfig struct {
	// Levels is the number of values: ids 0 … Levels−1 stand for the values 0, 1, …
	Levels int `json:"levels"`
	// Rate is the probability that a position holds the trigger instead of a value.
	Rate float64 `json:"rate"`
	// Spread is the standard deviation of the values of a sequence around its centre, in levels.
	Spread float64 `json:"spread"`
}

// DefaultTriggerMeanConfig has 32 levels, a spread of 4 and a trigger at every eighth position on average.
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
	case !(c.Spread >= 0 && c.Spread <= float64(c.Levels)):
		return fmt.Errorf("synthetic: TriggerMeanConfig.Spread is %v: use 0 … Levels = %d", c.Spread, c.Levels)
	}
	return nil
}

// TriggerMean asks at each trigger for the mean of the values before it, rounded to a level (halves up), and elsewhere
// for Zero, a token that is never an input. Triggers and ⟨bos⟩ are no values. The first value precedes every trigger.
//
// The task of arXiv 2603.11487 maps vectors to vectors: the target is the mean of the inputs so far at a trigger and the
// zero vector elsewhere, the loss a squared error. This is its counterpart for models of tokens, with three differences:
// values are one-dimensional and discrete; the target is a class, the loss cross-entropy; and the values of a sequence lie
// around a centre of its own, drawn uniformly, since the mean of values without one would tend to the same class
// whatever the sequence. What should need a sink is the same: a head that averages, and must write nothing elsewhere.
type TriggerMean struct{ cfg TriggerMeanConfig }

// NewTriggerMean checks the configuration.
func NewTriggerMean(cfg TriggerMeanConfig) (*TriggerMean, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &TriggerMean{cfg}, nil
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
	centre := rng.Float64() * top
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
			sum += value
			n++
		}
	}
}

// OracleLoss implements [Task]. It is 0: every target follows from the inputs.
func (t *TriggerMean) OracleLoss(bool, int) float64 { return 0 }
