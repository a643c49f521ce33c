package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
)

// metrics are what the report needs of each document.
var metrics = []ondevice.Metric{
	ondevice.FirstMass, ondevice.FirstIsMax, ondevice.RowMax, ondevice.RowSum, ondevice.RowEntropy,
	ondevice.EffectiveFirst, ondevice.HeadWrite, ondevice.ValueWrite, ondevice.ValueNorm,
	ondevice.ResidNorm, ondevice.ResidMax, ondevice.ResidMedian, ondevice.AttnWrite, ondevice.MLPWrite,
	ondevice.KeyMass, ondevice.SelfMass,
}

// scan does what the command line asks for.
func scan(o *options, stdin io.Reader, stdout, stderr io.Writer) error {
	// The input is read first: a mistyped name should not cost loading a model.
	text, docs, err := readInput(o, stdin)
	if err != nil {
		return err
	}
	if o.tokenize && docs == nil {
		tok, err := pretrained.LoadTokenizer(o.model)
		if err != nil {
			return err
		}
		if o.bosToken != "" {
			if tok, err = withBOS(tok, o.bosToken); err != nil {
				return err
			}
		}
		if docs, err = tokenize(o, tok, text, nil); err != nil {
			return err
		}
		return printTokens(o, stdout, tok, docs)
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
	if o.bosToken != "" {
		if m.Tokenizer, err = withBOS(m.Tokenizer, o.bosToken); err != nil {
			return err
		}
	}
	if docs, err = tokenize(o, m.Tokenizer, text, docs); err != nil {
		return err
	}
	if o.tokenize {
		return printTokens(o, stdout, m.Tokenizer, docs)
	}
	provenance, err := m.Provenance()
	if err != nil {
		return err
	}
	provenance["bos policy"] = string(o.bos)
	r := &reporter{o: o, tok: m.Tokenizer, warnings: warnings, out: stdout}
	po := probe.Options{
		Model: o.model, Metrics: metrics, Provenance: provenance, Tokens: m.Tokenizer.Token,
	}
	if o.perDocument {
		// In the documents' order, whatever order they are run in.
		traces := make([]*sinks.Trace, len(docs))
		next := 0
		return probe.Each(m.Model, docs, po, func(i int, t *sinks.Trace) error {
			nameBOS(t, m.Tokenizer)
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
		nameBOS(t, m.Tokenizer)
	}
	if o.trace != "" {
		if len(traces) != 1 {
			return fmt.Errorf("-trace saves a single document, there are %d", len(traces))
		}
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
			return "", nil, fmt.Errorf("the prompt is empty: there is nothing to measure")
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
	if err := json.Unmarshal(data, &docs); err != nil {
		return "", nil, fmt.Errorf("%s: %w: must be a JSON list of token-id lists, such as [[504,3575],[19,7]]", name, err)
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
// applied, cut to T.
func tokenize(o *options, tok *tokenizer.Tokenizer, text string, docs [][]int32) ([][]int32, error) {
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

// withBOS makes another token ⟨bos⟩.
func withBOS(tok *tokenizer.Tokenizer, bos string) (*tokenizer.Tokenizer, error) {
	t, err := tok.WithBOSEOS(bos, "")
	if err != nil {
		return nil, fmt.Errorf("-bos-token: %w", err)
	}
	return t, nil
}

// nameBOS records whether a document begins with ⟨bos⟩.
func nameBOS(t *sinks.Trace, tok *tokenizer.Tokenizer) {
	t.BOS = sinks.BOSNone
	if id, ok := tok.BOS(); ok && t.IDs[0] == id {
		t.BOS = tok.Token(id)
	}
}
