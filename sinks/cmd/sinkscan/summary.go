package main

import (
	"slices"
	"strconv"

	"firsttoken/sinks"
	"firsttoken/sinks/probe"
)

// summary takes in documents one after the other and keeps means, so that a long text costs no more
// memory than its tokens.
type summary struct {
	r    *reporter
	rep  report
	acc  *sinks.Accumulator
	ids  [][]int32
	top1 [][]int32
	// tokens are as the vocabulary writes them.
	tokens [][]string

	loss    mean
	logits  []mean     // [V]
	entropy [][]mean   // [L][H]
	values  [][][]mean // [L][K][T]
	resid   [][]mean   // [L+1][T]
	mixed   bool       // some documents begin with ⟨bos⟩, some do not
}

// summary begins a report.
func (r *reporter) summary() *summary {
	s := &summary{r: r}
	s.rep = report{BOS: string(r.o.bos), SinkRate: map[string]float64{}, SinkRateCI: map[string][2]float64{}, Warnings: slices.Concat([]string{}, r.warnings, r.docs.warnings)}
	if !r.o.perDocument {
		first, _ := probe.LeadingBOS(r.docs.ids[0], r.tok)
		s.mixed = slices.ContainsFunc(r.docs.ids, func(ids []int32) bool {
			front, _ := probe.LeadingBOS(ids, r.tok)
			return front != first
		})
	}
	return s
}

// add takes in document i.
func (s *summary) add(i int, t *sinks.Trace) error {
	if s.acc == nil {
		n := len(s.r.docs.ids)
		if s.r.o.perDocument {
			n = 1
		}
		var err error
		if s.acc, err = sinks.NewAccumulator(sinks.RateOptions{}); err != nil {
			return err
		}
		s.ids, s.top1, s.tokens = make([][]int32, n), make([][]int32, n), make([][]string, n)
		s.entropy, s.values, s.resid = grid(t.L, t.H), make([][][]mean, t.L), make([][]mean, t.L+1)
		for l := range s.values {
			s.values[l] = make([][]mean, t.K)
		}
		s.rep.Model, s.rep.Provenance = t.Model, t.Provenance
	}
	if len(s.ids) == 1 {
		i = 0
	}
	s.ids[i], s.top1[i], s.tokens[i] = t.IDs, t.Top1, t.Tokens
	s.rep.T = max(s.rep.T, t.T)
	warnings, err := t.Check()
	if err != nil {
		return err
	}
	s.rep.Warnings = append(s.rep.Warnings, warnings...)
	alike := *t
	if s.mixed { // an accumulator refuses to mix conditions unasked; here it is asked to
		alike.BOS = "mixed"
	}
	if err := s.acc.Add(&alike); err != nil {
		return err
	}
	rows, err := t.MeanRowEntropy(false)
	if err != nil {
		return err
	}
	for l := range rows {
		for h, x := range rows[l] {
			s.entropy[l][h].add(x)
		}
	}
	if len(t.Loss) > 0 {
		l, err := t.MeanLoss()
		if err != nil {
			return err
		}
		s.loss.add(l)
	}
	s.logits = addEach(s.logits, t.LogitsLast)
	for l := range s.resid {
		s.resid[l] = addEach(s.resid[l], t.ResidNorm[l])
	}
	for l := range s.values {
		for k := range s.values[l] {
			s.values[l][k] = addEach(s.values[l][k], t.ValueNorm[l][k])
		}
	}
	return nil
}

// report is what was taken in, as it is printed.
func (s *summary) report() (*report, error) {
	rep := &s.rep
	rep.IDs, rep.Tokens, rep.Top1 = any(s.ids), any(s.tokens), any(s.top1)
	if len(s.ids) == 1 {
		rep.IDs, rep.Tokens, rep.Top1 = s.ids[0], s.tokens[0], s.top1[0]
	} else {
		rep.Documents = len(s.ids)
	}
	if s.mixed {
		rep.Warnings = append(rep.Warnings, "only some of the documents begin with ⟨bos⟩: -bos add or -bos none makes them alike")
	}
	var err error
	if rep.FirstTokenAttention, err = s.acc.MeanScores(); err != nil {
		return nil, err
	}
	for _, eps := range s.r.o.eps {
		rate, err := s.acc.Rate(eps)
		if err != nil {
			return nil, err
		}
		key := strconv.FormatFloat(eps, 'g', -1, 64)
		rep.SinkRate[key], rep.EvenAttention = rate.Value, rate.Even
		if rate.CI != nil {
			rep.SinkRateCI[key] = [2]float64{rate.CI.Lo, rate.CI.Hi}
		}
		rep.Warnings = append(rep.Warnings, rate.Warnings...)
	}
	slices.Sort(rep.Warnings)
	rep.Warnings = slices.Compact(rep.Warnings)
	if s.loss.n > 0 {
		l := s.loss.value()
		rep.Loss = &l
	}
	rep.LogitsLast = values(s.logits)
	for _, layer := range s.entropy {
		row := make([]float64, len(layer))
		for h := range layer {
			row[h] = layer[h].value()
		}
		rep.RowEntropy = append(rep.RowEntropy, row)
	}
	for _, row := range s.resid {
		rep.ResidualNorms = append(rep.ResidualNorms, values(row))
	}
	for _, layer := range s.values {
		norms := make([][]float32, len(layer))
		for k, row := range layer {
			norms[k] = values(row)
		}
		rep.ValueNorms = append(rep.ValueNorms, norms)
	}
	return rep, nil
}

// mean is a running mean.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(x float64)  { m.sum += x; m.n++ }
func (m *mean) value() float64 { return m.sum / float64(m.n) }

// grid makes [rows][columns].
func grid(rows, columns int) [][]mean {
	g := make([][]mean, rows)
	for i := range g {
		g[i] = make([]mean, columns)
	}
	return g
}

// addEach takes a vector into means, entry by entry; where lengths differ, each entry is the mean
// over those that have it.
func addEach(means []mean, x []float32) []mean {
	for i, v := range x {
		if i == len(means) {
			means = append(means, mean{})
		}
		means[i].add(float64(v))
	}
	return means
}

// values are the means of a vector.
func values(means []mean) []float32 {
	out := make([]float32, len(means))
	for i := range means {
		out[i] = float32(means[i].value())
	}
	return out
}
