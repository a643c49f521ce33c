package corpus

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
)

// TokenizerKind names where a tokenizer comes from.
type TokenizerKind string

const (
	// TokenizerBytes takes bytes for tokens, V = 258.
	TokenizerBytes TokenizerKind = "bytes"
	// TokenizerBPE is trained here, on the training side of the corpus.
	TokenizerBPE TokenizerKind = "bpe"
	// TokenizerPretrained is that of a model.
	TokenizerPretrained TokenizerKind = "pretrained"
)

// TokenizerSpec describes a tokenizer. Start from [DefaultTokenizerSpec].
type TokenizerSpec struct {
	Kind TokenizerKind `json:"kind"`
	// BPE configures the training of [TokenizerBPE]; nil otherwise.
	BPE *BPESpec `json:"bpe,omitempty"`
	// Pretrained is what [pretrained.LoadTokenizer] reads: a GGUF file, a folder, or a model on the
	// hub. Empty for others.
	Pretrained string `json:"pretrained,omitempty"`
}

// BPESpec configures a BPE that is trained on the corpus.
type BPESpec struct {
	tokenizer.BPEConfig
	// MaxBytes is how much text it is trained on at most, from the first document on.
	MaxBytes int64 `json:"max_bytes"`
}

// DefaultTokenizerSpec is the default of a kind: for a BPE, 4,096 tokens from 16 MiB of text.
func DefaultTokenizerSpec(kind TokenizerKind) TokenizerSpec {
	s := TokenizerSpec{Kind: kind}
	if kind == TokenizerBPE {
		s.BPE = &BPESpec{BPEConfig: tokenizer.DefaultBPEConfig(), MaxBytes: 16 << 20}
	}
	return s
}

// Validate reports the first field that makes no sense.
func (s TokenizerSpec) Validate() error {
	kinds := []TokenizerKind{TokenizerBytes, TokenizerBPE, TokenizerPretrained}
	switch {
	case !slices.Contains(kinds, s.Kind):
		return fmt.Errorf("corpus: TokenizerSpec.Kind is %q: use one of %q", s.Kind, kinds)
	case (s.BPE != nil) != (s.Kind == TokenizerBPE):
		return fmt.Errorf("corpus: TokenizerSpec.BPE goes with kind %q, and kind is %q: start from DefaultTokenizerSpec", TokenizerBPE, s.Kind)
	case (s.Pretrained != "") != (s.Kind == TokenizerPretrained):
		return fmt.Errorf("corpus: TokenizerSpec.Pretrained is %q, but kind is %q: kind %q alone needs a model's name or path", s.Pretrained, s.Kind, TokenizerPretrained)
	case s.BPE != nil && s.BPE.MaxBytes < 1:
		return fmt.Errorf("corpus: TokenizerSpec.BPE.MaxBytes is %d: give at least one byte to train on", s.BPE.MaxBytes)
	case s.BPE != nil:
		return s.BPE.Validate()
	}
	return nil
}

// UnmarshalJSON reads a spec on top of the default of its kind. Unknown fields are errors.
func (s *TokenizerSpec) UnmarshalJSON(data []byte) error {
	var head struct {
		Kind TokenizerKind `json:"kind"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return fmt.Errorf("corpus: TokenizerSpec: %w", err)
	}
	type plain TokenizerSpec // without this method
	filled := plain(DefaultTokenizerSpec(head.Kind))
	if err := strictJSON(data, &filled); err != nil {
		return fmt.Errorf("corpus: TokenizerSpec: %w", err)
	}
	*s = TokenizerSpec(filled)
	return nil
}

// load returns the tokenizer if it is made already, nil if it is to be trained.
func (s TokenizerSpec) load() (*tokenizer.Tokenizer, error) {
	switch s.Kind {
	case TokenizerBytes:
		return tokenizer.NewBytes(), nil
	case TokenizerPretrained:
		return pretrained.LoadTokenizer(s.Pretrained)
	default:
		return nil, nil
	}
}

// train makes a BPE of the first texts.
func (s BPESpec) train(texts iter.Seq2[Document, error]) (*tokenizer.Tokenizer, error) {
	left := s.MaxBytes
	var reading error
	t, err := tokenizer.TrainBPE(func(yield func(string) bool) {
		for d, err := range texts {
			if err != nil {
				reading = err
				return
			}
			if left -= int64(len(d.Text)); left < 0 {
				// The text as far as it is allowed: a single long document is enough to train on.
				yield(d.Text[:int64(len(d.Text))+left])
				return
			}
			if !yield(d.Text) {
				return
			}
		}
	}, s.BPEConfig)
	if reading != nil {
		return nil, reading
	}
	return t, err
}
