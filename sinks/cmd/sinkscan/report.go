package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"firsttoken/train/tokenizer"
)

// report is the JSON object: of one document, or of several, such as the windows of a text, as
// means over them. IDs, Tokens and Top1 are lists for one document and lists of lists for several.
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
	EvenAttention       float64               `json:"even_attention"`         // sinks.EvenAttention at the T of the shortest document
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
	docs     *documents
	warnings []string // of the backend
	out      io.Writer
}

// json prints one object.
func (r *reporter) json(s *summary) error {
	rep, err := s.report()
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
