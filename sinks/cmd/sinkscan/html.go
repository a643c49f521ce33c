package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"firsttoken/plots"
	"firsttoken/sinks/explore"
	"firsttoken/sinks/probe"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
)

// page is what -html and -against ask for.
type page struct {
	file    string
	against string // kind=value, see [contrasts]
}

// contrasts are the second conditions that a page can show, by what stands before
// the = of -against.
var contrasts = map[string]string{
	"bos":   "none or add: the same text without ⟨bos⟩, or behind one",
	"mask":  "N: token N's key hidden from all later queries",
	"zero":  "N: token N's value replaced by 0",
	"model": "MODEL: another model on the same text",
}

func (p *page) flags(fs *flag.FlagSet) {
	fs.StringVar(&p.file, "html", "", "write a page to look around in to this `file`, instead of the table: every head's pattern, no network needed")
	fs.StringVar(&p.against, "against", "", "with -html: a second `condition` beside the first: bos=none, bos=add, mask=1, zero=1, or model=MODEL")
}

// validate checks the options of a page against the others.
func (p *page) validate(o *options, set map[string]bool) error {
	if p.file == "" {
		if set["html"] {
			return errors.New("-html is empty: give it a value or leave it out")
		}
		if set["against"] {
			return errors.New("-against is the second condition of a page: name its file with -html")
		}
		return nil
	}
	for name, used := range map[string]bool{"json": o.json, "per-document": o.perDocument, "tokenize": o.tokenize, "trace": o.trace != ""} {
		if used {
			return fmt.Errorf("-html writes a page and nothing else: leave out -%s", name)
		}
	}
	if !set["against"] {
		return nil
	}
	kind, value, _ := strings.Cut(p.against, "=")
	if contrasts[kind] == "" || value == "" {
		return fmt.Errorf("-against %q: say bos=none, bos=add, mask=1, zero=1, or model=MODEL", p.against)
	}
	switch kind {
	case "bos":
		if policy, err := tokenizer.ParseBOSPolicy(value); err != nil || policy == tokenizer.BOSKeep {
			return fmt.Errorf("-against %q: say bos=none or bos=add", p.against)
		}
	case "mask", "zero":
		if _, err := p.position(value); err != nil {
			return err
		}
	}
	return nil
}

// position reads a 1-based token and returns it 0-based.
func (p *page) position(value string) (int, error) {
	var n int
	if _, err := fmt.Sscanf(value+"\n", "%d\n", &n); err != nil || n < 1 {
		return 0, fmt.Errorf("-against %q: tokens are counted from 1", p.against)
	}
	return n - 1, nil
}

// conditionInput is a condition before it is measured.
type conditionInput struct {
	model *pretrained.Loaded
	ids   []int32
	o     explore.Options
}

// write measures the text, and the second condition if there is one, and writes the page.
//
// Of a text in windows it is the first.
func (p *page) write(o *options, m *pretrained.Loaded, in *input, docs *documents, about map[string]string, warnings []string, stdout io.Writer) error {
	if len(docs.ids) > 1 && !docs.windows {
		return fmt.Errorf("-html shows a single document, %s holds %d", o.ids, len(docs.ids))
	}
	ids := docs.ids[0]
	if len(docs.ids) > 1 {
		about["T"] = fmt.Sprintf("the first of %d %s", len(docs.ids), docs.cut)
	}
	first := conditionInput{m, ids, explore.Options{
		Lead: lead(m.Tokenizer, ids), Tokenizer: m.Tokenizer, Warnings: slices.Concat(warnings, docs.warnings), About: about,
	}}
	e := plots.Explorer{Title: "Where each head of " + o.model + " looks", Epsilon: o.eps[0]}
	inputs := []conditionInput{first}
	if p.against != "" {
		second, close, err := p.second(o, &inputs[0], in)
		if err != nil {
			return err
		}
		defer close()
		inputs = append(inputs, second)
		// Two of one model share a page: whether they fit is known before any runs.
		if second.model == m {
			if err := plots.CheckExplorerSize(m.Config.Layers, m.Config.Heads, len(ids), len(second.ids)); err != nil {
				return tooLong(err)
			}
		} else {
			e.Title, inputs[0].o.Name = "Where each head looks", o.model
		}
	}
	for _, in := range inputs {
		c, err := explore.Look(in.model.Model, in.ids, in.o)
		if err != nil {
			return tooLong(err)
		}
		e.Conditions = append(e.Conditions, c)
	}
	if err := e.Save(p.file); err != nil {
		return tooLong(err)
	}
	_, err := fmt.Fprintf(stdout, "%s: open it in a browser\n", p.file)
	return err
}

// tooLong says which option makes a page smaller.
func tooLong(err error) error {
	if strings.Contains(err.Error(), "above the limit") {
		return fmt.Errorf("%w (-T)", err)
	}
	return err
}

// second makes the other condition, and may rename the first.
func (p *page) second(o *options, first *conditionInput, in *input) (c conditionInput, close func(), err error) {
	c, close = *first, func() {}
	c.o.About = maps.Clone(first.o.About)
	kind, value, _ := strings.Cut(p.against, "=")
	switch kind {
	case "bos":
		// The same text: what is added or taken away does not move its end.
		c.ids, err = first.model.Tokenizer.ApplyBOS(first.ids, tokenizer.BOSPolicy(value))
		if err != nil {
			return c, close, fmt.Errorf("-against %s: %w", p.against, err)
		}
		if len(c.ids) == len(first.ids) {
			return c, close, fmt.Errorf("-against %s: the text is so already; set -bos to the other", p.against)
		}
		if len(c.ids) == 0 {
			return c, close, fmt.Errorf("-against %s: without ⟨bos⟩ no token is left", p.against)
		}
		c.o.Lead = lead(c.model.Tokenizer, c.ids)
		c.o.About["bos policy"] = value
		names := []string{"without ⟨bos⟩", "with ⟨bos⟩"}
		first.o.Name, c.o.Name = names[first.o.Lead], names[c.o.Lead]
	case "mask", "zero":
		pos, err := p.position(value)
		if err != nil {
			return c, close, err
		}
		first.o.Name = "as it is"
		if kind == "mask" {
			c.o.Interventions, c.o.Name = []probe.Intervention{probe.MaskKey{Pos: pos}}, fmt.Sprintf("key %d hidden", pos+1)
		} else {
			c.o.Interventions, c.o.Name = []probe.Intervention{probe.ZeroValue{Pos: pos}}, fmt.Sprintf("value %d zero", pos+1)
		}
		c.o.About["intervention"] = c.o.Interventions[0].String()
	case "model":
		if in.ids != nil {
			return c, close, errors.New("-against model=… needs -text or -prompt: token ids mean other tokens in another model")
		}
		b, _, err := backend.Open()
		if err != nil {
			return c, close, err
		}
		m, err := pretrained.Load(b, value, o.load)
		if err != nil {
			return c, close, err
		}
		c, err = otherModel(o, m, value, in)
		return c, m.Close, err
	}
	return c, close, nil
}

// otherModel is the same text in another model, by its own tokenizer.
func otherModel(o *options, m *pretrained.Loaded, name string, in *input) (conditionInput, error) {
	docs, err := in.tokenize(o, &m.Tokenizer)
	if err != nil {
		return conditionInput{}, fmt.Errorf("%s: %w", name, err)
	}
	about, err := provenance(o, m, docs)
	if err != nil {
		return conditionInput{}, err
	}
	return conditionInput{m, docs.ids[0], explore.Options{
		Name: name, Lead: lead(m.Tokenizer, docs.ids[0]), Tokenizer: m.Tokenizer, About: about,
	}}, nil
}

// lead is the number of ⟨bos⟩ in front of a text.
func lead(tok *tokenizer.Tokenizer, ids []int32) int {
	if id, ok := tok.BOS(); ok && ids[0] == id {
		return 1
	}
	return 0
}
