// Package controls holds what models of Table 2 of arXiv 2504.02732 do by what stands in front of
// the same texts: values alone, which package measure measures and package table2 shows. It depends
// on neither, so that a change of a figure makes no measured value old.
package controls

// Control is a model's sink rate (%) and its loss (nats a token, over the same targets) by what
// stands in front, under the names of probe.Fronts.
type Control struct {
	Mask, BOS  string // of its training
	Sink, Loss map[string]float64
}
