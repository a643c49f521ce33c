package ifelse

import (
	"errors"
	"fmt"

	"firsttoken/sinks"
)

// MaxWindow is the largest lag that a document can record.
const MaxWindow = 63

// Document is what the detector needs of one text: a few numbers a query, never
// a whole pattern. L layers, H heads, T positions, W the largest lag.
type Document struct {
	Tokens []string        // [T] the text of each token, such as " can" or "'"
	First  [][][]float32   // [L][H][T] A[t,1], the attention to the sink
	Max    [][][]float32   // [L][H][T] max_s A[t,s]
	Recent [][][][]float32 // [L][H][T][W+1] A[t,t−d] for d = 0 … W, and 0 where t < d
	Write  [][][]float32   // [L][H][T] ‖z_t^h W_O^h‖₂, what the head adds to the residual stream
}

// Window is W, the largest lag recorded.
func (d *Document) Window() int { return len(d.Recent[0][0][0]) - 1 }

// Diagonals are A[t,t−d] for d = 0 … window of a pattern [T][S], in the form of
// Document.Recent: [T][window+1].
func Diagonals[F sinks.Float](pattern [][]F, window int) [][]float32 {
	rows := sinks.Matrix(len(pattern), window+1)
	for t, row := range rows {
		for d := range min(window, t) + 1 {
			row[d] = float32(pattern[t][t-d])
		}
	}
	return rows
}

// check reports a shape that differs from the one the first document has.
func (d *Document) check(layers, heads, window int) error {
	T := len(d.Tokens)
	if T < 2 {
		return fmt.Errorf("a document of %d tokens has no query beside the first", T)
	}
	for name, cube := range map[string][][][]float32{"First": d.First, "Max": d.Max, "Write": d.Write} {
		if len(cube) != layers {
			return fmt.Errorf("field %s has %d layers, not %d", name, len(cube), layers)
		}
		for l, layer := range cube {
			if len(layer) != heads {
				return fmt.Errorf("field %s has %d heads in layer %d, not %d", name, len(layer), l+1, heads)
			}
			for h, row := range layer {
				if len(row) != T {
					return fmt.Errorf("field %s has %d queries in layer %d head %d, but there are %d tokens", name, len(row), l+1, h+1, T)
				}
			}
		}
	}
	if len(d.Recent) != layers {
		return fmt.Errorf("field Recent has %d layers, not %d", len(d.Recent), layers)
	}
	for l, layer := range d.Recent {
		if len(layer) != heads {
			return fmt.Errorf("field Recent has %d heads in layer %d, not %d", len(layer), l+1, heads)
		}
		for h, rows := range layer {
			if len(rows) != T {
				return fmt.Errorf("field Recent has %d queries in layer %d head %d, but there are %d tokens", len(rows), l+1, h+1, T)
			}
			for t, row := range rows {
				if len(row) != window+1 {
					return fmt.Errorf("field Recent has %d lags in layer %d head %d at query %d, not %d", len(row), l+1, h+1, t+1, window+1)
				}
			}
		}
	}
	return nil
}

// checkDocuments gives the shape that all documents share.
func checkDocuments(docs []Document) (layers, heads, window int, err error) {
	if len(docs) == 0 {
		return 0, 0, 0, errors.New("ifelse: no documents")
	}
	first := docs[0]
	if len(first.Recent) == 0 || len(first.Recent[0]) == 0 || len(first.Recent[0][0]) == 0 {
		return 0, 0, 0, errors.New("ifelse: document 1 records no attention by lag")
	}
	layers, heads, window = len(first.Recent), len(first.Recent[0]), first.Window()
	if window > MaxWindow {
		return 0, 0, 0, fmt.Errorf("ifelse: %d lags are recorded, at most %d can be searched", window, MaxWindow)
	}
	for i := range docs {
		if err := docs[i].check(layers, heads, window); err != nil {
			return 0, 0, 0, fmt.Errorf("ifelse: document %d: %w", i+1, err)
		}
	}
	return layers, heads, window, nil
}
