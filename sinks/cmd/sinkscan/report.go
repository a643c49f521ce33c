package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"

	"firsttoken/sinks"
	"firsttoken/train/tokenizer"
)

// report is the JSON object: of one document, or of several as means over them.
// IDs, Tokens and Top1 are lists for one document and lists of lists for several.
type report struct {
	Model     string `json:"model"`
	Documents int    `json:"documents,omitempty"`
	IDs       any    `json:"ids"`
	Tokens    any    `json:"tokens"`
	BOS       string `json:"bos"`
	T         int    `json:"T"` // tokens of the (longest) document

	Top1       any       `json:"top1"`        // [T] arg-max next token
	LogitsLast []float32 `json:"logits_last"` // [V] after the last token
	Loss       *float64  `json:"loss"`        // mean, nats; null for a single token

	FirstTokenAttention [][]float64           `json:"first_token_attention"`  // [L][H] mean over query rows, row 1 included
	SinkRate            map[string]float64    `json:"sink_rate"`              // by ε
	SinkRateCI          map[string][2]float64 `json:"sink_rate_ci,omitempty"` // by ε, 95 % over documents
	ValueNorms          [][][]float32         `json:"value_norms"`            // [L][K][T]
	ResidualNorms       [][]float32           `json:"residual_norms"`         // [L+1][T]
	RowEntropy          [][]float64           `json:"row_entropy"`            // [L][H] mean over query rows, nats

	Warnings   []string          `json:"warnings"`
	Provenance map[string]string `json:"provenance"`
}

// reporter prints traces.
type reporter struct {
	o        *options
	tok      *tokenizer.Tokenizer
	warnings []string
	out      io.Writer
}

// json prints one object, a mean over the traces.
func (r *reporter) json(traces []*sinks.Trace) error {
	rep, err := r.report(traces)
	if err != nil {
		return err
	}
	return printJSON(r.out, rep)
}

// printJSON prints one object on one line, with < and > as they are: tokens such
// as <|endoftext|> have them.
func printJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("printing JSON: %w", err)
	}
	return nil
}

// printTokens prints ids and tokens and nothing else.
func printTokens(o *options, out io.Writer, tok *tokenizer.Tokenizer, docs [][]int32) error {
	if !o.json && !o.perDocument {
		return tokenTable(out, tok, docs)
	}
	type tokens struct {
		Model  string `json:"model"`
		IDs    any    `json:"ids"`
		Tokens any    `json:"tokens"`
		BOS    string `json:"bos"`
	}
	names := make([][]string, len(docs))
	for i, ids := range docs {
		for _, id := range ids {
			names[i] = append(names[i], tok.Token(id))
		}
	}
	if len(docs) > 1 && !o.perDocument {
		return printJSON(out, tokens{o.model, docs, names, string(o.bos)})
	}
	for i := range docs {
		if err := printJSON(out, tokens{o.model, docs[i], names[i], string(o.bos)}); err != nil {
			return err
		}
	}
	return nil
}

// tokenTable prints position, id and token, one token a line.
func tokenTable(out io.Writer, tok *tokenizer.Tokenizer, docs [][]int32) error {
	var buf bytes.Buffer
	for i, ids := range docs {
		if len(docs) > 1 {
			fmt.Fprintf(&buf, "document %d\n", i+1)
		}
		for t, id := range ids {
			fmt.Fprintf(&buf, "%5d  %6d  %s\n", t+1, id, tok.Display(id))
		}
	}
	return printAll(out, &buf)
}

// printAll writes a finished text at once, so that a failure before leaves no
// half of it.
func printAll(out io.Writer, buf *bytes.Buffer) error {
	if _, err := out.Write(buf.Bytes()); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// report reduces traces to the printed numbers.
func (r *reporter) report(traces []*sinks.Trace) (*report, error) {
	first := traces[0]
	rep := &report{Model: first.Model, BOS: string(r.o.bos), SinkRate: map[string]float64{}, SinkRateCI: map[string][2]float64{}, Warnings: []string{}, Provenance: first.Provenance}
	rep.IDs, rep.Tokens, rep.Top1 = any(first.IDs), any(first.Tokens), any(first.Top1)
	if len(traces) > 1 {
		rep.Documents = len(traces)
		var ids, top1 [][]int32
		var tokens [][]string
		for _, t := range traces {
			ids, tokens, top1 = append(ids, t.IDs), append(tokens, t.Tokens), append(top1, t.Top1)
		}
		rep.IDs, rep.Tokens, rep.Top1 = ids, tokens, top1
	}
	rep.Warnings = append(rep.Warnings, r.warnings...)
	for _, t := range traces {
		rep.T = max(rep.T, t.T)
		warnings, err := t.Check()
		if err != nil {
			return nil, err
		}
		rep.Warnings = append(rep.Warnings, warnings...)
	}
	if err := r.rates(rep, traces); err != nil {
		return nil, err
	}
	slices.Sort(rep.Warnings)
	rep.Warnings = slices.Compact(rep.Warnings)

	var entropy [][][]float64
	var loss mean
	for _, t := range traces {
		rows, err := t.MeanRowEntropy(false)
		if err != nil {
			return nil, err
		}
		entropy = append(entropy, rows)
		if len(t.Loss) > 0 {
			l, err := t.MeanLoss()
			if err != nil {
				return nil, err
			}
			loss.add(l)
		}
	}
	if loss.n > 0 {
		l := loss.value()
		rep.Loss = &l
	}
	var err error
	if rep.RowEntropy, err = sinks.MeanScores(entropy); err != nil {
		return nil, err
	}
	rep.LogitsLast = meanVectors(traces, func(t *sinks.Trace) []float32 { return t.LogitsLast })
	for l := range first.L + 1 {
		rep.ResidualNorms = append(rep.ResidualNorms, meanVectors(traces, func(t *sinks.Trace) []float32 { return t.ResidNorm[l] }))
	}
	for l := range first.L {
		norms := make([][]float32, first.K)
		for k := range norms {
			norms[k] = meanVectors(traces, func(t *sinks.Trace) []float32 { return t.ValueNorm[l][k] })
		}
		rep.ValueNorms = append(rep.ValueNorms, norms)
	}
	return rep, nil
}

// rates fills in what is counted over (layer, head) pairs, with the warnings a
// reader of it must know.
func (r *reporter) rates(rep *report, traces []*sinks.Trace) error {
	acc, err := sinks.NewAccumulator(sinks.RateOptions{})
	if err != nil {
		return err
	}
	isMixed := slices.ContainsFunc(traces, func(t *sinks.Trace) bool { return t.BOS != traces[0].BOS })
	if isMixed {
		rep.Warnings = append(rep.Warnings, "only some of the documents begin with ⟨bos⟩: -bos add or -bos none makes them alike")
	}
	for _, t := range traces {
		if isMixed {
			// An accumulator refuses to mix conditions unasked; here it is asked to.
			alike := *t
			alike.BOS = "mixed"
			t = &alike
		}
		if err := acc.Add(t); err != nil {
			return err
		}
	}
	if rep.FirstTokenAttention, err = acc.MeanScores(); err != nil {
		return err
	}
	for _, eps := range r.o.eps {
		rate, err := acc.Rate(eps)
		if err != nil {
			return err
		}
		key := strconv.FormatFloat(eps, 'g', -1, 64)
		rep.SinkRate[key] = rate.Value
		if rate.CI != nil {
			rep.SinkRateCI[key] = [2]float64{rate.CI.Lo, rate.CI.Hi}
		}
		rep.Warnings = append(rep.Warnings, rate.Warnings...)
	}
	return nil
}

// mean is a running mean.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(x float64)  { m.sum += x; m.n++ }
func (m *mean) value() float64 { return m.sum / float64(m.n) }

// meanVectors averages vectors over the traces, entry by entry; where lengths
// differ, each entry over those that have it.
func meanVectors(traces []*sinks.Trace, vector func(*sinks.Trace) []float32) []float32 {
	var means []mean
	for _, t := range traces {
		for i, x := range vector(t) {
			if i == len(means) {
				means = append(means, mean{})
			}
			means[i].add(float64(x))
		}
	}
	out := make([]float32, len(means))
	for i := range means {
		out[i] = float32(means[i].value())
	}
	return out
}
