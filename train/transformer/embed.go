package transformer

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Embed looks token ids [B, T] up in the embedding, scales them if the configuration says
// so, and adds the rows of their positions [B or 1, T] if it has such a table: the residual
// stream before the first block, float32 [B, T, D]. It reads Embed and Position.
func Embed(c *Config, p *Params[*Node], ids, positions *Node) *Node {
	p.Embed.AssertDims(c.Vocab, c.Width)
	x := ConvertDType(Gather(p.Embed, InsertAxes(ids, -1)), dtypes.Float32)
	if c.ScaleEmbed {
		x = MulScalar(x, c.embedFactor())
	}
	if c.LearnedPositions > 0 {
		x = Add(x, ConvertDType(Gather(p.Position, InsertAxes(positions, -1)), dtypes.Float32))
	}
	return x
}

// Embed does so with the model's weights, on the device; positions [B or 1, T] int32 must
// be below the table's length. The result is the caller's to free.
func (m *Model) Embed(ids, positions *tensors.Tensor) (*tensors.Tensor, error) {
	out, err := m.call("embed", func(args []*Node) []*Node { return []*Node{embedNodes(&m.Config, args)} }, m.embedArgs(ids, positions)...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// embedArgs are what embedNodes takes.
func (m *Model) embedArgs(ids, positions *tensors.Tensor) []*tensors.Tensor {
	args := []*tensors.Tensor{m.params.Embed, ids}
	if m.Config.LearnedPositions > 0 {
		args = append(args, m.params.Position, positions)
	}
	return args
}

func embedNodes(c *Config, args []*Node) *Node {
	p := Params[*Node]{Embed: args[0]}
	if c.LearnedPositions == 0 {
		return Embed(c, &p, args[1], nil)
	}
	p.Position = args[2]
	return Embed(c, &p, args[1], args[3])
}
