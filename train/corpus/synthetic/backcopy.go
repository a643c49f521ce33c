package synthetic

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// BackcopyConfig configures [NewBackcopy]. Start from [DefaultBackcopyConfig].
type BackcopyConfig struct {
	// Tokens is the number of tokens besides ⟨bos⟩, triggers included. V is one more.
	Tokens int `json:"tokens"`
	// Triggers is how many of them are triggers: the last ones, ids Tokens−Triggers … Tokens−1.
	Triggers int `json:"triggers"`
	// Peak is how peaked the transitions are: P(y|x) ∝ exp(Peak · g(x,y)), g standard normal. 0:
	// uniform.
	Peak float64 `json:"peak"`
	// Seed draws the transitions.
	Seed uint64 `json:"seed"`
}

// DefaultBackcopyConfig has 64 tokens, 16 of them triggers, and peaked transitions: about 9 likely
// successors a token.
func DefaultBackcopyConfig() BackcopyConfig {
	return BackcopyConfig{Tokens: 64, Triggers: 16, Peak: 2, Seed: 1}
}

// Validate reports the first field that makes no sense.
func (c BackcopyConfig) Validate() error {
	switch {
	case c.Tokens < 2 || c.Tokens > 1<<14:
		return fmt.Errorf("synthetic: BackcopyConfig.Tokens is %d: use 2 … %d", c.Tokens, 1<<14)
	case c.Triggers < 0 || c.Triggers >= c.Tokens:
		return fmt.Errorf("synthetic: BackcopyConfig.Triggers is %d of %d tokens: leave at least one that is none", c.Triggers, c.Tokens)
	case !(c.Peak >= 0 && c.Peak <= 100):
		return fmt.Errorf("synthetic: BackcopyConfig.Peak is %v: use 0 (uniform) … 100", c.Peak)
	}
	return nil
}

// Backcopy is the Bigram-Backcopy task. With x₀ = ⟨bos⟩ and x₁ drawn uniformly from the tokens that
// are no triggers,
//
//	xₜ₊₁ = xₜ₋₁ if xₜ is a trigger, else xₜ₊₁ ~ P(· | xₜ)
//
// and the target of each input is the next token. Two triggers never follow each other, since a
// trigger is only ever reached from another token, which then comes again. Without ⟨bos⟩ a sequence
// starts at x₁. The paper estimates P from Shakespeare's characters; here it is drawn, so that its
// entropy can be chosen.
type Backcopy struct {
	cfg BackcopyConfig
	// probability and cumulated are P and its running sums along a row, [Tokens−Triggers][Tokens].
	probability, cumulated [][]float64
}

// NewBackcopy draws the transitions.
func NewBackcopy(cfg BackcopyConfig) (*Backcopy, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	t := &Backcopy{cfg: cfg}
	rng := rand.New(rand.NewPCG(cfg.Seed, 0))
	for range t.plain() {
		p, sum := make([]float64, cfg.Tokens), 0.0
		for y := range p {
			p[y] = math.Exp(cfg.Peak * rng.NormFloat64())
			sum += p[y]
		}
		c, running := make([]float64, cfg.Tokens), 0.0
		for y := range p {
			p[y] /= sum
			running += p[y]
			c[y] = running
		}
		t.probability, t.cumulated = append(t.probability, p), append(t.cumulated, c)
	}
	return t, nil
}

// plain is the number of tokens that are no triggers.
func (t *Backcopy) plain() int { return t.cfg.Tokens - t.cfg.Triggers }

// V implements [Task].
func (t *Backcopy) V() int { return t.cfg.Tokens + 1 }

// BOS implements [Task].
func (t *Backcopy) BOS() int32 { return int32(t.cfg.Tokens) }

// Trigger reports whether id is a trigger, after which the token before it comes again.
func (t *Backcopy) Trigger(id int32) bool { return int(id) >= t.plain() && int(id) < t.cfg.Tokens }

// Draw implements [Task].
func (t *Backcopy) Draw(rng *rand.Rand, bos bool, tokens, targets []int32) {
	before, at := int32(0), t.BOS()
	if !bos {
		at = rng.Int32N(int32(t.plain()))
	}
	for i := range tokens {
		next := before
		switch {
		case at == t.BOS():
			next = rng.Int32N(int32(t.plain()))
		case !t.Trigger(at):
			next = draw(rng, t.cumulated[at])
		}
		tokens[i], targets[i] = at, next
		before, at = at, next
	}
}

// OracleLoss implements [Task]. It is 0 after triggers, and the entropy of the transition
// elsewhere.
func (t *Backcopy) OracleLoss(bos bool, length int) float64 {
	n := t.plain()
	entropy := make([]float64, n)
	for x, row := range t.probability {
		for _, p := range row {
			if p > 0 {
				entropy[x] -= p * math.Log(p)
			}
		}
	}
	// plain[x] = P(xₜ = x), pending[x] = P(xₜ is a trigger and xₜ₋₁ = x).
	plain, pending := make([]float64, n), make([]float64, n)
	for x := range plain {
		plain[x] = 1 / float64(n)
	}
	loss, steps := 0.0, length
	if bos {
		loss += math.Log(float64(n))
		steps--
	}
	for range steps {
		nextPlain, nextPending := make([]float64, n), make([]float64, n)
		for x, row := range t.probability {
			loss += plain[x] * entropy[x]
			nextPlain[x] += pending[x]
			for y, p := range row {
				if y < n {
					nextPlain[y] += plain[x] * p
				} else {
					nextPending[x] += plain[x] * p
				}
			}
		}
		plain, pending = nextPlain, nextPending
	}
	return loss / float64(length)
}
