// Package patterns shows the attention of a model's heads one by one, in a view whose text, layer
// and head the reader chooses (package live).
package patterns

import (
	"errors"

	"firsttoken/notebooks/live"
	"firsttoken/plots"
	"firsttoken/sinks/probe"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
)

// View shows one head at a time, the given one at first, in the first of the texts.
func View(m *pretrained.Loaded, texts []string, first probe.Head) error {
	if len(texts) == 0 {
		return errors.New("patterns: no text to look at: give one at least")
	}
	return live.View([]live.Control{
		{Label: "text", Options: labels(texts)},
		{Label: "layer", Min: 1, Max: m.Config.Layers, Value: first.Layer + 1},
		{Label: "head", Min: 1, Max: m.Config.Heads, Value: first.Head + 1},
	}, func(v []int) (*plots.Figure, error) {
		return Draw(m, texts[v[0]], probe.Head{Layer: v[1] - 1, Head: v[2] - 1})
	})
}

// labels are the beginnings of texts.
func labels(texts []string) []string {
	list := make([]string, len(texts))
	for i, text := range texts {
		r := []rune(text)
		list[i] = string(r[:min(28, len(r))]) + "…"
	}
	return list
}

// Draw is the pattern of one head in one text, read as it is, without ⟨bos⟩.
func Draw(m *pretrained.Loaded, text string, head probe.Head) (*plots.Figure, error) {
	ids, err := m.Tokenizer.Encode(text, tokenizer.EncodeOptions{})
	if err != nil {
		return nil, err
	}
	all, err := probe.Patterns(m.Model, ids, []probe.Head{head})
	if err != nil {
		return nil, err
	}
	tokens := make([]string, len(ids))
	for i, id := range ids {
		tokens[i] = m.Tokenizer.Display(id)
	}
	return plots.HeatMap{Title: head.String(), Values: all[0], Causal: true, Tokens: tokens, Scale: plots.Sqrt, BarName: "attention"}.Figure()
}
