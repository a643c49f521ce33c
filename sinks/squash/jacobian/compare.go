package jacobian

import "firsttoken/sinks/squash"

// Compare takes the exact norms, Full and Frozen, and the bound for the given j and
// every i ≤ j.
func (p *Point) Compare(outputs []int) (*squash.Comparison, error) {
	b, err := p.Bound()
	if err != nil {
		return nil, err
	}
	heads := p.d.m.Config.Heads
	r := 1 / float64(heads)
	path, pathH, local, localH := b.PathProduct(1), b.PathProduct(r), b.Local(1), b.Local(r)
	c := &squash.Comparison{Exact: true, Layers: len(b), Heads: heads, Width: p.d.m.Config.Width, FirstMass: p.FirstMass(), CMax: b.CMax()}
	for _, j := range outputs {
		full, err := p.Norms(Full, j)
		if err != nil {
			return nil, err
		}
		frozen, err := p.Norms(Frozen, j)
		if err != nil {
			return nil, err
		}
		for i := range full {
			c.Pairs = append(c.Pairs, squash.Pair{
				I: i, J: j, Full: full[i], Frozen: frozen[i],
				PathProduct: path[j][i], PathProductH: pathH[j][i], Local: local[j][i], LocalH: localH[j][i],
			})
		}
	}
	return c, nil
}

// Sketch is Compare for models whose exact norms would take too long: Frobenius
// norms are estimated, and of the bound there is the path product alone.
func (p *Point) Sketch(outputs []int, s Sampling) (*squash.Comparison, error) {
	full, err := p.Estimate(Full, outputs, s)
	if err != nil {
		return nil, err
	}
	var frozen [][]squash.Estimate
	if !s.FullOnly {
		if frozen, err = p.Estimate(Frozen, outputs, s); err != nil {
			return nil, err
		}
	}
	b := make(squash.Bound, len(p.resid))
	for l := range b {
		b[l] = squash.Layer{Pattern: p.pattern[l], RMS: p.rms[l]}
	}
	heads := p.d.m.Config.Heads
	path, pathH := b.PathProduct(1), b.PathProduct(1/float64(heads))
	c := &squash.Comparison{Layers: len(b), Heads: heads, Width: p.d.m.Config.Width, FirstMass: p.FirstMass()}
	for o, j := range outputs {
		for i := range full[o] {
			pair := squash.Pair{I: i, J: j, Full: squash.Norm{Frobenius: full[o][i].Norm}, PathProduct: path[j][i], PathProductH: pathH[j][i]}
			if frozen != nil {
				pair.Frozen.Frobenius = frozen[o][i].Norm
			}
			c.Pairs = append(c.Pairs, pair)
		}
	}
	return c, nil
}
