package study

import (
	"math"

	"firsttoken/notebooks/models"
	"firsttoken/sinks/squash"
	"firsttoken/sinks/squash/jacobian"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
)

// load opens the model.
func (s Study) load() (*pretrained.Loaded, *jacobian.Differentiator, error) {
	m, err := models.Open(s.Model)
	if err != nil {
		return nil, nil, err
	}
	d, err := jacobian.New(m.Model, jacobian.Options{})
	if err != nil {
		m.Close()
		return nil, nil, err
	}
	return m, d, nil
}

// ids are the first n tokens of the prompt.
func (s Study) ids(t *tokenizer.Tokenizer, n int) ([]int32, error) {
	ids, err := t.Encode(s.Prompt, tokenizer.EncodeOptions{})
	return ids[:min(n, len(ids))], err
}

func (s Study) sampling(directions int) jacobian.Sampling {
	return jacobian.Sampling{Directions: directions, Seed: s.Seed}
}

func (s Study) prompt() (out squash.Document, err error) {
	m, d, err := s.load()
	if err != nil {
		return out, err
	}
	defer m.Close()
	defer d.Close()
	ids, err := s.ids(m.Tokenizer, s.T)
	if err != nil {
		return out, err
	}
	p, err := d.At(ids, jacobian.Condition{})
	if err != nil {
		return out, err
	}
	defer p.Close()
	var outputs []int
	for j, id := range ids {
		outputs, out.Tokens = append(outputs, j), append(out.Tokens, m.Tokenizer.Display(id))
	}
	sampling := s.sampling(s.Directions)
	sampling.FullOnly = true
	out.Comparison, err = p.Sketch(outputs, sampling)
	return out, err
}

// exactTokens are those of the document whose last token's Jacobian is computed in full.
const exactTokens = 12

func (s Study) trial() (out squash.Trial, err error) {
	m, d, err := s.load()
	if err != nil {
		return out, err
	}
	defer m.Close()
	defer d.Close()
	ids, err := s.ids(m.Tokenizer, exactTokens)
	if err != nil {
		return out, err
	}
	p, err := d.At(ids, jacobian.Condition{Layers: s.ExactLayers})
	if err != nil {
		return out, err
	}
	defer p.Close()
	last := []int{len(ids) - 1}
	estimates, err := p.Estimate(jacobian.Full, last, s.sampling(2*s.Directions))
	if err != nil {
		return out, err
	}
	out.Estimates = estimates[0]
	out.Comparison, err = p.Compare(last)
	return out, err
}

func (s Study) ownSink(docs [][]int32) (out squash.Sweep, err error) {
	m, d, err := s.load()
	if err != nil {
		return out, err
	}
	defer m.Close()
	defer d.Close()
	return OwnSink(d, docs, s.sampling(s.Directions))
}

// OwnSink sweeps the attention on token 1 in a model: key 1 hidden, 0.3, as it is, 0.9. What reaches
// the last token of each document is sketched. It fails where an attention mass cannot be had by a
// bias on key 1, and on documents that the model cannot be run with.
func OwnSink(d *jacobian.Differentiator, docs [][]int32, sampling jacobian.Sampling) (out squash.Sweep, err error) {
	for _, at := range []struct {
		name string
		bias float64
		mass float64 // found a bias for; 0: bias is given
	}{{squash.Hidden, math.Inf(-1), 0}, {"0.3", 0, 0.3}, {squash.AsIs, 0, 0}, {"0.9", 0, strong}} {
		if at.mass > 0 {
			if at.bias, err = d.BiasFor(docs, 0, at.mass); err != nil {
				return out, err
			}
		}
		var all []*squash.Comparison
		for _, ids := range docs {
			p, err := d.At(ids, jacobian.Condition{FirstKeyBias: at.bias})
			if err != nil {
				return out, err
			}
			c, err := p.Sketch([]int{len(ids) - 1}, sampling)
			p.Close()
			if err != nil {
				return out, err
			}
			all = append(all, c)
		}
		setting, err := squash.NewSetting(at.name, squash.MeanFirstMass(all), all)
		if err != nil {
			return out, err
		}
		out.Settings = append(out.Settings, setting)
	}
	return out, nil
}
