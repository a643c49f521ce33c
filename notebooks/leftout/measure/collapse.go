package measure

import (
	"slices"

	"firsttoken/notebooks/collapses/states"
	"firsttoken/sinks"
	"firsttoken/sinks/collapse"
	"firsttoken/sinks/probe"
	"firsttoken/train/corpus"
)

// Collapsed is what tokens do over the depth.
type Collapsed struct {
	Text    []*collapse.Depth // of each passage, ⟨bos⟩ left out
	Bound   states.Bound      // how tight Proposition 3.1 is, all tokens, embeddings left out
	Example [2]float64        // the last token twice, embedded: ‖vₙ − vₙ₋₁‖ and ‖V − 1x̄ᵀ‖_F / ‖V‖_F
}

// Collapse follows the tokens of the first n passages behind ⟨bos⟩. The error wraps local.ErrAbsent
// where the weights are not here.
func (t Texts) Collapse(n int) (out Collapsed, err error) {
	m, bos, err := t.open()
	if err != nil {
		return out, err
	}
	defer m.Close()
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return out, err
	}
	passages, err := corpus.Passages(speeches, m.Tokenizer, corpus.PassageConfig{N: n, T: t.T - 1, Seed: t.Seed})
	if err != nil {
		return out, err
	}
	for i, p := range passages {
		ids := append([]int32{bos}, p.IDs...)
		stream, err := probe.Residuals(m.Model, ids)
		if err != nil {
			return out, err
		}
		if err := out.add(stream); err != nil {
			return out, err
		}
		if i > 0 {
			continue
		}
		if stream, err = probe.Residuals(m.Model, append(slices.Clone(ids), ids[len(ids)-1])); err != nil {
			return out, err
		}
		if err := out.example(stream[0]); err != nil {
			return out, err
		}
	}
	return out, nil
}

// add takes in the residual stream [L+1][T][D] of a passage.
func (c *Collapsed) add(stream [][][]float32) error {
	text, err := collapse.ByDepth(stream, collapse.Rows{Skip: 1})
	if err != nil {
		return err
	}
	all, err := collapse.ByDepth(stream, collapse.Rows{})
	if err != nil {
		return err
	}
	c.Text = append(c.Text, text)
	tightest, n := collapse.LargestTightness(all.Tightness[1:])
	c.Bound.Add(tightest, n, len(all.Tightness)-1-n)
	return nil
}

// example measures embeddings of which the last two are of one token: equal, whatever the others
// are.
func (c *Collapsed) example(V [][]float32) (err error) {
	if _, c.Example[1], err = sinks.RankCollapse(V); err != nil {
		return err
	}
	c.Example[0], err = sinks.RepresentationalCollapse(V)
	return err
}
