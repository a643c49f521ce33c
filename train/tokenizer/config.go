package tokenizer

import (
	"encoding/json"
	"fmt"
	"io"
)

// WithConfig returns a copy of t with the BOS and EOS that a Hugging Face
// tokenizer_config.json names, its padding token, and whether it asks for BOS in
// front. Its other fields, which are many and do not bear on ids, are not read.
func (t *Tokenizer) WithConfig(r io.Reader) (*Tokenizer, error) {
	var c struct {
		BOS configToken `json:"bos_token"`
		EOS configToken `json:"eos_token"`
		Pad configToken `json:"pad_token"`
		Add *bool       `json:"add_bos_token"`
	}
	if err := json.NewDecoder(io.LimitReader(r, maxJSON)).Decode(&c); err != nil {
		return nil, fmt.Errorf("tokenizer: tokenizer_config.json: %w", err)
	}
	out, err := t.WithBOSEOS(string(c.BOS), string(c.EOS))
	if err != nil {
		return nil, fmt.Errorf("tokenizer_config.json: %w", err)
	}
	if id, ok := t.ids[string(c.Pad)]; ok { // some files name one that was never given a row
		out.pad = id
	}
	if c.Add != nil {
		out.addsBOS = *c.Add && out.bos != noID
	}
	return out, nil
}

// configToken is a token in a tokenizer_config.json: null, its text, or an
// object with the text as "content".
type configToken string

func (c *configToken) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		var object struct {
			Content string `json:"content"`
		}
		if err := json.Unmarshal(data, &object); err != nil || object.Content == "" {
			return fmt.Errorf("%s is neither a token nor an object with \"content\"", clip(data))
		}
		text = object.Content
	}
	*c = configToken(text)
	return nil
}
