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

// NoiseEach adds random vectors of one length to the residual stream that leaves a block, at every
// position but the first Spare: others for each document, position and draw, so that a mean over
// documents is not that of one vector. Edited or not, a document has the same.
type NoiseEach struct {
	Layer, Spare int
	Norm         float64 // ‖·‖₂ of each vector
	Seed         uint64
	Draw         int
}

func (v NoiseEach) String() string {
	return fmt.Sprintf("add noise of norm %g (seed %d, draw %d) to every token but the first %d after layer %d", v.Norm, v.Seed, v.Draw, v.Spare, v.Layer+1)
}

func (v NoiseEach) Check(c *transformer.Config, docs [][]int32) error {
	if v.Draw < 0 {
		return fmt.Errorf("%s: draws count from 0", v)
	}
	return v.at(0, v.Spare).Check(c, docs)
}

func (v NoiseEach) Apply(layer int, e *LayerEdits) {
	if v.Layer != layer {
		return
	}
	for doc := range e.Documents() {
		for pos := v.Spare; pos < e.Tokens(doc); pos++ {
			e.AddResid(doc, pos, v.at(e.Number(doc), pos).vector(e.width))
		}
	}
}

// at is the noise of one document at one position. The seed is spread over all bits, so that
// neighbouring seeds do not share the noise of neighbouring documents.
func (v NoiseEach) at(number, pos int) Noise {
	return Noise{Layer: v.Layer, Pos: pos, Norm: v.Norm, Seed: v.Seed*0x9e3779b97f4a7c15 ^ uint64(number)<<32 ^ uint64(v.Draw)}
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
