package atlas

import (
	"errors"
	"fmt"
	"strings"
)

// Entry is one line of a list of models.
type Entry struct {
	// Model is what pretrained.Load takes: smollm2, gemma3, a GGUF file, a folder or a hub name; or
	// run:NAME, a run of this checkout.
	Model string `json:"model"`
	// Label is the name in table and figure; by default the model's.
	Label string `json:"label"`
	// BOS names the token that stands for ⟨bos⟩, such as <|endoftext|>; by default the tokenizer's
	// own.
	BOS string `json:"bos,omitempty"`
}

// Run is the name of a run, if the entry is one.
func (e Entry) Run() (name string, ok bool) { return strings.CutPrefix(e.Model, "run:") }

// ParseModels reads a list of models, one a line, with what is after a # left out:
//
//	smollm2
//	openai-community/gpt2  bos=<|endoftext|>  label=GPT-2 small
//
// bos and label are optional; a label goes on to the end of its line.
func ParseModels(text string) ([]Entry, error) {
	var list []Entry
	seen := map[string]int{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		e, err := parseModel(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if at, twice := seen[e.Label]; twice {
			return nil, fmt.Errorf("line %d: %q is on line %d too: give one of them a label=…", n, e.Label, at)
		}
		seen[e.Label] = n
		list = append(list, e)
	}
	if len(list) == 0 {
		return nil, errors.New("the list names no model: write one a line, such as smollm2")
	}
	return list, nil
}

func parseModel(line string) (Entry, error) {
	line, label, _ := strings.Cut(line, "label=")
	fields := strings.Fields(line)
	if len(fields) == 0 {
		return Entry{}, fmt.Errorf("label=%s has no model before it", label)
	}
	e := Entry{Model: fields[0], Label: strings.TrimSpace(label)}
	for _, f := range fields[1:] {
		bos, ok := strings.CutPrefix(f, "bos=")
		if !ok || bos == "" {
			return Entry{}, fmt.Errorf("%q: after the model come bos=TOKEN and label=NAME", f)
		}
		e.BOS = bos
	}
	if e.Label == "" {
		e.Label = e.Model
	}
	return e, nil
}
