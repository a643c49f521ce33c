package probe

import (
	"fmt"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/prepend"
	"firsttoken/train/transformer"
)

// ComparePrepended takes sentence embeddings under the conditions of package prepend: the choosing
// frames for every k and block, the others at those chosen, and sink rates on the way.
func ComparePrepended(m *transformer.Model, p *prepend.Plan) (*prepend.Outcome, error) {
	layers := m.Config.Layers
	if err := p.Validate(layers); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	e := embedding{m: m, p: p}
	out := &prepend.Outcome{Layers: layers, Untils: p.Untils}
	sentences, pairs := p.Of(0, p.Choosing)
	byBlock := func(at prepend.Place, list []Intervention) ([]float64, error) {
		rows, err := e.rows(sentences, at, list)
		if err != nil {
			return nil, err
		}
		var rho []float64
		for l := range layers + 1 {
			r, err := prepend.Agreement(prepend.Cosines(blockOf(rows, l), pairs), pairs)
			if err != nil {
				return nil, err
			}
			rho = append(rho, 100*r)
		}
		rho[0] = 0 // every prompt ends in the same token
		return rho, nil
	}
	var err error
	if out.Alone, err = byBlock(prepend.Nowhere, nil); err != nil {
		return nil, err
	}
	if out.Held, err = byBlock(prepend.Inside, nil); err != nil {
		return nil, err
	}
	for _, until := range p.Untils {
		row, err := byBlock(prepend.Inside, e.copies(prepend.Inside, -1, until))
		if err != nil {
			return nil, err
		}
		out.Copied = append(out.Copied, row)
	}
	out.Choose()
	if err := e.judge(out); err != nil {
		return nil, err
	}
	return out, e.sinks(out)
}

type embedding struct {
	m *transformer.Model
	p *prepend.Plan
}

// copies are Token Prepending's: the row at from to the placeholder, at the input of blocks 2 to
// until.
func (e *embedding) copies(at prepend.Place, from, until int) []Intervention {
	_, pos := e.p.Prompts(nil, at)
	var blocks []int
	for l := 1; l < until; l++ {
		blocks = append(blocks, l)
	}
	return []Intervention{CopyRow{From: from, To: pos, Layers: blocks}}
}

// rows are those of the prompts' last tokens.
func (e *embedding) rows(sentences [][]int32, at prepend.Place, list []Intervention) ([][][]float32, error) {
	prompts, _ := e.p.Prompts(sentences, at)
	return LastRows(e.m, prompts, list...)
}

// blockOf are the rows [sentence][D] of one block.
func blockOf(rows [][][]float32, block int) [][]float32 {
	out := make([][]float32, len(rows))
	for i, r := range rows {
		out[i] = r[block]
	}
	return out
}

// judge takes the cosines of the judging pairs under each condition.
func (e *embedding) judge(out *prepend.Outcome) error {
	var sentences [][]int32
	sentences, out.Pairs = e.p.Of(e.p.Choosing, len(e.p.Sentences)/6)
	_, held := e.p.Prompts(nil, prepend.Inside)
	hidden := MaskKey{Pos: 0}
	copied := e.copies(prepend.Inside, -1, out.Until)
	out.Cosines = map[string][]float64{}
	for _, c := range []struct {
		name string
		at   prepend.Place
		list []Intervention
	}{
		{prepend.Alone, prepend.Nowhere, nil}, {prepend.Held, prepend.Inside, nil}, {prepend.Copied, prepend.Inside, copied},
		{prepend.Other, prepend.Inside, e.copies(prepend.Inside, held-1, out.Until)},
		{prepend.AtFirst, prepend.First, e.copies(prepend.First, -1, out.Until)},
		{prepend.NoSink, prepend.Nowhere, []Intervention{hidden}}, {prepend.CopyNoSink, prepend.Inside, append([]Intervention{hidden}, copied...)},
	} {
		rows, err := e.rows(sentences, c.at, c.list)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		out.Cosines[c.name] = prepend.Cosines(blockOf(rows, out.Block[c.name]), out.Pairs)
	}
	return nil
}

// sinks measures sink rates on the choosing frames' plain sentences.
func (e *embedding) sinks(out *prepend.Outcome) error {
	var plain [][]int32
	for i := 0; i < 6*e.p.Choosing; i += 6 {
		plain = append(plain, e.p.Sentences[i])
	}
	rate := func(at prepend.Place, key int, list []Intervention) (rates []float64, err error) {
		prompts, _ := e.p.Prompts(plain, at)
		traces, err := Run(e.m, prompts, Options{MetricsOnly: true, Interventions: list, Metrics: []ondevice.Metric{ondevice.FirstMass, ondevice.KeyMass}})
		if err != nil {
			return nil, err
		}
		for _, t := range traces {
			scores, err := t.SinkScore(sinks.Options{Key: key})
			if err != nil {
				return nil, err
			}
			rates = append(rates, 100*sinks.SinkRate(scores, sinks.EpsilonGu))
		}
		return rates, nil
	}
	var err error
	if out.Sink.Alone, err = rate(prepend.Nowhere, 0, nil); err != nil {
		return err
	}
	_, held := e.p.Prompts(nil, prepend.Inside)
	for _, until := range e.p.Untils {
		for _, s := range []struct {
			to  *[][]float64
			at  prepend.Place
			key int
		}{{&out.Sink.Inside, prepend.Inside, 0}, {&out.Sink.First, prepend.First, 0}, {&out.Sink.Itself, prepend.Inside, held}} {
			r, err := rate(s.at, s.key, e.copies(s.at, -1, until))
			if err != nil {
				return err
			}
			*s.to = append(*s.to, r)
		}
	}
	return nil
}
