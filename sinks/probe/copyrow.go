package probe

import (
	"fmt"

	"firsttoken/train/transformer"
)

// CopyRow copies one row of the residual stream over another at the input of blocks: what they
// compute at To comes of the state at From. Copied from the last token to one in front of the text
// it is Token Prepending (arXiv 2412.11556): earlier tokens attend to a state that has seen the
// whole text. That breaks causality: losses are refused, traces say so (sinks.Trace.Acausal).
//
// Both positions count from the front, or, negative, from the end of each document: −1 is its last
// token.
type CopyRow struct {
	From, To int
	Layers   []int // whose input it is; nil for all
}

func (v CopyRow) String() string {
	return fmt.Sprintf("copy the state of token %s to token %s at the input of layers %s", counted(v.From), counted(v.To), layerNames(v.Layers))
}

// counted is a position in words, 1-based.
func counted(pos int) string {
	if pos < 0 {
		return fmt.Sprintf("%d from the end", -pos)
	}
	return fmt.Sprint(pos + 1)
}

// Check refuses positions and layers that there are not.
func (v CopyRow) Check(c *transformer.Config, docs [][]int32) error {
	for i, d := range docs {
		for _, pos := range []int{v.From, v.To} {
			if at := inside(pos, len(d)); at < 0 || at >= len(d) {
				return fmt.Errorf("%s: document %d has %d tokens", v, i+1, len(d))
			}
		}
	}
	return checkLayers(v, c, docs, 0, v.Layers)
}

// Apply copies.
func (v CopyRow) Apply(layer int, e *LayerEdits) {
	if !at(v.Layers, layer) {
		return
	}
	for doc := range e.Documents() {
		e.CopyRow(doc, inside(v.From, e.Tokens(doc)), inside(v.To, e.Tokens(doc)))
	}
}

// inside is a position of a document of n tokens, counted from the front.
func inside(pos, n int) int {
	if pos < 0 {
		return n + pos
	}
	return pos
}
