package tokenizer

import "fmt"

// Texts of the special tokens of [NewBytes].
const (
	BytesBOS = "<bos>"
	BytesEOS = "<eos>"
)

// NewBytes returns the tokenizer of raw bytes, V = 258: id b is byte b, 256 is
// BOS and 257 EOS. It has no merges and fits small models trained from scratch.
func NewBytes() *Tokenizer {
	d := definition{pre: preBytes, unk: noID, bos: 256, eos: 257}
	for _, r := range byteToRune {
		d.tokens = append(d.tokens, string(r))
		d.kinds = append(d.kinds, kindNormal)
	}
	d.tokens = append(d.tokens, BytesBOS, BytesEOS)
	d.kinds = append(d.kinds, kindSpecial, kindSpecial)
	t, err := build(d)
	if err != nil {
		panic(fmt.Sprintf("tokenizer: bytes: %v", err)) // a constant definition: no input can cause it
	}
	return t
}
