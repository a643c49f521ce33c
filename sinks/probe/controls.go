package probe

import (
	"fmt"

	"firsttoken/sinks/perturb"
	"firsttoken/train/transformer"
)

// Controls are two kinds of damage that leave the sink where it is and cost as much loss as taking
// it away does. A model without its sink is off its distribution, and a worse model may do anything
// more: what is the sink's doing is more than what these do.
type Controls struct {
	// Layer is the block, 0-based, after which noise is added ([NoiseEach]); the MLPs of the blocks
	// behind it, up to To, are what [Weaken] weakens. Token 1 is spared by both.
	Layer, To int
	Draws     int    // of the noise
	Seed      uint64 // of the noise
	// Norms and Fractions are where the sizes lie.
	Norms, Fractions [2]float64
	Few              int     // texts on which sizes are looked for at first, see [perturb.Search]
	Tolerance        float64 // of the mean loss over all texts, nats
}

// DefaultControls look for sizes anywhere, on ten texts at first.
func DefaultControls() Controls {
	return Controls{Draws: 2, Norms: [2]float64{1, 1e4}, Fractions: [2]float64{0.01, 1}, Few: 10, Tolerance: 0.008}
}

// Validate refuses controls that a model cannot have; sizes are checked where they are used.
func (c Controls) Validate(m *transformer.Config) error {
	if c.Layer < 0 || c.To <= c.Layer || c.To >= m.Layers || c.Draws < 1 {
		return fmt.Errorf("probe: controls: noise after block %d, MLPs up to block %d of %d, %d draws: blocks must ascend and there be a draw", c.Layer+1, c.To+1, m.Layers, c.Draws)
	}
	return nil
}

// Noise is the first control, a list of interventions for each draw.
func (c Controls) Noise(norm float64) (lists [][]Intervention) {
	for draw := range c.Draws {
		lists = append(lists, []Intervention{NoiseEach{Layer: c.Layer, Spare: 1, Norm: norm, Seed: c.Seed, Draw: draw}})
	}
	return lists
}

// Weaker is the second.
func (c Controls) Weaker(fraction float64) [][]Intervention {
	return [][]Intervention{{Weaken{Part: MLP, From: c.Layer + 1, To: c.To, Spare: 1, Fraction: fraction}}}
}

// Sizes are what makes controls of equal loss.
type Sizes struct {
	Norm     float64 `json:"norm"`
	Fraction float64 `json:"fraction"`
	Passes   float64 `json:"passes"` // over all documents that it took; one over a tenth of them counts 0.1
}

// Size finds how strong both controls must be for documents to cost as much as target says, by
// document, on the mean. cost makes one number of a document's losses, nats, [T−1].
func (c Controls) Size(m *transformer.Model, docs [][]int32, target []float64, cost func(losses []float32) float64) (s Sizes, err error) {
	if err := c.Validate(&m.Config); err != nil {
		return s, err
	}
	if len(docs) != len(target) {
		return s, fmt.Errorf("probe: controls: %d documents, but what %d are to cost", len(docs), len(target))
	}
	trials := map[int]*prefix{}
	defer func() {
		for _, p := range trials {
			p.close()
		}
	}()
	size := func(ends [2]float64, lists func(float64) [][]Intervention) (float64, error) {
		search := perturb.Search{Lo: ends[0], Hi: ends[1], Few: c.Few, Tolerance: c.Tolerance}
		return perturb.Calibrate(target, search, func(size float64, n int) ([]float64, error) {
			if trials[n] == nil {
				p, err := newPrefix(m, docs[:n], c.Layer)
				if err != nil {
					return nil, err
				}
				trials[n] = p
			}
			all := lists(size)
			if n < len(docs) {
				all = all[:1] // the rough search has no need of every draw
			}
			s.Passes += float64(len(all)*n) / float64(len(docs))
			return meanCost(trials[n], all, cost)
		})
	}
	if s.Norm, err = size(c.Norms, c.Noise); err != nil {
		return s, fmt.Errorf("probe: noise: %w", err)
	}
	if s.Fraction, err = size(c.Fractions, c.Weaker); err != nil {
		return s, fmt.Errorf("probe: MLPs: %w", err)
	}
	return s, nil
}

// meanCost is the cost of each document, mean over lists of interventions.
func meanCost(p *prefix, lists [][]Intervention, cost func([]float32) float64) ([]float64, error) {
	out := make([]float64, len(p.docs))
	for _, list := range lists {
		losses, err := p.losses(list)
		if err != nil {
			return nil, err
		}
		for i, x := range losses {
			out[i] += cost(x) / float64(len(lists))
		}
	}
	return out, nil
}
