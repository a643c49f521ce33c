package gguf

import "fmt"

// Type is how a tensor's numbers are kept, as the format numbers it.
type Type uint32

// The types that weights can have here: floating point, and those that the reader of
// tensors dequantises.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q4_1 Type = 3
	Q5_0 Type = 6
	Q5_1 Type = 7
	Q8_0 Type = 8
	Q2K  Type = 10
	Q3K  Type = 11
	Q4K  Type = 12
	Q5K  Type = 13
	Q6K  Type = 14
	F64  Type = 28
	BF16 Type = 30
)

// blocks says for each how many numbers a block holds, and in how many bytes.
var blocks = map[Type]struct{ numbers, bytes uint64 }{
	F32: {1, 4}, F16: {1, 2}, BF16: {1, 2}, F64: {1, 8},
	Q4_0: {32, 18}, Q4_1: {32, 20}, Q5_0: {32, 22}, Q5_1: {32, 24}, Q8_0: {32, 34},
	Q2K: {256, 84}, Q3K: {256, 110}, Q4K: {256, 144}, Q5K: {256, 176}, Q6K: {256, 210},
}

// typeNames are the format's names by number, "" where there is none.
var typeNames = [...]string{
	"F32", "F16", "Q4_0", "Q4_1", "", "", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_K",
	"IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8", "I16", "I32", "I64", "F64", "IQ1_M", "BF16",
	"", "", "", "TQ1_0", "TQ2_0", "", "", "", "MXFP4",
}

func (t Type) String() string {
	if int64(t) < int64(len(typeNames)) && typeNames[t] != "" {
		return typeNames[t]
	}
	return fmt.Sprintf("unknown(%d)", uint32(t))
}

// Types are all types known here, in the order of their numbers.
var Types = []Type{F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2K, Q3K, Q4K, Q5K, Q6K, F64, BF16}

// BlockSize is how many numbers a block holds, 0 for a type that is not known.
func (t Type) BlockSize() int { return int(blocks[t].numbers) }

// BlockBytes is how many bytes a block takes.
func (t Type) BlockBytes() int { return int(blocks[t].bytes) }
