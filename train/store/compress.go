package store

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
)

// digits kept of what is measured by head, layer or position. The forward pass is float32, which
// has seven; the rest of a float64 is noise that no compression takes away, more than half of a
// file.
const digits = 7

// CompressCurves writes the curves as they come with a checkout: compressed, and what is measured
// by head, layer or position to seven significant digits. Steps, tokens, losses and sink rates stay
// exact, since a share is compared with half of another to say when a sink emerged. Curves that are compressed already stay as they are.
func (r *Run) CompressCurves() error {
	if _, err := os.Stat(r.path(curvesFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	records, err := r.Curves()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("run %s: %w", r.ID, err)
	}
	enc := json.NewEncoder(z)
	for _, record := range records {
		for i := range record.Evals {
			record.Evals[i].round()
		}
		if err := enc.Encode(record); err != nil {
			return fmt.Errorf("run %s: step %d: %w", r.ID, record.Step, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("run %s: %w", r.ID, err)
	}
	if err := r.write(curvesFile+".gz", out.Bytes()); err != nil {
		return err
	}
	// The plain file is read first where both are there, so a stop between the two loses nothing.
	if err := os.Remove(r.path(curvesFile)); err != nil {
		return fmt.Errorf("run %s: %w", r.ID, err)
	}
	return syncFolder(r.Dir)
}

func (e *Eval) round() {
	for _, x := range e.LossAt {
		if x != nil {
			*x = rounded(*x)
		}
	}
	lists := [][]float64{e.ResidPeak, e.Entropy, e.Kurtosis, e.MaxAbs, e.Sparsity}
	for _, table := range [][][]float64{e.SinkScore, e.ValueRatio, e.RowSum, e.NormalisedScore} {
		lists = append(lists, table...)
	}
	for _, list := range lists {
		for i, x := range list {
			list[i] = rounded(x)
		}
	}
}

func rounded(x float64) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', digits, 64), 64) // what FormatFloat wrote
	return y
}
