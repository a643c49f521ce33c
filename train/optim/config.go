// Package optim is the optimiser of the training runs: AdamW with decoupled decay
// on matrices only (Loshchilov and Hutter, arXiv 1711.05101), clipping of the
// gradient's global norm, and a warm-up followed by a cosine or a constant rate.
//
// The moments and their update are GoMLX's Adam. What it lacks is added in one
// file, adamw.go, which says what and why; a test there fails when GoMLX has
// learned it.
package optim

import (
	"errors"
	"fmt"
	"math"
)

// Config chooses the optimiser. The zero value is not usable: start from [Default].
type Config struct {
	LearningRate float64 `json:"learning_rate"` // the highest rate, reached after the warm-up
	// Schedule is "cosine", from LearningRate down to MinRatio · LearningRate at the
	// last step, or "constant".
	Schedule    string  `json:"schedule"`
	MinRatio    float64 `json:"min_ratio"`    // where the cosine ends, as a share of LearningRate
	WarmupSteps int     `json:"warmup_steps"` // steps over which the rate rises from 0, linearly
	Beta1       float64 `json:"beta1"`        // decay of the first moment
	Beta2       float64 `json:"beta2"`        // decay of the second moment
	Epsilon     float64 `json:"epsilon"`      // added to the root of the second moment
	// WeightDecay λ shrinks each matrix by rate·λ a step. Vectors (norm gains, sink
	// logits) do not decay; embeddings are matrices.
	WeightDecay float64 `json:"weight_decay"`
	// Clip bounds the Euclidean norm of all gradients together; 0 for no bound.
	Clip float64 `json:"clip"`
}

// Default is what the Llama-style models of the literature train with.
func Default() Config {
	return Config{
		LearningRate: 3e-3, Schedule: "cosine", MinRatio: 0.1, WarmupSteps: 100,
		Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, WeightDecay: 0.1, Clip: 1,
	}
}

// Validate says what is wrong with the configuration, all of it at once.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	finite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	check(c.LearningRate > 0 && finite(c.LearningRate), "learning_rate = %g: must be above 0 and finite", c.LearningRate)
	check(c.Schedule == "cosine" || c.Schedule == "constant", "schedule = %q: must be cosine or constant", c.Schedule)
	check(c.MinRatio >= 0 && c.MinRatio <= 1, "min_ratio = %g: must be in [0, 1]", c.MinRatio)
	check(c.WarmupSteps >= 0, "warmup_steps = %d: must not be negative", c.WarmupSteps)
	check(c.Beta1 >= 0 && c.Beta1 < 1, "beta1 = %g: must be in [0, 1)", c.Beta1)
	check(c.Beta2 >= 0 && c.Beta2 < 1, "beta2 = %g: must be in [0, 1)", c.Beta2)
	check(c.Epsilon > 0 && c.Epsilon < 1, "epsilon = %g: must be in (0, 1)", c.Epsilon)
	check(c.WeightDecay >= 0 && finite(c.WeightDecay), "weight_decay = %g: must be finite and not negative", c.WeightDecay)
	check(c.LearningRate*c.WeightDecay < 1, "learning_rate · weight_decay = %g: at 1 and above a step turns weights around", c.LearningRate*c.WeightDecay)
	check(c.Clip >= 0 && finite(c.Clip), "clip = %g: must be finite and not negative", c.Clip)
	if len(errs) > 0 {
		return fmt.Errorf("optimizer: %w", errors.Join(errs...))
	}
	return nil
}

// Rate is the learning rate of step t of steps, counted from 1:
// t/w for t ≤ w, then m + (1−m)·(1 + cos π·(t−w)/(n−w))/2 for a cosine and 1 for
// a constant, all times LearningRate.
func (c Config) Rate(t, steps int) float64 {
	w := c.WarmupSteps
	if t <= w {
		return c.LearningRate * float64(t) / float64(w)
	}
	if c.Schedule == "constant" {
		return c.LearningRate
	}
	done := min(float64(t-w)/math.Max(float64(steps-w), 1), 1)
	return c.LearningRate * (c.MinRatio + (1-c.MinRatio)*(1+math.Cos(math.Pi*done))/2)
}
