package transformer

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// A third of the formula is what the matrix products of a forward graph add up to, one by one.
func TestFLOPsAreThoseOfTheGraph(t *testing.T) {
	tied, untied := Tiny(), Tiny()
	untied.TiedOutput, untied.Layers, untied.KVHeads = false, 3, 4
	for _, c := range []Config{tied, untied} {
		for _, length := range []int{3, 16} {
			g := forwardGraph(t, &c, 2, length)
			sum := 0
			for _, n := range g.Nodes() {
				sum += productFLOPs(t, n)
			}
			require.Equal(t, c.FLOPsPerToken(length)/3, float64(sum)/float64(2*length), "%+v", c)
			g.Finalize()
		}
	}
}

// 120M parameters at a context of 2048, by hand: 12 blocks of 4·768² + 3·768·2048 weights and an
// output of 49152·768.
func TestFLOPsPerToken(t *testing.T) {
	c := Config{Vocab: 49152, Width: 768, Layers: 12, Heads: 12, KVHeads: 12, HeadDim: 64, Hidden: 2048, Context: 2048, NormEps: 1e-5, RopeBase: 1e4, TiedOutput: true}
	require.Equal(t, 6*122_683_392.0+12*12*768*2048, c.FLOPsPerToken(2048))
}

// forwardGraph builds the logits of b windows of t tokens, and does not compile it.
func forwardGraph(t *testing.T, c *Config, b, length int) *Graph {
	t.Helper()
	host, err := RandomParams(c, dtypes.Float32, 0.1, 1)
	require.NoError(t, err)
	g := NewGraph(pureGo(t), "forward")
	var weights []*Node
	host.Each(c, func(_ string, slot **tensors.Tensor, _ []int) { weights = append(weights, ConstTensor(g, *slot)) })
	p := &Params[*Node]{Layers: make([]Layer[*Node], c.Layers)}
	p.Each(c, func(_ string, slot **Node, _ []int) { *slot, weights = weights[0], weights[1:] })

	x := Embed(c, p, ConstTensor(g, tensors.FromFlatDataAndDimensions(make([]int32, b*length), b, length)), nil)
	for l := range p.Layers {
		x = Block(c, &p.Layers[l], Inputs{Resid: x, Geometry: Constants(g, c.Geometry(l, Ascending(length)))}).ResidOut
	}
	Logits(c, p, x)
	return g
}

var contracted = regexp.MustCompile(`DotGeneral\(.*lhsContractingAxes=\[(\d+)\]`)

// productFLOPs is 2 · (numbers of the result) · (length of the sum) of a matrix product, 0 of any
// other node.
func productFLOPs(t *testing.T, n *Node) int {
	t.Helper()
	if n.Type().String() != "DotGeneral" {
		return 0
	}
	m := contracted.FindStringSubmatch(fmt.Sprint(n))
	require.NotNil(t, m, n)
	axis, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	return 2 * n.Shape().Size() * n.Inputs()[0].Shape().Dim(axis)
}
