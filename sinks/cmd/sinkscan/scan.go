package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"unicode/utf8"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
)

// metrics are what the report needs of each document, besides RowSum, which tells
// patterns whose rows do not sum to 1.
var metrics = []ondevice.Metric{
	ondevice.FirstMass, ondevice.RowSum, ondevice.RowEntropy, ondevice.ValueNorm, ondevice.ResidNorm,
}

// scan does what the command line asks for.
func scan(o *options, stdin io.Reader, stdout, stderr io.Writer) error {
	// The input is read first: a mistyped name should not cost loading a model.
	text, docs, err := readInput(o, stdin)
	if err != nil {
		return err
	}
	if o.tokenize {
		tok, err := pretrained.LoadTokenizer(o.model)
		if err != nil {
			return err
		}
		if docs, err = tokenize(o, &tok, text, docs); err != nil {
			return err
		}
		return printTokens(o, stdout, tok, docs)
	}
	if o.trace != "" && len(docs) > 1 {
		return fmt.Errorf("-trace saves a single document, %s holds %d", o.ids, len(docs))
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
	if docs, err = tokenize(o, &m.Tokenizer, text, docs); err != nil {
		return err
	}
	provenance, err := m.Provenance()
	if err != nil {
		return err
	}
	maps.Copy(provenance, backend.Provenance())
	maps.Copy(provenance, map[string]string{
		"bos policy": string(o.bos), "T": "all", "compute": cmp.Or(m.Config.Compute, "float32"),
		"weight type": m.Params().Embed.DType().String(),
	})
	if o.t > 0 {
		provenance["T"] = fmt.Sprintf("first %d", o.t)
	}
	r := &reporter{o: o, tok: m.Tokenizer, warnings: warnings, out: stdout}
	po := probe.Options{Model: o.model, Metrics: metrics, Provenance: provenance, Tokenizer: m.Tokenizer}
	if o.trace != "" {
		po.Metrics = ondevice.All()
	}
	if o.perDocument {
		// In the documents' order, whatever order they are run in.
		traces := make([]*sinks.Trace, len(docs))
		next := 0
		return probe.Each(m.Model, docs, po, func(i int, t *sinks.Trace) error {
			traces[i] = t
			for ; next < len(traces) && traces[next] != nil; next++ {
				if err := r.json([]*sinks.Trace{traces[next]}); err != nil {
					return err
				}
				traces[next] = &sinks.Trace{} // done with
			}
			return nil
		})
	}
	traces, err := probe.Run(m.Model, docs, po)
	if err != nil {
		return err
	}
	for _, t := range traces {
		t.Warnings = append(t.Warnings, warnings...)
	}
	if o.trace != "" {
		if err := traces[0].Save(o.trace); err != nil {
			return err
		}
	}
	if o.json {
		return r.json(traces)
	}
	return r.table(traces)
}

// readInput reads what -text, -prompt or -ids name.
func readInput(o *options, stdin io.Reader) (text string, docs [][]int32, err error) {
	name := o.text + o.ids // one of them is empty
	if name == "" {
		if o.prompt == "" {
			return "", nil, errors.New("the prompt is empty: there is nothing to measure")
		}
		return o.prompt, nil, nil
	}
	var data []byte
	if name == "-" {
		data, err = io.ReadAll(stdin)
	} else {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return "", nil, err
	}
	if o.text != "" {
		if len(data) == 0 {
			return "", nil, fmt.Errorf("%s is empty: there is nothing to measure", name)
		}
		return string(data), nil, nil
	}
	var lists [][]*int32 // a null would be taken for a 0
	if err := json.Unmarshal(data, &lists); err != nil {
		return "", nil, fmt.Errorf("%s: %w: must be a JSON list of token-id lists, such as [[504,3575],[19,7]]", name, err)
	}
	for i, list := range lists {
		doc := make([]int32, len(list))
		for j, id := range list {
			if id == nil {
				return "", nil, fmt.Errorf("%s: document %d: token %d is null, not an id", name, i+1, j+1)
			}
			doc[j] = *id
		}
		docs = append(docs, doc)
	}
	if len(docs) == 0 {
		return "", nil, fmt.Errorf("%s holds no documents", name)
	}
	for i, d := range docs {
		if len(d) == 0 {
			return "", nil, fmt.Errorf("%s: document %d is empty: a prompt needs at least one token", name, i+1)
		}
	}
	return "", docs, nil
}

// tokenize makes the documents that are fed: encoded, with the ⟨bos⟩ policy
// applied, cut to T. The tokenizer is replaced by one with -bos-token as ⟨bos⟩.
func tokenize(o *options, with **tokenizer.Tokenizer, text string, docs [][]int32) ([][]int32, error) {
	if o.bosToken != "" {
		named, err := (*with).WithBOSEOS(o.bosToken, "")
		if err != nil {
			return nil, fmt.Errorf("-bos-token: %w", err)
		}
		*with = named
	}
	tok := *with
	if _, ok := tok.BOS(); !ok && o.bos == tokenizer.BOSAdd {
		return nil, errors.New("-bos add: the model's tokenizer names no ⟨bos⟩: name one with -bos-token")
	}
	if docs == nil {
		if !utf8.ValidString(text) {
			return nil, fmt.Errorf("the text is not valid UTF-8: convert it, or give token ids with -ids")
		}
		ids, err := tok.Encode(text, tokenizer.EncodeOptions{Special: o.special})
		if err != nil {
			return nil, err
		}
		docs = [][]int32{ids}
	}
	out := make([][]int32, len(docs))
	for i, ids := range docs {
		ids, err := tok.ApplyBOS(ids, o.bos)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", i+1, err)
		}
		if o.t > 0 && len(ids) > o.t {
			ids = ids[:o.t]
		}
		if len(ids) == 0 {
			return nil, fmt.Errorf("document %d has no tokens left: a prompt needs at least one", i+1)
		}
		out[i] = ids
	}
	return out, nil
}
