package quantize

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// Activations rounds what linear maps read: a condition of a pass, given to a probe as any other
// intervention. The zero value does nothing, bit for bit.
type Activations struct {
	Bits int // of the inputs of linear maps; 0 leaves them, 8 is the usual number
	// Range is the largest |x| by layer and site, of calibration texts: each step is static, Range
	// / Most(Bits). Nil: dynamic, each token has its own.
	Range Range
	Sites []transformer.Site // which; nil for all
	Keep  *Keep              // tokens of which nothing is rounded; nil for none
	Turn  *Turn              // a site's channels are turned before they are rounded, and back; nil for not
	KV    int                // bits of keys and values, a step for each token and head; 0 leaves them
}

// Turn is an orthogonal matrix by which the channels of a site are turned for rounding: the online
// rotation of QuaRot.
type Turn struct {
	Site   transformer.Site
	Name   string    // identifies the matrix
	Matrix []float32 // [b][b], flat, b a divisor of the site's width
}

// side is b.
func (t *Turn) side() int { return int(math.Round(math.Sqrt(float64(len(t.Matrix))))) }

// Range is the largest |x| at each site of each layer.
type Range [][transformer.Sites]float32

func (a Activations) String() string {
	var parts []string
	if a.Bits > 0 {
		kind := "a step for each token"
		if a.Range != nil {
			h := fnv.New64a()
			fmt.Fprint(h, a.Range)
			kind = fmt.Sprintf("static steps (ranges %016x)", h.Sum64())
		}
		where := "all linear maps"
		if a.Sites != nil {
			where = fmt.Sprint("linear maps at ", a.Sites)
		}
		parts = append(parts, fmt.Sprintf("round the inputs of %s to %d bits, %s", where, a.Bits, kind))
		if a.Turn != nil {
			parts = append(parts, fmt.Sprintf("at %s after %s", a.Turn.Site, a.Turn.Name))
		}
	}
	if a.KV > 0 {
		parts = append(parts, fmt.Sprintf("round keys and values to %d bits", a.KV))
	}
	if len(parts) == 0 {
		return "round nothing"
	}
	if a.Keep != nil {
		parts = append(parts, "but keep "+a.Keep.Name)
	}
	return strings.Join(parts, ", ")
}

// Check refuses bits that make no grid, and a range of another model or that is 0 or not finite.
func (a Activations) Check(c *transformer.Config, docs [][]int32) error {
	for _, bits := range []int{a.Bits, a.KV} {
		if bits != 0 && (bits < 2 || bits > 16) {
			return fmt.Errorf("%s: %d bits: use 2 to 16, or 0 to leave things as they are", a, bits)
		}
	}
	if a.Range != nil && len(a.Range) != c.Layers {
		return fmt.Errorf("%s: ranges of %d layers: the model has %d", a, len(a.Range), c.Layers)
	}
	for l, sites := range a.Range {
		for site, r := range sites {
			if !(r > 0) || r-r != 0 {
				return fmt.Errorf("%s: the range at %s of layer %d is %g: calibrate on texts that reach it", a, transformer.Site(site), l+1, r)
			}
		}
	}
	for _, site := range a.Sites {
		if site < 0 || site >= transformer.Sites {
			return fmt.Errorf("%s: there are %d sites", a, int(transformer.Sites))
		}
	}
	if a.Turn != nil && (a.Turn.Name == "" || len(a.Turn.Matrix) == 0) {
		return errors.New("quantize: a turn needs a name and a matrix")
	}
	return a.Keep.check(a, docs)
}

// Apply writes the condition into one layer's edits.
func (a Activations) Apply(layer int, e *probe.LayerEdits) {
	for site := range transformer.Sites {
		if a.Bits == 0 || a.Sites != nil && !slices.Contains(a.Sites, site) {
			continue
		}
		g := probe.Grid{Most: float32(Most(a.Bits))}
		if a.Range != nil {
			g.Step = a.Range[layer][site] / g.Most
		}
		if a.Turn != nil && a.Turn.Site == site {
			g.Turn = a.Turn.Matrix
		}
		e.RoundInputs(site, g)
	}
	if a.KV > 0 {
		e.RoundKeysValues(probe.Grid{Most: float32(Most(a.KV))})
	}
	for doc := range e.Documents() {
		for _, pos := range a.Keep.at(e.IDs(doc)) {
			e.KeepWhole(doc, pos)
		}
	}
}
