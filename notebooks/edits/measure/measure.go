// Package measure runs the model of package edits and keeps what it gave.
package measure

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"gonum.org/v1/gonum/stat"

	"firsttoken/notebooks/edits"
	"firsttoken/notebooks/keep"
	"firsttoken/notebooks/models"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/perturb"
	"firsttoken/sinks/probe"
	"firsttoken/train/corpus"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
)

// Measured says what the controls of a study came to.
type Measured struct {
	Examples         []string // of edits
	Intact, Off      float64  // loss, nats a token
	Noise, MLPs      float64  // loss under the controls
	Sizes            probe.Sizes
	Conditions, Anew int // and of these, how many were measured now
}

// running is a study under way; the model is loaded when something is to be measured.
type running struct {
	edits.Study
	version      []string       // of the weights
	texts, front []perturb.Edit // as they are, and behind ⟨bos⟩, where token T drops out
	load         func() (*pretrained.Loaded, error)
	anew         int
}

// Off makes no sink: the MLP of the maker's block adds nothing at token 1.
func Off(s edits.Study) []probe.Intervention {
	return []probe.Intervention{probe.SkipUpdate{Layer: s.Maker - 1, Pos: 0, Part: probe.MLP}}
}

// Measure fills in what is not kept yet.
func Measure(s edits.Study) (*Measured, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	r, examples, err := begin(s)
	if err != nil {
		return nil, err
	}
	var above []int // the blocks over the one that makes the sink
	for l := s.Maker; l < s.Blocks; l++ {
		above = append(above, l)
	}
	if _, err := r.keep(r.front, 1, []string{"bos"}, nil); err != nil {
		return nil, err
	}
	four, err := r.keep(r.texts, 0, []string{"intact", "masked", "hidden", "off"},
		nil, []probe.Intervention{probe.MaskKey{}}, []probe.Intervention{probe.MaskKey{Layers: above}}, Off(s))
	if err != nil {
		return nil, err
	}
	c := r.controls()
	target := s.Over(four[3], "loss")
	sizes, _, err := keep.Result(edits.Kept("sizes"), []any{r.version, r.texts, fmt.Sprintf("%+v", c), target}, func() (z probe.Sizes, err error) {
		m, err := r.load()
		if err != nil {
			return z, err
		}
		var docs [][]int32
		for _, e := range r.texts {
			docs = append(docs, e.IDs)
		}
		return c.Size(m.Model, docs, target, func(losses []float32) float64 { return s.Loss(losses, 0) })
	})
	if err != nil {
		return nil, err
	}
	names, lists := []string{"mlps"}, c.Weaker(sizes.Fraction)
	for draw := range s.Draws {
		names = append(names, edits.Noise(draw))
	}
	damaged, err := r.keep(r.texts, 0, names, append(lists, c.Noise(sizes.Norm)...)...)
	if err != nil {
		return nil, err
	}
	loss := func(o edits.Outcome) float64 { return stat.Mean(s.Over(o, "loss"), nil) }
	return &Measured{Examples: examples, Intact: loss(four[0]), Off: loss(four[3]), Noise: loss(edits.Mean(damaged[1:])), MLPs: loss(damaged[0]),
		Sizes: sizes, Conditions: 5 + len(names), Anew: r.anew}, nil
}

// controls act from the block on that makes the sink, and weaken no MLP above the sink's blocks.
func (r *running) controls() probe.Controls {
	c := probe.DefaultControls()
	c.Layer, c.To, c.Draws, c.Seed = r.Maker-1, r.High-1, r.Draws, r.Seed
	return c
}

// begin draws the texts and their edits.
func begin(s edits.Study) (*running, []string, error) {
	r := &running{Study: s, load: sync.OnceValues(func() (*pretrained.Loaded, error) { return models.Open(s.Model) })}
	var err error
	if r.version, err = pretrained.Version(s.Model); err != nil {
		return nil, nil, err
	}
	tok, err := pretrained.LoadTokenizer(s.Model)
	if err != nil {
		return nil, nil, err
	}
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return nil, nil, err
	}
	passages, err := corpus.Passages(speeches, tok, corpus.PassageConfig{N: s.Edits + 10, T: s.T, Seed: s.Seed}) // a few may have no place for an edit
	if err != nil {
		return nil, nil, err
	}
	text := func(id int32) string {
		b, err := tok.Decode([]int32{id})
		if err != nil {
			return "" // no word
		}
		return string(b)
	}
	o := perturb.DefaultDrawOptions()
	o.Seed = s.Seed
	drawn, err := perturb.Draw(corpus.IDs(passages), text, o)
	if err != nil {
		return nil, nil, err
	}
	if len(drawn) < s.Edits {
		return nil, nil, fmt.Errorf("edits: only %d of %d passages have a word to exchange: ask for fewer edits or longer texts", len(drawn), len(passages))
	}
	r.texts = drawn[:s.Edits]
	bos, ok := tok.BOS()
	if !ok {
		return nil, nil, errors.New("edits: the model has no ⟨bos⟩ to put in front")
	}
	var examples []string
	for _, e := range r.texts {
		front := append([]int32{bos}, e.IDs[:s.T-1]...)
		r.front = append(r.front, perturb.Edit{IDs: front, Pos: e.Pos + 1, To: e.To})
		examples = append(examples, fmt.Sprintf("token %d:%s → %s", e.Pos+1, text(e.IDs[e.Pos]), text(e.To)))
	}
	return r, examples, nil
}

// keep keeps the outcome of edits under each list of interventions, in texts behind lead tokens.
// Those not yet on disk are run together: blocks before the first that an intervention touches are
// computed once.
func (r *running) keep(texts []perturb.Edit, lead int, names []string, lists ...[]probe.Intervention) ([]edits.Outcome, error) {
	files, inputs := make([]string, len(names)), make([]any, len(names))
	for i, list := range lists {
		files[i], inputs[i] = edits.Kept(names[i]), []any{r.version, texts, lead, r.Low(), r.High, fmt.Sprint(list)}
	}
	outcomes, n, err := keep.Results(files, inputs, func(missing []int) (outcomes []edits.Outcome, err error) {
		m, err := r.load()
		if err != nil {
			return nil, err
		}
		var run [][]probe.Intervention
		for _, i := range missing {
			run = append(run, lists[i])
		}
		all, err := probe.PerturbUnder(m.Model, texts, run, probe.Options{Metrics: []ondevice.Metric{ondevice.FirstMass, ondevice.KeyMass, ondevice.RowEntropy, ondevice.RowMax}})
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			o := edits.Outcome{}
			for i, t := range p.Traces {
				if err := r.Reduce(o, t, p.Maps[i], lead); err != nil {
					return nil, err
				}
			}
			outcomes = append(outcomes, o)
		}
		return outcomes, nil
	})
	r.anew += n
	return outcomes, err
}

// Paragraph is the paper's picture: what one exchanged word does to every token of a text after
// every block, as the text is, behind ⟨bos⟩, with key 1 masked and with the sink off.
func Paragraph(s edits.Study, text string, swap [2]string) (map[string]*perturb.Map, error) {
	m, err := models.Open(s.Model)
	if err != nil {
		return nil, err
	}
	bos, ok := m.Tokenizer.BOS()
	if !ok {
		return nil, errors.New("edits: the model has no ⟨bos⟩ to put in front")
	}
	var versions [2][]int32
	for i, words := range []string{text, strings.Replace(text, swap[0], swap[1], 1)} {
		if versions[i], err = m.Tokenizer.Encode(words, tokenizer.EncodeOptions{}); err != nil {
			return nil, err
		}
	}
	maps := map[string]*perturb.Map{}
	for _, c := range []struct {
		name  string
		front []int32
		list  []probe.Intervention
	}{{"intact", nil, nil}, {"behind ⟨bos⟩", []int32{bos}, nil}, {"key 1 masked", nil, []probe.Intervention{probe.MaskKey{}}}, {"sink off", nil, Off(s)}} {
		edit, err := perturb.Between(append(c.front, versions[0]...), append(c.front, versions[1]...))
		if err != nil {
			return nil, err
		}
		got, _, err := probe.Perturb(m.Model, []perturb.Edit{edit}, probe.Options{Interventions: c.list, MetricsOnly: true, Metrics: []ondevice.Metric{ondevice.ResidNorm}})
		if err != nil {
			return nil, err
		}
		maps[c.name] = got[0]
	}
	return maps, nil
}
