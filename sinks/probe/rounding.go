package probe

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/transformer"
)

// Grid is a grid that numbers are rounded to, half to even: the whole multiples of Step up to ±Most
// of them. A Step of 0 stands for a step of each row's own, max |x| / Most.
type Grid struct {
	Step, Most float32
	// Turn, if set, is an orthogonal matrix [b][b], flat: what is rounded are the channels after
	// it, b at a time, and the result is turned back.
	Turn []float32
}

// rounding is what LayerEdits collects of roundings.
type rounding struct {
	sites [transformer.Sites]*Grid
	kv    *Grid
	whole []float32
}

// RoundInputs rounds what the linear maps of a site read. A site has one grid: a second one is an
// error of the run.
func (e *LayerEdits) RoundInputs(site transformer.Site, g Grid) {
	switch {
	case e.err != nil:
	case site < 0 || site >= transformer.Sites:
		e.err = fmt.Errorf("layer %d: %s is rounded: there are %d sites", e.layer+1, site, int(transformer.Sites))
	default:
		e.err = e.setGrid(&e.rounding.sites[site], "the inputs at "+site.String(), g)
	}
}

// RoundKeysValues rounds keys, after rotation, and values, each vector [Dh] of a token and head as
// a row.
func (e *LayerEdits) RoundKeysValues(g Grid) {
	switch {
	case e.err != nil:
	case g.Turn != nil:
		e.err = fmt.Errorf("layer %d: keys and values are rounded as they are: no turn", e.layer+1)
	default:
		e.err = e.setGrid(&e.rounding.kv, "keys and values", g)
	}
}

func (e *LayerEdits) setGrid(slot **Grid, what string, g Grid) error {
	if *slot != nil {
		return fmt.Errorf("layer %d: %s are rounded twice", e.layer+1, what)
	}
	if !(g.Step >= 0) || !(g.Most >= 1) {
		return fmt.Errorf("layer %d: %s are rounded to ±%g multiples of %g: both must be positive, but for a step of 0, each row's own", e.layer+1, what, g.Most, g.Step)
	}
	if side := g.side(); side*side != len(g.Turn) {
		return fmt.Errorf("layer %d: %s are turned by %d numbers: these are no square", e.layer+1, what, len(g.Turn))
	}
	*slot = &g
	return nil
}

// side is b, for a turn [b][b].
func (g *Grid) side() int { return int(math.Round(math.Sqrt(float64(len(g.Turn))))) }

// KeepWhole leaves a token as it is where others are rounded.
func (e *LayerEdits) KeepWhole(doc, pos int) {
	if p := e.place(&e.rounding.whole, "row", 0, 1, doc, pos, 0); p != nil {
		*p = 1
	}
}

// tensors writes what was collected. Tokens kept whole change nothing where nothing is rounded.
func (r *rounding) tensors(out *transformer.Edits, b, t int) {
	grid := func(g *Grid) *tensors.Tensor { return tensors.FromValue([]float32{g.Step, g.Most}) }
	any := r.kv != nil
	for site, g := range r.sites {
		if g == nil {
			continue
		}
		any = true
		out.Round[site] = grid(g)
		if g.Turn != nil {
			out.Turn[site] = tensors.FromFlatDataAndDimensions(g.Turn, g.side(), g.side())
		}
	}
	if r.kv != nil {
		out.RoundKV = grid(r.kv)
	}
	if any && r.whole != nil {
		out.Whole = tensors.FromFlatDataAndDimensions(r.whole, b, t)
	}
}
