package probe

import (
	"cmp"
	"slices"

	"firsttoken/sinks/perturb"
	"firsttoken/train/transformer"
)

// forwardAll runs one batch under each list. The list that touches its first block
// last goes first, and the others start where they part from it.
func forwardAll(all []*pairs, edits []perturb.Edit, docs [][]int32, obs *transformer.Observer, done func()) error {
	for _, p := range all {
		if err := p.prepare(edits, docs); err != nil {
			return err
		}
		defer p.edit.free()
	}
	base := slices.MaxFunc(all, func(a, b *pairs) int { return cmp.Compare(a.edit.first(), b.edit.first()) })
	var parts []int // the blocks before which others part from base
	for _, p := range all {
		if at := p.edit.first(); p != base && at > 0 && at < len(p.edit.layers) {
			parts = append(parts, at)
		}
	}
	streams, err := base.forward(obs, nil, parts)
	if err != nil {
		return err
	}
	defer func() {
		for _, s := range streams {
			s.Free()
		}
	}()
	done()
	for _, p := range all {
		if p == base {
			continue
		}
		at := p.edit.first()
		from := streams[at] // nil: from the embedding on
		if from != nil {
			p.copyBefore(at, base)
		}
		if _, err := p.forward(obs, from, nil); err != nil {
			return err
		}
		done()
	}
	return nil
}

// copyBefore copies what another run of the batch recorded before a block.
func (p *pairs) copyBefore(layer int, from *pairs) {
	for b := range p.traces {
		p.copyTrace(b, layer, &from.run)
		for l := range layer + 1 {
			copy(p.maps[b].Delta[l], from.maps[b].Delta[l])
			copy(p.maps[b].Norm[l], from.maps[b].Norm[l])
		}
	}
}

// copyTrace copies what another run of the same documents recorded in document b's
// trace before a layer.
func (r *run) copyTrace(b, layer int, from *run) {
	for _, name := range r.quantities() {
		dims, to := r.traces[b].Quantity(name)
		_, rows := from.traces[b].Quantity(name)
		switch dims {
		case "M":
			copy(to[0][0][:layer+1], rows[0][0])
		case "MT": // a row for the embedding
			copyRows(to[0][:layer+1], rows[0])
		case "LT":
			copyRows(to[0][:layer], rows[0])
		default:
			for l := range layer {
				copyRows(to[l], rows[l])
			}
		}
	}
}

// copyRows copies as many rows as to has.
func copyRows(to, from [][]float32) {
	for i := range to {
		copy(to[i], from[i])
	}
}
