// Package measure follows the sinks of a model whose layers are of two kinds, local ones that see the
// last W tokens and global ones that see all, into texts longer than W (notebook 11d): attention,
// values and writes of each head by position, what the row's largest weight is on, and losses with
// ⟨bos⟩ and with ⟨bos⟩ hidden from one kind of layer or from all. Package values says what each number
// is. Sink scores are those of Gu et al. (arXiv 2410.10781), over the queries that see the key.
package measure

import (
	"fmt"

	"firsttoken/notebooks/beyond/values"
	"firsttoken/notebooks/keep"
	"firsttoken/notebooks/models"
	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/corpus"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// Study says what is measured.
type Study struct {
	Model string // what pretrained.Load takes; some of its layers have a window W
	N     int    // passages of State of the Union addresses, each of another one
	// Priced passages, the first, are run under all conditions and for losses, which take an output
	// layer and most of the time; the others as the model is, for attention alone.
	Priced int
	T      int    // tokens of each, ⟨bos⟩ included: a multiple of W/8, at least 3W/2
	Seed   uint64 // of the draw
}

// Validate names a field that nothing can be measured with.
func (s Study) Validate() error {
	if s.Model == "" || s.Priced < 2 || s.N < s.Priced {
		return fmt.Errorf("measure: model %q, N = %d and Priced = %d: a model is needed, and 2 passages or more that are priced", s.Model, s.N, s.Priced)
	}
	return nil
}

// Name is what is measured is kept under.
const Name = "11d/beyond"

// Measure is what was measured with these settings, from disk if it is there. The error wraps
// local.ErrAbsent where it is not, nor the weights of Gemma 3.
func (s Study) Measure() (m *values.Measured, fromDisk bool, err error) {
	if err := s.Validate(); err != nil {
		return nil, false, err
	}
	// Weights that `make gemma` brings are pinned: what was measured of them can be shown without them.
	var weights any = "Q4_K_M, SHA-256 a5fd3b62"
	if s.Model != "gemma3" {
		if weights, err = pretrained.Version(s.Model); err != nil {
			return nil, false, err
		}
	}
	list, measured, err := keep.Each([]string{Name}, []any{[]any{weights, s}}, func(int) (*values.Measured, error) { return s.measure() })
	if err != nil {
		return nil, false, err
	}
	return list[0], measured == 0, nil
}

// measure loads the model and measures.
func (s Study) measure() (*values.Measured, error) {
	m, err := models.Open(s.Model)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return nil, err
	}
	passages, err := corpus.Passages(speeches, m.Tokenizer, corpus.PassageConfig{N: s.N, T: s.T, BOS: true, Seed: s.Seed})
	if err != nil {
		return nil, err
	}
	out, err := Texts(m.Model, m.Tokenizer, corpus.IDs(passages), s.Priced)
	if err != nil {
		return nil, err
	}
	for _, p := range passages {
		out.Documents = append(out.Documents, p.Document)
	}
	return out, nil
}

// Texts measures texts of one length, ⟨bos⟩ first, the first of them under all conditions.
func Texts(m *transformer.Model, tok *tokenizer.Tokenizer, texts [][]int32, priced int) (*values.Measured, error) {
	w := &work{texts: texts, tok: tok, priced: priced, out: &values.Measured{T: len(texts[0]), Heads: m.Config.Heads, Runs: map[string]values.Run{}}}
	if err := w.layers(&m.Config); err != nil {
		return nil, err
	}
	if err := w.run(condition{name: values.AsIs, look: true, model: m}, texts); err != nil {
		return nil, err
	}
	wide, err := widened(m)
	if err != nil {
		return nil, err
	}
	begun := texts[:priced]
	later := make([][]int32, priced)
	for i, ids := range begun {
		later[i] = append(append([]int32{}, ids[0]), ids[1+w.out.Window/2:]...)
	}
	second, others := w.second()
	for _, c := range []struct {
		condition
		texts [][]int32
	}{
		{condition{values.Hidden, true, m, probe.MaskKey{}}, begun},
		{condition{values.Local, false, m, probe.MaskKey{Layers: w.local}}, begun},
		{condition{values.Global, false, m, probe.MaskKey{Layers: w.global}}, begun},
		{condition{values.Wide, true, wide, nil}, begun},
		{condition{values.Later, false, m, nil}, later},
		{condition{values.Second, true, m, hide{values.Second, second}}, begun},
		{condition{values.Others, false, m, hide{values.Others, others}}, begun},
	} {
		if err := w.run(c.condition, c.texts); err != nil {
			return nil, err
		}
	}
	for _, x := range w.watched {
		w.out.Looks = append(w.out.Looks, x.look(w))
	}
	return w.out, nil
}

// widened is the model without windows, rotary positions and all else as before. It shares the
// weights, which closing the model itself frees.
func widened(m *transformer.Model) (*transformer.Model, error) {
	c := m.Config
	c.Kinds = map[string]transformer.Kind{}
	for letter, kind := range m.Config.Kinds {
		kind.Window = 0
		c.Kinds[letter] = kind
	}
	return transformer.New(m.Backend, c, m.Params())
}

// work is a measurement under way.
type work struct {
	texts         [][]int32
	priced        int
	tok           *tokenizer.Tokenizer
	out           *values.Measured
	local, global []int    // layers, 0-based
	followed      [][]bool // [document][layer·H + head]: sink at ⟨bos⟩ in the window's first half
	watched       [2]watch // where rows of the local heads among them have their largest weight
}

// layers reads the window and the kinds of the layers.
func (w *work) layers(c *transformer.Config) error {
	for l := range c.Layers {
		_, kind := c.KindOf(l)
		if kind.Window == 0 {
			w.global, w.out.Kinds = append(w.global, l), w.out.Kinds+"G"
			continue
		}
		if w.out.Window != 0 && w.out.Window != kind.Window {
			return fmt.Errorf("measure: layers have windows of %d and of %d tokens: one window is understood", w.out.Window, kind.Window)
		}
		w.local, w.out.Window, w.out.Kinds = append(w.local, l), kind.Window, w.out.Kinds+"L"
	}
	W := w.out.Window
	if len(w.local) == 0 || len(w.global) == 0 || W%16 != 0 {
		return fmt.Errorf("measure: %d layers with a window of %d tokens and %d without: both kinds are needed, and a window of sixteenths", len(w.local), W, len(w.global))
	}
	w.out.Bin = W / 8
	w.watched = [2]watch{{from: W / 2, to: W}, {from: W, to: w.out.T}}
	if T := w.out.T; T%w.out.Bin != 0 || T < W+W/2 {
		return fmt.Errorf("measure: texts of %d tokens: beside a window of %d take a multiple of %d, at least %d", T, W, w.out.Bin, W+W/2)
	}
	for i, ids := range w.texts {
		if len(ids) != w.out.T {
			return fmt.Errorf("measure: text %d has %d tokens, the first has %d: take one length", i+1, len(ids), w.out.T)
		}
	}
	return nil
}

// condition is what a run is made under.
type condition struct {
	name  string
	look  bool // attention too, not losses alone
	model *transformer.Model
	edit  probe.Intervention // nil for none
}

// run measures a condition; texts may be shorter than those of the others, at their beginning.
func (w *work) run(c condition, texts [][]int32) error {
	o := probe.Options{Metrics: []ondevice.Metric{ondevice.FirstMass}, BatchTokens: w.out.T}
	if c.edit != nil {
		o.Interventions = []probe.Intervention{c.edit}
	}
	n := len(texts)
	run := values.Run{Loss: make([][]float64, w.priced)}
	if c.look {
		o.Metrics = append(o.Metrics, ondevice.RowMax, ondevice.RowEntropy, ondevice.HeadWrite, ondevice.ValueNorm, ondevice.ResidNorm, ondevice.ResidMax)
		o.Own = metrics(w.out.Window)
		run.Local, run.Global, run.Massive, run.Most = values.Rows{}, values.Rows{}, make([][]values.Massive, n), make([]float64, n)
	}
	switch c.name {
	case values.AsIs:
		w.followed, run.Early, run.Late = make([][]bool, n), make([][]float64, n), make([][]float64, n)
		run.Beyond, run.Any = make([][]float64, n), make([][]float64, n)
	case values.Wide:
		run.Beyond = make([][]float64, n)
	}
	for _, part := range []struct {
		from, to int
		priced   bool
	}{{0, w.priced, true}, {w.priced, n, false}} {
		if part.from == part.to {
			continue
		}
		o.MetricsOnly = !part.priced
		err := probe.Each(c.model, texts[part.from:part.to], o, func(i int, t *sinks.Trace) error {
			if part.priced {
				run.Loss[i] = bins(w.out.Bin, t.Loss)
			}
			if !c.look {
				return nil
			}
			return w.read(&run, c.name, part.from+i, n, t)
		})
		if err != nil {
			return fmt.Errorf("measure: %s: %w", c.name, err)
		}
	}
	w.out.Runs[c.name] = run
	return nil
}

// read makes numbers of a text's trace.
func (w *work) read(run *values.Run, name string, doc, texts int, t *sinks.Trace) error {
	r := &reading{work: w, t: t, doc: doc, wide: name == values.Wide}
	r.scores(run)
	run.Block, run.Most[doc] = r.findMassive()
	run.Massive[doc] = r.listed()
	if name == values.AsIs {
		w.follow(doc, run.Early[doc])
		r.look()
	}
	if err := r.rows(w.local, run.Local, texts); err != nil {
		return err
	}
	return r.rows(w.global, run.Global, texts)
}

// follow chooses the heads of a text that are followed beyond the window.
func (w *work) follow(doc int, early []float64) {
	w.followed[doc] = make([]bool, len(early))
	for i, score := range early {
		w.followed[doc][i] = score > values.Epsilon
	}
}

// bins are the means of a quantity of rows 0, 1, …; the last may be of fewer.
func bins(size int, x []float32) (list []float64) {
	for from := 0; from < len(x); from += size {
		part := x[from:min(from+size, len(x))]
		list = append(list, digits(mean(part), 5))
	}
	return list
}
