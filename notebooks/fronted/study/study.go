// Package study measures a model behind six fronts: texts with ⟨bos⟩ before them, without it, and
// what lies between (see probe.Front). Passages are traced, for loss and attention by position
// (notebook 10); Tasks are asked (notebook 10b). The experiments on models that were trained with
// ⟨bos⟩ in front are those of Tables 2 and 3 of "Why do LLMs attend to the first token?" (arXiv
// 2504.02732); fronts other than with and without, and the control, are ours.
package study

import (
	"fmt"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/corpus"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
)

// Control is the front "with" of which no later query sees an ordinary token, the text's fifth: as
// masked, but of a token that is no sink.
const Control = "control"

// controlKey is the text's token 5 behind ⟨bos⟩, 0-based.
const controlKey = 1 + 4

// Fronts lists the six in the order of figures and tables.
func Fronts() []string {
	return []string{string(probe.FrontBOS), string(probe.FrontNone), string(probe.FrontRandom), string(probe.FrontMasked), string(probe.FrontDoubled), Control}
}

// Passages of State of the Union addresses, each of another one.
type Passages struct {
	Name   string // folder of the traces, one below it for each front, such as "10"
	Model  string // what pretrained.Load takes
	BOS    string // the token that is put in front; "" is the one that the tokenizer names
	N      int    // passages, at least 2
	Tokens int    // of each, without what stands in front, at least 6
	Seed   uint64 // of the draw
	// Layers, 0-based, in which masked and control hide their key; nil for all of them.
	Layers []int
}

// Validate names the first field that makes no sense.
func (p Passages) Validate() error {
	switch {
	case p.Name == "" || p.Model == "":
		return fmt.Errorf("study: name %q and model %q: both are needed", p.Name, p.Model)
	case p.N < 2:
		return fmt.Errorf("study: N is %d passages: intervals over texts need two", p.N)
	case p.Tokens <= controlKey:
		return fmt.Errorf("study: passages of %d tokens: the control hides the text's token %d, so take more", p.Tokens, controlKey)
	}
	return nil
}

// BOS is the id of the token that text names, or of the tokenizer's own ⟨bos⟩ where text is "".
func BOS(tok *tokenizer.Tokenizer, text string) (int32, error) {
	id, ok := tok.BOS()
	if text != "" {
		id, ok = tok.ID(text)
	}
	if !ok {
		return 0, fmt.Errorf("study: the tokenizer knows no ⟨bos⟩ %q: name a token of its vocabulary", text)
	}
	return id, nil
}

// Measure traces the passages behind every front. Traces lie below .data/traces, and come from
// there when nothing changed.
func (p Passages) Measure() (map[string][]*sinks.Trace, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	tok, err := pretrained.LoadTokenizer(p.Model)
	if err != nil {
		return nil, err
	}
	bos, err := BOS(tok, p.BOS)
	if err != nil {
		return nil, err
	}
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return nil, err
	}
	passages, err := corpus.Passages(speeches, tok, corpus.PassageConfig{N: p.N, T: p.Tokens, Seed: p.Seed})
	if err != nil {
		return nil, err
	}
	behind := map[string][]*sinks.Trace{}
	for _, name := range Fronts() {
		docs, edits, err := p.documents(name, corpus.IDs(passages), bos)
		if err != nil {
			return nil, err
		}
		traced := probe.Study{Name: p.Name + "/" + name, Model: p.Model, Docs: docs, Options: probe.Options{
			Interventions: edits, Metrics: []ondevice.Metric{ondevice.FirstMass, ondevice.KeyMass, ondevice.SelfMass},
		}}
		if behind[name], _, err = traced.Run(); err != nil {
			return nil, err
		}
	}
	return behind, nil
}

// documents are texts behind a front, and what is done to the model besides.
func (p Passages) documents(name string, texts [][]int32, bos int32) ([][]int32, []probe.Intervention, error) {
	front := probe.Front(name)
	if name == Control {
		front = probe.FrontBOS
	}
	docs, _, err := front.Whole(texts, bos)
	if key, ok := Hidden(name); ok {
		return docs, []probe.Intervention{probe.MaskKey{Pos: key, Layers: p.Layers}}, err
	}
	return docs, nil, err
}

// Hidden is the key, 0-based, that no later query sees behind a front, if there is one.
func Hidden(front string) (key int, ok bool) {
	switch front {
	case string(probe.FrontMasked):
		return 0, true
	case Control:
		return controlKey, true
	}
	return 0, false
}
