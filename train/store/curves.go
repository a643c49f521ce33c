package store

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// Record is one point of a run's curves.
type Record struct {
	Step   int   `json:"step"`   // updates done; 0 is the model as initialised
	Tokens int64 `json:"tokens"` // input tokens read
	// Seconds of training, monitoring not counted, over all processes of the run.
	Seconds float64 `json:"seconds"`
	// Loss is the mean training loss since the record before, nats per counted
	// token; absent at step 0. So are the rate and the gradient's norm of the last
	// update.
	Loss         float64 `json:"loss,omitempty"`
	Rate         float64 `json:"rate,omitempty"`
	GradientNorm float64 `json:"gradient_norm,omitempty"`
	Evals        []Eval  `json:"evals"`
}

// Eval is what held-out text shows of the model, under one condition.
type Eval struct {
	Name  string  `json:"name"`  // the condition
	T     int     `json:"t"`     // tokens in a window
	Texts int     `json:"texts"` // windows
	Loss  float64 `json:"loss"`  // mean over counted targets, nats
	// LossAt is the mean loss by position, in equal bins from token 1 to token T; nil where a bin
	// has no counted target, which files of older runs write as 0: read it by LossIn.
	LossAt []*float64 `json:"loss_at"`
	// SinkRate is the share of (text, layer, head) whose sink score exceeds ε, by ε
	// in the configuration's order (Gu et al. 2025: thresholded per text).
	SinkRate []float64 `json:"sink_rate"`
	// SinkScore is the mean over texts of α_1 = mean_t A[t,1], row 1 included, [L][H].
	SinkScore [][]float64 `json:"sink_score"`
	// ValueRatio is the mean over texts of ‖v_1‖ / mean_j ‖v_j‖, [L][K].
	ValueRatio [][]float64 `json:"value_ratio"`
	// ResidPeak is the mean over texts of max_t ‖x_t‖ / mean_t ‖x_t‖, [L+1]: before
	// the first block and after each.
	ResidPeak []float64 `json:"resid_peak"`
	// Entropy is the mean over texts, heads and rows of the row entropy, [L] nats.
	Entropy []float64 `json:"entropy"`
	// Kurtosis is the mean over texts of E[(h−μ)⁴]/σ⁴ over all entries of the residual stream,
	// [L+1]: 3 for a normal distribution. MaxAbs is the largest |h| of any text, [L+1]. Sparsity is
	// the mean over texts and heads of the share of entries s ≤ t of the pattern that are at most
	// 1e-5, [L]. Runs made before these were measured lack them.
	Kurtosis []float64 `json:"kurtosis,omitempty"`
	MaxAbs   []float64 `json:"max_abs,omitempty"`
	Sparsity []float64 `json:"sparsity,omitempty"`
	// RowSum is the mean over texts and rows of Σ_s A[t,s], [L][H]; what is missing to 1 went to a
	// slot that is dropped, if the form has one (transformer.Pattern.Slot), or nowhere.
	// NormalisedScore and NormalisedRate are SinkScore and SinkRate of rows divided by their sums,
	// rows of zeros counting 0. Only of patterns whose rows need not sum to 1.
	RowSum          [][]float64 `json:"row_sum,omitempty"`
	NormalisedScore [][]float64 `json:"normalised_score,omitempty"`
	NormalisedRate  []float64   `json:"normalised_rate,omitempty"`
	// Gate is the mean over texts, tokens and channels of what a head's output is multiplied by,
	// [L][H]; only of models with such a gate (transformer.Config.OutGate).
	Gate [][]float64 `json:"gate,omitempty"`
}

// LossIn is the mean loss in a bin of positions; ok is false where it has no counted target.
func (e *Eval) LossIn(bin int) (loss float64, ok bool) {
	if x := e.LossAt[bin]; x != nil && *x != 0 {
		return *x, true
	}
	return 0, false
}

// Largest is the largest sink score of any head, with its 0-based place.
func (e *Eval) Largest() (score float64, layer, head int) {
	for l, heads := range e.SinkScore {
		for h, s := range heads {
			if s > score {
				score, layer, head = s, l, h
			}
		}
	}
	return score, layer, head
}

// Eval returns the record's evaluation of that name, nil if there is none.
func (r *Record) Eval(name string) *Eval {
	i := slices.IndexFunc(r.Evals, func(e Eval) bool { return e.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Evals[i]
}

// Point is a run of a sweep and what tells it from the others: values of configuration fields, by
// their names.
type Point struct {
	ID     string            `json:"id"`
	Dir    string            `json:"dir"`
	Fields map[string]string `json:"fields"`
}

// Versions names runs by what their models are: the hashes of their weights, as their results give
// them, wherever the weights lie. It belongs into the key of whatever is kept of these models.
func Versions(points []Point) ([]string, error) {
	versions := make([]string, len(points))
	for i, p := range points {
		var result struct {
			Weights string `json:"weights_sha256"`
		}
		done, err := (&Run{ID: p.ID, Dir: p.Dir}).Result(&result)
		if err == nil && (!done || result.Weights == "") {
			err = fmt.Errorf("run %s in %s is not done, or its result does not name its weights", p.ID, p.Dir)
		}
		if err != nil {
			return nil, err
		}
		versions[i] = p.ID + " sha256:" + result.Weights
	}
	return versions, nil
}

// Curves returns the records in order. A last line that was cut off is left out. Those of a run
// that comes with the checkout are compressed.
func (r *Run) Curves() ([]Record, error) {
	text, err := r.curves()
	if err != nil {
		return nil, err
	}
	var records []Record
	for n := 1; ; n++ {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			return records, nil
		}
		var record Record
		if err := json.Unmarshal(line, &record); err != nil {
			return nil, fmt.Errorf("run %s: %s line %d: %w", r.ID, curvesFile, n, err)
		}
		records, text = append(records, record), rest
	}
}

// curves is the text of the curves, empty if there are none. A run under way writes lines;
// [Run.CompressCurves] makes what ships.
func (r *Run) curves() ([]byte, error) {
	text, err := os.ReadFile(r.path(curvesFile))
	if errors.Is(err, fs.ErrNotExist) {
		var f *os.File
		if f, err = os.Open(r.path(curvesFile + ".gz")); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err == nil {
			defer f.Close()
			var z *gzip.Reader
			if z, err = gzip.NewReader(f); err == nil {
				text, err = io.ReadAll(z)
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: %s: %w", r.ID, curvesFile, err)
	}
	return text, nil
}

// Append adds a record and brings it to the disk.
func (r *Run) Append(record Record) error {
	line, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("run %s: step %d: %w", r.ID, record.Step, err)
	}
	f, err := os.OpenFile(r.path(curvesFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("run %s: %w", r.ID, err)
	}
	_, err = f.Write(append(line, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("run %s: writing %s: %w", r.ID, curvesFile, err)
	}
	return nil
}

// CopyCurves gives the run the records of another, in place of its own.
func (r *Run) CopyCurves(from *Run) error {
	text, err := from.curves()
	if err != nil {
		return err
	}
	return r.write(curvesFile, text)
}

// Rewind drops the records after a step: training goes on from there and makes
// them again.
func (r *Run) Rewind(step int) error {
	records, err := r.Curves()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	for _, record := range records {
		if record.Step <= step {
			if err := enc.Encode(record); err != nil {
				return fmt.Errorf("run %s: step %d: %w", r.ID, record.Step, err)
			}
		}
	}
	return r.write(curvesFile, text.Bytes())
}
