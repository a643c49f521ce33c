package probe

import (
	"fmt"
	"math"
	"math/rand/v2"

	"firsttoken/train/transformer"
)

// Noise adds a random vector to the residual stream that leaves a block, at one
// position: the control for an intervention of the same size. Its direction is
// uniform on the sphere and depends on Layer, Pos and Seed alone, so two
// documents of a comparison get the same vector.
type Noise struct {
	Layer, Pos int
	Norm       float64 // ‖·‖₂ of the vector
	Seed       uint64
}

func (v Noise) String() string {
	return fmt.Sprintf("add noise of norm %g (seed %d) to token %d after layer %d", v.Norm, v.Seed, v.Pos+1, v.Layer+1)
}

func (v Noise) Check(c *transformer.Config, docs [][]int32) error {
	if !(v.Norm >= 0) || math.IsInf(v.Norm, 0) {
		return fmt.Errorf("%s: the norm must be finite and not negative", v)
	}
	return checkPlaces(v, c, docs, v.Pos, v.Layer)
}

func (v Noise) Apply(layer int, e *LayerEdits) {
	if v.Layer != layer {
		return
	}
	x := v.vector(e.width)
	for doc := range e.b {
		e.AddResid(doc, v.Pos, x)
	}
}

// vector draws the vector: a normal one, scaled to its length.
func (v Noise) vector(width int) []float32 {
	rng := rand.New(rand.NewPCG(v.Seed, uint64(v.Layer)<<32|uint64(v.Pos)))
	normal := make([]float64, width)
	squares := 0.0
	for d := range normal {
		normal[d] = rng.NormFloat64()
		squares += normal[d] * normal[d]
	}
	scale := v.Norm / math.Sqrt(squares)
	x := make([]float32, width)
	for d := range x {
		x[d] = float32(scale * normal[d])
	}
	return x
}
