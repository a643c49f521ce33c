package jacobian

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/transformer"
)

// Condition is how a document is run. The zero value is the whole model as it is.
type Condition struct {
	// Layers is how many blocks, counted from the first, the stream passes; 0: all.
	Layers int
	// FirstKeyBias moves attention mass: it is added to the scores of key 1, for
	// every query but its own, in all heads and layers. −Inf hides key 1.
	FirstKeyBias float64
}

// Point is one document at which a model is differentiated.
type Point struct {
	IDs       []int32
	Condition Condition

	d        *Differentiator
	geometry []transformer.Geometry[*tensors.Tensor] // [L]
	edits    *transformer.Edits
	resid    []*tensors.Tensor // [L] of [1, T, D]: the stream into each block
	mid      []*tensors.Tensor // [L] of [1, T, D]: the stream that each MLP reads
	out      []float32         // [T, D]: the stream after the last block
	pattern  [][][][]float64   // [L][H][T][S]
	rms      [][]float64       // [L][T]: the divisors of each attention norm
}

// check refuses what no document can be run with, and fills in how many blocks are meant.
func (d *Differentiator) check(ids []int32, at *Condition) error {
	c := &d.m.Config
	if len(ids) < 2 || len(ids) > c.Context {
		return fmt.Errorf("jacobian: the document has %d tokens: must be between 2 and the model's context of %d", len(ids), c.Context)
	}
	for t, id := range ids {
		if id < 0 || int(id) >= c.Vocab {
			return fmt.Errorf("jacobian: token %d: id %d is outside the vocabulary [0, %d)", t+1, id, c.Vocab)
		}
	}
	if at.Layers < 0 || at.Layers > c.Layers {
		return fmt.Errorf("jacobian: layers = %d: the model has %d", at.Layers, c.Layers)
	}
	if at.Layers == 0 {
		at.Layers = c.Layers
	}
	if math.IsNaN(at.FirstKeyBias) || math.IsInf(at.FirstKeyBias, 1) {
		return fmt.Errorf("jacobian: a bias of %g on key 1 leaves nothing finite: use a number, or −Inf to hide the key", at.FirstKeyBias)
	}
	return nil
}

// At runs a document through the model. The caller closes the point.
func (d *Differentiator) At(ids []int32, at Condition) (*Point, error) {
	c := &d.m.Config
	if err := d.check(ids, &at); err != nil {
		return nil, err
	}
	list, positions := tensors.FromValue([][]int32{ids}), tensors.FromValue(transformer.Ascending(len(ids)))
	defer transformer.Free(list, positions)
	stream, err := d.m.Embed(list, positions)
	if err != nil {
		return nil, fmt.Errorf("jacobian: embedding: %w", err)
	}
	p := &Point{IDs: ids, Condition: at, d: d, edits: d.keyBias(len(ids), at.FirstKeyBias)}
	for l := range at.Layers {
		p.geometry = append(p.geometry, c.Geometry(l, transformer.Ascending(len(ids))))
	}
	if err := p.forward(stream); err != nil {
		p.Close()
		return nil, fmt.Errorf("jacobian: %w", err)
	}
	return p, nil
}

// forward takes the stream through the blocks, keeping what the derivatives need.
func (p *Point) forward(stream *tensors.Tensor) error {
	c := &p.d.m.Config
	for l := range p.Condition.Layers {
		p.resid = append(p.resid, stream)
		outs, err := p.run("forward", l, forwardGraph, stream)
		if err != nil {
			return fmt.Errorf("layer %d: %w", l+1, err)
		}
		stream = outs[0]
		p.mid = append(p.mid, outs[1])
		err = errors.Join(
			tensors.ConstFlatData(p.resid[l], func(x []float32) { p.rms = append(p.rms, rms(x, c.Width, c.NormEps)) }),
			tensors.ConstFlatData(outs[2], func(x []float32) { p.pattern = append(p.pattern, cube(x, c.Heads, len(p.IDs))) }),
		)
		transformer.Free(outs[2])
		if err != nil {
			transformer.Free(stream) // not the point's yet
			return fmt.Errorf("layer %d: %w", l+1, err)
		}
	}
	defer transformer.Free(stream)
	var err error
	if p.out, err = tensors.CopyFlatData[float32](stream); err != nil {
		return err
	}
	if !transformer.Finite(p.out) {
		return errors.New("the residual stream is NaN or infinite: look for it with transformer.Model.Forward, which names the weight")
	}
	return nil
}

// cube turns a flat pattern [H, T, T] into slices.
func cube(x []float32, heads, t int) [][][]float64 {
	out := make([][][]float64, heads)
	for h := range out {
		out[h] = make([][]float64, t)
		for i := range out[h] {
			row := make([]float64, t)
			for s := range row {
				row[s] = float64(x[(h*t+i)*t+s])
			}
			out[h][i] = row
		}
	}
	return out
}

// Close frees the point's memory on the device.
func (p *Point) Close() {
	transformer.Free(p.resid...)
	transformer.Free(p.mid...)
	transformer.Free(p.edits.KeyBias)
	for _, g := range p.geometry {
		g.Free()
	}
}

// FirstMass is the mean attention on token 1 over the layers passed, all heads and
// the queries after token 1.
func (p *Point) FirstMass() float64 {
	sum, n := 0.0, 0
	for _, layer := range p.pattern {
		for _, head := range layer {
			for _, row := range head[1:] {
				sum += row[0]
				n++
			}
		}
	}
	return sum / float64(n)
}
