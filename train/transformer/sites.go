package transformer

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
)

// Site is a place where linear maps of a block read their input. All of a block's
// products but those of attention itself read at one of them.
type Site int

// The sites of a block, in the order in which it comes to them.
const (
	SiteQKV  Site = iota // [B, T, D] what queries, keys and values are made of
	SiteOut              // [B, T, H·Dh] heads' outputs, before the output projection
	SiteMLP              // [B, T, D] what the MLP reads: gate and up
	SiteDown             // [B, T, F] inside the MLP, before the down projection
	Sites                // how many there are
)

// siteNames are as files and command lines have them.
var siteNames = [Sites]string{"qkv", "out", "mlp", "down"}

func (s Site) String() string {
	if s < 0 || s >= Sites {
		return fmt.Sprintf("site %d", int(s))
	}
	return siteNames[s]
}

// Width is the number of channels at a site.
func (s Site) Width(c *Config) int {
	switch s {
	case SiteOut:
		return c.Heads * c.HeadDim
	case SiteDown:
		return c.Hidden
	}
	return c.Width
}

// read is what the linear maps of a site make of x [B, T, C]: x itself, or x rounded as
// the edits say. It keeps x, before rounding, among the named intermediates.
func (in *Inputs) read(n *Nodes, site Site, x *Node) *Node {
	n.Read[site] = x
	grid := in.Edits.Round[site]
	if grid == nil {
		return x
	}
	if turn := in.Edits.Turn[site]; turn != nil {
		return in.spare(x, Turned(roundTo(Turned(x, turn, false), grid), turn, true))
	}
	return in.spare(x, roundTo(x, grid))
}

// roundTo rounds x to whole multiples of a step along the last axis, half to even, at most
// ±most of them: grid is [2] float32, the step and most. A step of 0 is each row's own,
// max |x| / most.
func roundTo(x, grid *Node) *Node {
	at := func(i int) *Node { return Reshape(Slice(grid, AxisElem(i)), onesLike(x)...) }
	step, most := at(0), at(1)
	own := Div(ReduceAndKeep(Abs(x), ReduceMax, -1), most)
	step = BroadcastToShape(step, own.Shape())
	step = Where(GreaterThan(step, ZerosLike(step)), step, own)
	step = Where(GreaterThan(step, ZerosLike(step)), step, OnesLike(step)) // a row of zeros stays one
	return Mul(Min(Max(Round(Div(x, step)), Neg(most)), most), step)
}

// onesLike are dimensions of 1, as many as x has.
func onesLike(x *Node) []int {
	ones := make([]int, x.Rank())
	for i := range ones {
		ones[i] = 1
	}
	return ones
}

// Turned multiplies x [..., C] by an orthogonal matrix [b, b], b a divisor of C, in blocks
// of b channels, or by its inverse.
func Turned(x, turn *Node, back bool) *Node {
	d, b := x.Shape().Dimensions, turn.Shape().Dim(0)
	axis := 0
	if back {
		axis = 1
	}
	blocks := Reshape(x, -1, b)
	return Reshape(DotGeneral(blocks, []int{1}, nil, turn, []int{axis}, nil), d...)
}

// spare takes the tokens that Edits.Whole names from x and all others from rounded, both
// [B, T, …].
func (in *Inputs) spare(x, rounded *Node) *Node {
	whole := in.Edits.Whole
	if whole == nil {
		return rounded
	}
	for whole.Rank() < x.Rank() {
		whole = InsertAxes(whole, -1)
	}
	whole = BroadcastToShape(whole, x.Shape())
	return Where(GreaterThan(whole, ZerosLike(whole)), x, rounded)
}

// roundHeads rounds keys or values [B, S, K, Dh] as a cache of few bits keeps them: each
// token's and head's vector by itself.
func (in *Inputs) roundHeads(x *Node) *Node {
	if in.Edits.RoundKV == nil {
		return x
	}
	return in.spare(x, roundTo(x, in.Edits.RoundKV))
}
