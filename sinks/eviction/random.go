package eviction

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Random keeps a seeded draw: each entry of each layer and key/value head has a number of its own,
// by a hash, and the largest stay. So what is kept of a text read so far is a uniform sample of it.
type Random struct{ Seed uint32 }

func (p Random) String() string {
	if p.Seed == 0 {
		return "random"
	}
	return fmt.Sprintf("random:%d", p.Seed)
}

func (p Random) Check(n, _ int) error { return budget(p, n, 1) }

func (Random) Counts() bool { return false }

func (p Random) Score(e *Entries, _ int) *Node {
	g := e.Pos.Graph()
	u := func(x *Node) *Node { return ConvertDType(x, dtypes.Uint32) }
	head := Iota(g, shapes.Make(dtypes.Uint32, e.Pos.Shape().Dimensions...), 1)
	x := Add(mixBits(AddScalar(u(e.Pos), float64(p.Seed))), MulScalar(head, 0x9E3779B9))
	x = mixBits(Add(mixBits(x), BroadcastToShape(Reshape(u(e.Layer), 1, 1, 1), x.Shape())))
	return ConvertDType(BitwiseShiftRightLogicalScalar(x, uint32(8)), dtypes.Float32) // 24 bits, which float32 holds exactly
}

// mixBits is the finaliser of MurmurHash3: every bit of the result depends on every bit of x.
func mixBits(x *Node) *Node {
	x = BitwiseXor(x, BitwiseShiftRightLogicalScalar(x, uint32(16)))
	x = MulScalar(x, 0x85EBCA6B)
	x = BitwiseXor(x, BitwiseShiftRightLogicalScalar(x, uint32(13)))
	x = MulScalar(x, 0xC2B2AE35)
	return BitwiseXor(x, BitwiseShiftRightLogicalScalar(x, uint32(16)))
}
