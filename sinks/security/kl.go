package security

import (
	"fmt"
	"math"
)

// KL is Σ p ln(p/q) in nats, of the distributions that two rows of logits [V] stand for.
func KL(p, q []float32) (float64, error) {
	if len(p) != len(q) || len(p) == 0 {
		return 0, fmt.Errorf("security: logits of %d and of %d tokens: the same vocabulary is needed", len(p), len(q))
	}
	zp, zq := normaliser(p), normaliser(q)
	sum := 0.0
	for i, x := range p {
		lp := float64(x) - zp
		sum += math.Exp(lp) * (lp - (float64(q[i]) - zq))
	}
	return max(0, sum), nil // below 0 by rounding alone
}

// Surprise is −ln p(token) in nats, of a row of logits [V].
func Surprise(logits []float32, token int32) (float64, error) {
	if token < 0 || int(token) >= len(logits) {
		return 0, fmt.Errorf("security: token %d is outside the vocabulary [0, %d)", token, len(logits))
	}
	return normaliser(logits) - float64(logits[token]), nil
}

// Probability is that of any of some tokens, each named once, of a row of logits [V].
func Probability(logits []float32, tokens ...int32) (p float64, err error) {
	for _, id := range tokens {
		x, err := Surprise(logits, id)
		if err != nil {
			return 0, err
		}
		p += math.Exp(-x)
	}
	return p, nil
}

// normaliser is ln Σ exp.
func normaliser(logits []float32) float64 {
	top := logits[0]
	for _, x := range logits {
		top = max(top, x)
	}
	sum := 0.0
	for _, x := range logits {
		sum += math.Exp(float64(x - top))
	}
	return float64(top) + math.Log(sum)
}
