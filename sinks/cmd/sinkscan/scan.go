package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
)

// metrics are what the report needs of each document, besides RowSum, which tells
// patterns whose rows do not sum to 1.
var metrics = []ondevice.Metric{
	ondevice.FirstMass, ondevice.RowSum, ondevice.RowEntropy, ondevice.ValueNorm, ondevice.ResidNorm,
}

// scan does what the command line asks for.
func scan(o *options, stdin io.Reader, stdout, stderr io.Writer) error {
	// The input is read first: a mistyped name should not cost loading a model.
	in, err := readInput(o, stdin)
	if err != nil {
		return err
	}
	if o.tokenize {
		tok, err := pretrained.LoadTokenizer(o.model, o.load)
		if err != nil {
			return err
		}
		docs, err := in.tokenize(o, &tok)
		if err != nil {
			return err
		}
		return printTokens(o, stdout, tok, docs.ids)
	}
	b, warnings, err := backend.Open()
	if err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintf(stderr, "sinkscan: warning: %s\n", w)
	}
	m, err := pretrained.Load(b, o.model, o.load)
	if err != nil {
		return err
	}
	defer m.Close()
	docs, err := in.tokenize(o, &m.Tokenizer)
	if err != nil {
		return err
	}
	if o.trace != "" && len(docs.ids) > 1 {
		return fmt.Errorf("-trace saves a single document, and there are %d: give one, or -T 0 for one window", len(docs.ids))
	}
	about, err := provenance(o, m, docs)
	if err != nil {
		return err
	}
	if o.page.file != "" {
		return o.page.write(o, m, in, docs, about, warnings, stdout)
	}
	r := &reporter{o: o, tok: m.Tokenizer, docs: docs, warnings: warnings, out: stdout}
	po := probe.Options{Model: o.model, Metrics: metrics, Provenance: about, Tokenizer: m.Tokenizer}
	if o.trace != "" {
		po.Metrics = nil // all that the model has
	}
	if o.perDocument {
		// In the documents' order, whatever order they are run in.
		traces := make([]*sinks.Trace, len(docs.ids))
		next := 0
		return probe.Each(m.Model, docs.ids, po, func(i int, t *sinks.Trace) error {
			traces[i] = t
			for ; next < len(traces) && traces[next] != nil; next++ {
				s := r.summary()
				if err := s.add(next, traces[next]); err != nil {
					return err
				}
				if err := r.json(s); err != nil {
					return err
				}
				traces[next] = &sinks.Trace{} // done with
			}
			return nil
		})
	}
	s := r.summary()
	err = probe.Each(m.Model, docs.ids, po, func(i int, t *sinks.Trace) error {
		if o.trace != "" { // of the only document
			t.Warnings = append(t.Warnings, warnings...)
			if err := t.Save(o.trace); err != nil {
				return err
			}
		}
		return s.add(i, t)
	})
	if err != nil {
		return err
	}
	if o.json {
		return r.json(s)
	}
	return r.table(s)
}

// provenance says where the numbers of a model come from.
func provenance(o *options, m *pretrained.Loaded, docs *documents) (map[string]string, error) {
	p, err := m.Provenance()
	if err != nil {
		return nil, err
	}
	maps.Copy(p, backend.Provenance())
	maps.Copy(p, map[string]string{
		"bos policy": string(o.bos), "T": docs.cut, "compute": cmp.Or(m.Config.Compute, "float32"),
		"weight type": m.Params().Embed.DType().String(),
	})
	if docs.read != "" {
		p["text"] = docs.read
	}
	return p, nil
}
