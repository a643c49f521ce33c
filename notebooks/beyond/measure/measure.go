// Package measure follows the sinks of a model whose layers are of two kinds, local ones that see the
// last W tokens and global ones that see all, into texts longer than W (notebook 11d): attention,
// values and writes of each head by position, what the row's largest weight is on, and losses with
// ⟨bos⟩ and with ⟨bos⟩ hidden from one kind of layer or from all. Package values says what each number
// is. Sink scores are those of Gu et al. (arXiv 2410.10781), over the queries that see the key.
package measure

import (
	"errors"
	"fmt"

	"firsttoken/notebooks/beyond/values"
	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/corpus"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// Study says what is measured.
type Study struct {
	Model string // what pretrained.Load takes; some of its layers have a window W
	N     int    // passages of State of the Union addresses, each of another one
	T     int    // tokens of each, ⟨bos⟩ included: a multiple of W/8, at least 3W/2
	Seed  uint64 // of the draw
}

// Validate names a field that nothing can be measured with.
func (s Study) Validate() error {
	if s.Model == "" || s.N < 2 {
		return fmt.Errorf("measure: model %q and N = %d: a model is needed, and 2 passages for an interval", s.Model, s.N)
	}
	return nil
}

// Measure loads the model and measures. The error wraps local.ErrAbsent where the weights of Gemma 3
// are not here.
func (s Study) Measure() (*values.Measured, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	b, _, err := backend.Open()
	if err != nil {
		return nil, err
	}
	m, err := pretrained.Load(b, s.Model, pretrained.Options{})
	if s.Model == "gemma3" && errors.Is(err, local.ErrNotSetUp) {
		return nil, fmt.Errorf("the weights of Gemma 3 are %w: `make gemma` fetches them", local.ErrAbsent)
	}
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
	out, err := Texts(m.Model, m.Tokenizer, corpus.IDs(passages))
	if err != nil {
		return nil, err
	}
	for _, p := range passages {
		out.Documents = append(out.Documents, p.Document)
	}
	return out, nil
}

// Texts measures texts of one length, ⟨bos⟩ first.
func Texts(m *transformer.Model, tok *tokenizer.Tokenizer, texts [][]int32) (*values.Measured, error) {
	w := &work{texts: texts, tok: tok, out: &values.Measured{T: len(texts[0]), Heads: m.Config.Heads, Runs: map[string]values.Run{}}}
	if err := w.layers(&m.Config); err != nil {
		return nil, err
	}
	masked := func(layers []int) []probe.Intervention { return []probe.Intervention{probe.MaskKey{Layers: layers}} }
	for _, c := range []struct {
		name string
		look bool
		list []probe.Intervention
	}{
		{values.AsIs, true, nil}, {values.Hidden, true, masked(nil)},
		{values.Local, false, masked(w.local)}, {values.Global, false, masked(w.global)},
	} {
		if err := w.run(c.name, m, texts, c.look, c.list); err != nil {
			return nil, fmt.Errorf("measure: %s: %w", c.name, err)
		}
	}
	wide, err := widened(m)
	if err != nil {
		return nil, err
	}
	if err := w.run(values.Wide, wide, texts, true, nil); err != nil {
		return nil, fmt.Errorf("measure: %s: %w", values.Wide, err)
	}
	later := make([][]int32, len(texts))
	for i, ids := range texts {
		later[i] = append(append([]int32{}, ids[0]), ids[1+w.out.Window/2:]...)
	}
	if err := w.run(values.Later, m, later, false, nil); err != nil {
		return nil, fmt.Errorf("measure: %s: %w", values.Later, err)
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

// run measures a condition; texts may be shorter than those of the others, at their beginning.
func (w *work) run(name string, m *transformer.Model, texts [][]int32, look bool, list []probe.Intervention) error {
	o := probe.Options{Interventions: list, Metrics: []ondevice.Metric{ondevice.FirstMass}, BatchTokens: w.out.T}
	n := len(texts)
	run := values.Run{Loss: make([][]float64, n)}
	if look {
		o.Metrics = append(o.Metrics, ondevice.RowMax, ondevice.RowEntropy, ondevice.SelfMass, ondevice.HeadWrite, ondevice.ValueNorm, ondevice.ResidNorm, ondevice.ResidMax)
		o.Own = metrics(w.out.Window)
		run.Early, run.Late, run.Beyond = make([][]float64, n), make([][]float64, n), make([][]float64, n)
		run.Any, run.AnyKey = make([][]float64, n), make([][]int, n)
		run.Local, run.Global, run.Massive = values.Rows{}, values.Rows{}, make([]values.Massive, n)
	}
	if name == values.AsIs {
		w.followed = make([][]bool, n)
	}
	err := probe.Each(m, texts, o, func(i int, t *sinks.Trace) error {
		run.Loss[i] = bins(w.out.Bin, t.Loss)
		if !look {
			return nil
		}
		r := &reading{work: w, t: t, doc: i, wide: name == values.Wide}
		r.scores(&run)
		if name == values.AsIs {
			w.follow(i, run.Early[i])
			r.look()
		}
		run.Massive[i] = r.massive()
		for _, kind := range []struct {
			layers []int
			rows   values.Rows
		}{{w.local, run.Local}, {w.global, run.Global}} {
			if err := r.rows(kind.layers, kind.rows, n); err != nil {
				return err
			}
		}
		return nil
	})
	w.out.Runs[name] = run
	return err
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
		list = append(list, rounded(sinks.RowSum(part)/float64(len(part))))
	}
	return list
}
