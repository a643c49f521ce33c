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
		p.prepare(edits, docs)
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
	for _, m := range r.metrics {
		switch to := slot(r.traces[b], m).(type) {
		case *[][][]float32:
			for l, heads := range (*slot(from.traces[b], m).(*[][][]float32))[:layer] {
				for h := range heads {
					copy((*to)[l][h], heads[h])
				}
			}
		case *[][]float32:
			rows := *slot(from.traces[b], m).(*[][]float32)
			for l := range layer + len(rows) - r.m.Config.Layers { // those of the residual stream have a row for the embedding
				copy((*to)[l], rows[l])
			}
		case *[]float32:
			copy((*to)[:layer+1], *slot(from.traces[b], m).(*[]float32))
		}
	}
}
