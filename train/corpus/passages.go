package corpus

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"firsttoken/train/tokenizer"
)

// PassageConfig says which passages [Passages] cuts.
type PassageConfig struct {
	// N is how many there are to be.
	N int `json:"n"`
	// T is the length of each in tokens, ⟨bos⟩ included where there is one.
	T int `json:"T"`
	// MinT, if not 0, also takes what is left at the end of a document, down to so many tokens. By
	// default every passage has T.
	MinT int `json:"min_T,omitempty"`
	// BOS puts the tokenizer's ⟨bos⟩ in front of each passage, as token 1 of the T, whose last text
	// token it pushes out: with and without, the same seed begins the same passages at the same
	// places. By default there is none. Special tokens that a text spells out are text like any
	// other, so ⟨bos⟩ is never there twice.
	BOS bool `json:"bos,omitempty"`
	// Seed draws the passages from all there are.
	Seed uint64 `json:"seed"`
}

// Validate reports the first field that makes no sense.
func (c PassageConfig) Validate() error {
	least := 1
	if c.BOS {
		least = 2 // ⟨bos⟩ and a token of the text
	}
	switch {
	case c.N < 1:
		return fmt.Errorf("corpus: PassageConfig.N is %d: ask for at least one passage", c.N)
	case c.T < least:
		return fmt.Errorf("corpus: PassageConfig.T is %d: a passage needs at least %d tokens", c.T, least)
	case c.MinT != 0 && (c.MinT < least || c.MinT > c.T):
		return fmt.Errorf("corpus: PassageConfig.MinT is %d: give 0 for passages of T tokens alone, or a number from %d to T = %d", c.MinT, least, c.T)
	}
	return nil
}

// Passage is a piece of a document as tokens.
type Passage struct {
	// Document is the name of the document; its bytes [Start, End) are the passage.
	Document string `json:"document"`
	Start    int    `json:"start"`
	End      int    `json:"end"`
	// Text is what lies there. A token may end within a character.
	Text string `json:"text"`
	// IDs are the tokens, ⟨bos⟩ first if it was asked for.
	IDs []int32 `json:"ids"`
}

// String names document and bytes: "speeches/1961-john-f-kennedy[2048:2371]".
func (p Passage) String() string { return fmt.Sprintf("%s[%d:%d]", p.Document, p.Start, p.End) }

// IDs are the tokens of passages, as [Passages] or a run of a model takes them.
func IDs(passages []Passage) [][]int32 {
	ids := make([][]int32, len(passages))
	for i, p := range passages {
		ids[i] = p.IDs
	}
	return ids
}

// Passages cuts passages out of the documents of a source, to measure a model on: the one way to
// get token sequences of a given length from text. It is an error if the source has fewer than are
// wanted; no passage is ever padded.
//
// Each document is divided, from its first character on, into regions that do not overlap: a region
// begins where the document or a sentence does (a new line counts) and reaches over as many tokens
// as a passage has. A document gives its second passage only when all others have given one, and so
// on, so that passages come from as many documents as can be; within this order a hash of seed,
// document and place decides. So fewer passages are the beginning of more, and what a source has
// besides moves nothing but ranks. Where passages share documents, they are clusters: resample them
// by [Passage.Document].
//
// The tokens are those of the text from Start on, not of the whole document, whose tokens may cross
// Start.
func Passages(src Source, tok *tokenizer.Tokenizer, c PassageConfig) ([]Passage, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	bos, ok := tok.BOS()
	if c.BOS && !ok {
		return nil, fmt.Errorf("corpus: PassageConfig.BOS is set, but this %s tokenizer names no ⟨bos⟩: name one with WithBOSEOS", tok.Kind())
	}
	type candidate struct {
		round int // the how-manieth of its document
		key   digest
		Passage
	}
	var all []candidate
	documents := 0
	for d, err := range src.Documents() {
		if err != nil {
			return nil, err
		}
		documents++
		regions, err := regions(d, tok, c.T, cmp.Or(c.MinT, c.T))
		if err != nil {
			return nil, fmt.Errorf("corpus: %s: %w", d.Name, err)
		}
		own := make([]candidate, len(regions))
		for i, p := range regions {
			own[i] = candidate{key: keyed("passages", c.Seed, fmt.Sprintf("%d %s", p.Start, p.Document)), Passage: p}
		}
		slices.SortFunc(own, func(a, b candidate) int { return bytes.Compare(a.key[:], b.key[:]) })
		for i := range own {
			own[i].round = i
		}
		all = append(all, own...)
	}
	if len(all) < c.N {
		return nil, fmt.Errorf("corpus: %d passages of %s in %d documents, and %d are wanted: ask for fewer or shorter ones, or give more text",
			len(all), c.length(), documents, c.N)
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.round, b.round), bytes.Compare(a.key[:], b.key[:]))
	})
	passages := make([]Passage, c.N)
	for i := range passages {
		p := all[i].Passage
		if c.BOS {
			p.IDs = append([]int32{bos}, p.IDs[:min(len(p.IDs), c.T-1)]...)
			if err := p.end(tok, p.IDs[1:]); err != nil {
				return nil, err
			}
		}
		passages[i] = p
	}
	return passages, nil
}

func (c PassageConfig) length() string {
	if c.MinT == 0 {
		return fmt.Sprintf("%d tokens", c.T)
	}
	return fmt.Sprintf("%d to %d tokens", c.MinT, c.T)
}

// SplitPassages cuts c.N passages to measure on and besides them some to calibrate on, from
// different documents: what is fitted to the latter has seen nothing of the former. Which documents
// serve which is drawn as by [Split].
func SplitPassages(src Source, tok *tokenizer.Tokenizer, calibrating int, c PassageConfig) (calibration, measured []Passage, err error) {
	if calibrating < 1 {
		return nil, nil, fmt.Errorf("corpus: %d passages to calibrate on: ask for at least one, or use Passages", calibrating)
	}
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	measure, calibrate, err := Split(src, float64(calibrating)/float64(calibrating+c.N), c.Seed)
	if err != nil {
		return nil, nil, err
	}
	if measured, err = Passages(measure, tok, c); err != nil {
		return nil, nil, fmt.Errorf("to measure on: %w", err)
	}
	c.N = calibrating
	if calibration, err = Passages(calibrate, tok, c); err != nil {
		return nil, nil, fmt.Errorf("to calibrate on: %w", err)
	}
	return calibration, measured, nil
}

// regions divides a document into passages of t tokens, the last of least or more.
func regions(d Document, tok *tokenizer.Tokenizer, t, least int) (all []Passage, err error) {
	for start := 0; start < len(d.Text); {
		ids, err := firstTokens(tok, d.Text[start:], t)
		if err != nil {
			return nil, err
		}
		if len(ids) < least {
			break
		}
		p := Passage{Document: d.Name, Start: start, Text: d.Text[start:], IDs: ids}
		if err := p.end(tok, ids); err != nil {
			return nil, err
		}
		all = append(all, p)
		start = nextSentence(d.Text, p.End)
	}
	return all, nil
}

// end cuts the passage's text to what the tokens say.
func (p *Passage) end(tok *tokenizer.Tokenizer, ids []int32) error {
	said, err := tok.Decode(ids)
	if err != nil {
		return err
	}
	n := 0
	for _, b := range said {
		if b == ' ' && strings.HasPrefix(p.Text[n:], "▁") { // Gemma's tokens say both alike
			n += len("▁")
		} else {
			n++
		}
	}
	p.Text, p.End = p.Text[:n], p.Start+n
	return nil
}

// firstTokens are the first t tokens of a text, all of them if it has fewer. It reads as much of
// the text as they need: up to a white space far enough behind them that what follows cannot change
// them.
func firstTokens(tok *tokenizer.Tokenizer, text string, t int) ([]int32, error) {
	for size := 8 * (t + 8); ; size *= 2 {
		part := text
		if size < len(text) {
			if space := strings.LastIndexAny(text[:size], " \n"); space > 0 {
				part = text[:space]
			}
		}
		ids, err := tok.Encode(part, tokenizer.EncodeOptions{})
		if err != nil {
			return nil, err
		}
		if len(part) == len(text) || len(ids) >= t+8 {
			return slices.Clip(ids[:min(t, len(ids))]), nil
		}
	}
}

// nextSentence is where the first sentence or line begins at or after a byte, the text's length if
// none does. A full stop behind fewer than four letters is taken for that of an abbreviation.
func nextSentence(text string, from int) int {
	for i := max(1, from); i < len(text); i++ {
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		first, _ := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsSpace(before) || unicode.IsSpace(first) || !utf8.RuneStart(text[i]) {
			continue
		}
		space := len(strings.TrimRightFunc(text[:i], unicode.IsSpace))
		if strings.Contains(text[space:i], "\n") {
			return i
		}
		sentence := strings.TrimRight(text[:space], `"')]”’`)
		if strings.HasSuffix(sentence, "?") || strings.HasSuffix(sentence, "!") {
			return i
		}
		words, stop := strings.CutSuffix(sentence, ".")
		if last := strings.TrimRightFunc(words, unicode.IsLetter); stop && utf8.RuneCountInString(words[len(last):]) >= 4 {
			return i
		}
	}
	return len(text)
}
