package tokenizer

import (
	"fmt"
	"math"
	"slices"
)

// EncodeOptions says how text is read. The zero value is the safe choice.
type EncodeOptions struct {
	// Special reads the text of special tokens, such as <|endoftext|>, as these
	// tokens. By default it is text like any other and never becomes the
	// special id, so that a document cannot forge a BOS.
	Special bool

	// AllowMissing does with a byte for which the vocabulary has no token what
	// Hugging Face's library does without a word: it becomes the unknown token
	// if the file names one, else it is left out. By default it is an error.
	// SmolLM2 lacks 21 bytes: six control characters, 0xF1 and 0xF2, and those
	// that valid UTF-8 never holds.
	AllowMissing bool
}

// Encode returns the token ids of text. It adds no BOS and no EOS. Decoding the
// ids gives back text exactly, unless AllowMissing had to be used; Qwen's and GPT-NeoX's
// tokenizers give back its normal form C. A SentencePiece
// vocabulary gives back each "▁" of text as a space, as it writes the two alike, and one
// that puts a space in front may keep it after added tokens, or take one space of the
// text's own for it: see [Tokenizer.Decode].
// The error, if any, names the byte without a token and its offset.
//
// The slice has no room beyond its length: ids[:n] of a text of fewer than n tokens panics, where
// room would come out as tokens of id 0.
func (t *Tokenizer) Encode(text string, o EncodeOptions) ([]int32, error) {
	ids, err := t.AppendEncode(nil, text, o)
	return slices.Clip(ids), err
}

// AppendEncode appends the token ids of text to dst and returns the extended
// slice; it is otherwise as [Tokenizer.Encode]. On an error dst is returned as
// it was given.
func (t *Tokenizer) AppendEncode(dst []int32, text string, o EncodeOptions) ([]int32, error) {
	if limit := math.MaxInt32 / len(spaceMark); len(text) > limit { // each space may take so much
		return dst, fmt.Errorf("tokenizer: text of %d bytes; at most %d at once: split it into documents", len(text), limit)
	}
	e := encoder{t: t, o: o, dst: dst, scratch: t.scratch.Get().(*mergeScratch)}
	defer t.scratch.Put(e.scratch)
	err := t.early.split(text, o.Special, func(s string, id int32) error {
		if id != noID {
			e.token(s, id)
			return nil
		}
		end := e.offset + len(s)
		if t.nfc {
			s = nfc(s)
		}
		if t.prefix == prefixPieces {
			s = e.prefixed(s)
		}
		err := t.late.split(s, o.Special, func(s string, id int32) error {
			if id != noID {
				e.token(s, id)
				return nil
			}
			return e.text(s)
		})
		e.offset = end // what was normalised may be shorter
		return err
	})
	if err != nil {
		return dst, err
	}
	return e.dst, nil
}

// encoder is one call of AppendEncode.
type encoder struct {
	t       *Tokenizer
	o       EncodeOptions
	dst     []int32
	offset  int // bytes of the text done
	scratch *mergeScratch
}

func (e *encoder) token(text string, id int32) {
	e.dst = append(e.dst, id)
	e.offset += len(text)
}

// text encodes a piece without added tokens.
func (e *encoder) text(s string) error {
	if e.t.pre == preBytes {
		for i := range len(s) {
			e.dst = append(e.dst, e.t.byteID[s[i]])
		}
		e.offset += len(s)
		return nil
	}
	if e.wantsPrefix(s) {
		s = e.prefixed(s)
	}
	for word := range e.t.pre.split(s) {
		if err := e.word(word); err != nil {
			return err
		}
		e.offset += len(word)
	}
	return nil
}

// word encodes one pre-token.
func (e *encoder) word(word string) error {
	if len(word) > cacheMaxWord {
		_, err := e.merge(word)
		return err
	}
	slot := e.t.cache.slot(e.t.seed, word)
	if c := slot.Load(); c != nil && c.word == word {
		e.dst = append(e.dst, c.ids...)
		return nil
	}
	before := len(e.dst)
	complete, err := e.merge(word)
	if complete {
		slot.Store(newCachedWord(word, e.dst[before:]))
	}
	return err
}

// merge encodes one pre-token without the cache; complete is false if bytes
// without a token were met, which other options may treat otherwise.
func (e *encoder) merge(word string) (complete bool, err error) {
	t := e.t
	if t.ignoreMerges {
		if id, ok := t.whole[word]; ok {
			e.dst = append(e.dst, id)
			return true, nil
		}
	}
	if t.ranks != nil {
		return e.byScores(word)
	}
	if t.pre.spaced() {
		complete, err = e.characters(word)
	} else {
		complete, err = e.bytes(word)
	}
	if err != nil {
		return false, err
	}
	e.dst = t.appendMerged(e.dst, e.scratch)
	return complete, nil
}

// bytes lays out the tokens that merging a word starts from, one a byte; complete is
// as in merge.
func (e *encoder) bytes(word string) (complete bool, err error) {
	t, sym := e.t, e.scratch.symbols[:0]
	complete = true
	for i := range len(word) {
		id := t.byteID[word[i]]
		if id == noID {
			if !e.o.AllowMissing {
				return false, e.missing(word, i)
			}
			complete = false
			if t.unk == noID || t.fuseUnk && i > 0 && t.byteID[word[i-1]] == noID {
				continue
			}
			id = t.unk
		}
		sym = appendSymbol(sym, id)
	}
	e.scratch.symbols = sym
	return complete, nil
}

// missing is the error for byte i of a word.
func (e *encoder) missing(word string, i int) error {
	return fmt.Errorf("tokenizer: byte 0x%02X at offset %d has no token in this vocabulary; AllowMissing lets such bytes pass", word[i], e.offset+i)
}
