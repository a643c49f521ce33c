package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"firsttoken/sinks/cmd/internal/cli"
	"firsttoken/train/tokenizer"
)

// input is what -text, -prompt or -ids name, as it is read: text or ids.
type input struct {
	text string
	ids  [][]int32
}

// documents are what is fed, and what a reader must know of how they were cut.
type documents struct {
	ids [][]int32
	// windows is true if they are those of one text.
	windows bool
	// cut is how: "all" of each document, the "first 64" tokens, or "windows of 64"; read says what
	// became of a text.
	cut, read string
	warnings  []string
}

// readInput reads what -text, -prompt or -ids name.
func readInput(o *options, stdin io.Reader) (*input, error) {
	name := o.text + o.ids // one of them is empty
	if name == "" {
		if o.prompt == "" {
			return nil, errors.New("the prompt is empty: there is nothing to measure")
		}
		return &input{text: o.prompt}, nil
	}
	if o.text != "" {
		text, err := cli.ReadText(name, stdin)
		return &input{text: text}, err
	}
	data, err := cli.ReadFile(name, stdin)
	if err != nil {
		return nil, err
	}
	ids, err := cli.ParseIDs(name, data)
	return &input{ids: ids}, err
}

// tokenize makes the documents that are fed: encoded, with the ⟨bos⟩ policy applied, cut to T or
// into windows of T. The tokenizer is replaced by one with -bos-token as ⟨bos⟩.
func (in *input) tokenize(o *options, with **tokenizer.Tokenizer) (*documents, error) {
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
	if in.ids != nil {
		return in.first(o, tok, in.ids)
	}
	if !utf8.ValidString(in.text) {
		return nil, fmt.Errorf("the text is not valid UTF-8: convert it, or give token ids with -ids")
	}
	ids, err := tok.Encode(in.text, tokenizer.EncodeOptions{Special: o.special})
	if err != nil {
		return nil, err
	}
	if o.text == "" {
		return in.first(o, tok, [][]int32{ids})
	}
	return in.windows(o, tok, ids)
}

// first cuts documents off after T tokens.
func (in *input) first(o *options, tok *tokenizer.Tokenizer, ids [][]int32) (*documents, error) {
	d := &documents{cut: "all"}
	if o.t > 0 {
		d.cut = fmt.Sprintf("first %d", o.t)
	}
	short := 0
	for i, doc := range ids {
		doc, err := tok.ApplyBOS(doc, o.bos)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", i+1, err)
		}
		if o.t > 0 && len(doc) > o.t {
			doc = doc[:o.t]
			short++
		}
		if len(doc) == 0 {
			return nil, fmt.Errorf("document %d has no tokens left: a prompt needs at least one", i+1)
		}
		d.ids = append(d.ids, doc)
	}
	if short > 0 {
		d.warnings = []string{fmt.Sprintf("%d of %d documents are longer than the %d tokens that are measured of each: -T 0 takes all, -text reads a text in windows", short, len(ids), o.t)}
	}
	return d, nil
}

// windows divides a text into pieces of T tokens, each behind ⟨bos⟩ if that is added. What is left
// at the end is left out, but for a text shorter than one window.
func (in *input) windows(o *options, tok *tokenizer.Tokenizer, ids []int32) (*documents, error) {
	policy, width := o.bos, o.t
	var lead []int32
	if policy == tokenizer.BOSAdd {
		bos, _ := tok.BOS()
		policy, width, lead = tokenizer.BOSNone, o.t-1, []int32{bos}
	}
	ids, err := tok.ApplyBOS(ids, policy)
	switch {
	case err != nil:
		return nil, err
	case o.t == 0:
		width = max(1, len(ids))
	case width == 0:
		return nil, errors.New("-T 1 leaves no room for the text behind ⟨bos⟩: use a larger T")
	}
	d := &documents{windows: true}
	left := 0
	for piece := range slices.Chunk(ids, width) {
		if len(piece) < width && len(d.ids) > 0 {
			left = len(piece)
			break
		}
		d.ids = append(d.ids, slices.Concat(lead, piece))
	}
	if len(d.ids) == 0 {
		return nil, errors.New("the text has no tokens left: a prompt needs at least one")
	}
	d.cut = fmt.Sprintf("windows of %d", len(d.ids[0]))
	d.read = fmt.Sprintf("%d tokens", len(ids))
	if left > 0 {
		d.read += fmt.Sprintf(", the last %d left out", left)
	}
	if strings.HasSuffix(in.text, "\n") {
		d.read += ", a newline at the end included"
	}
	return d, nil
}
