package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"

	"firsttoken/train/corpus"
	"firsttoken/train/optim"
	"firsttoken/train/transformer"
)

// Config decides a run: two of equal configuration, on the same machine and
// backend, end with the same weights. Start from a [Preset].
type Config struct {
	// Model is the architecture. Its context is the length of a window, T; its
	// compute type is what matrix products run in ("bfloat16" on a GPU), while
	// weights, moments and the residual stream are float32. A vocab of 0 stands for
	// the tokenizer's.
	Model   transformer.Config `json:"model"`
	Data    corpus.Spec        `json:"data"`
	Packing corpus.Packing     `json:"packing"`

	Optimizer optim.Config `json:"optimizer"`
	// BatchTokens is the input tokens of an update, a multiple of T: equal for runs
	// whose contexts are compared.
	BatchTokens int `json:"batch_tokens"`
	// Accumulate splits each update into that many micro-batches, one after the
	// other, or each on a device of its own: the same update in less memory.
	Accumulate int `json:"accumulate"`
	// Recompute keeps only the residual stream between blocks for the backward pass
	// and computes the rest again (gradient checkpointing).
	Recompute bool `json:"recompute"`
	// BudgetTokens ends the run: it makes BudgetTokens / BatchTokens updates, rounded up.
	BudgetTokens int64 `json:"budget_tokens"`

	// InitStd is the spread of the matrices at the start; those that write to the
	// residual stream have InitStd / √(2L).
	InitStd float64 `json:"init_std"`
	// Seed draws the weights and the order of the data.
	Seed uint64 `json:"seed"`

	Monitor MonitorConfig `json:"monitor"`
	// CheckpointSteps is how many updates lie between two checkpoints. There is
	// one at the end, and one where a run is stopped, in any case.
	CheckpointSteps int `json:"checkpoint_steps"`
}

// MonitorConfig says what is measured on held-out text during a run: as packed in
// training, and on windows of ShortT tokens under a causal mask, which compare
// between contexts. After the last update also with and without ⟨bos⟩ at both
// lengths, whatever the run was trained with.
type MonitorConfig struct {
	Steps    int       `json:"steps"`    // updates between two measurements; the first is before training
	Windows  int       `json:"windows"`  // windows a measurement reads, if there are as many
	ShortT   int       `json:"short_t"`  // Gu et al. 2025 measure at 64
	Epsilons []float64 `json:"epsilons"` // thresholds of the sink rate
}

// idLength is how many hex digits of the hash name a run.
const idLength = 16

// ID is the name of the configuration's run, a hash of all its fields.
func (c Config) ID() string {
	sum := sha256.Sum256(c.canonical())
	return hex.EncodeToString(sum[:])[:idLength]
}

// canonical is the JSON form of which ID is the hash.
func (c Config) canonical() []byte {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		panic(err) // unreachable after Validate: fields are plain and finite
	}
	return append(text, '\n')
}

// Steps is the number of updates.
func (c Config) Steps() int {
	return int((c.BudgetTokens + int64(c.BatchTokens) - 1) / int64(c.BatchTokens))
}

// windows is B, the windows of an update.
func (c *Config) windows() int { return c.BatchTokens / c.Model.Context }

// maxSteps keeps the count of steps exact in float32, in which GoMLX's Adam counts.
const maxSteps = 1 << 24

// Validate says what is wrong with the configuration, all of it at once.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	model := c.Model
	if model.Vocab == 0 {
		model.Vocab = 1 // known once the tokenizer is
	}
	errs = append(errs, model.Validate(), c.Data.Validate(), c.Packing.Validate(), c.Optimizer.Validate())
	t := max(c.Model.Context, 1)
	check(c.Accumulate >= 1, "accumulate = %d: must be at least 1", c.Accumulate)
	check(c.BatchTokens >= t && c.BatchTokens%t == 0, "batch_tokens = %d: must be a multiple of model.context = %d", c.BatchTokens, t)
	check(c.Accumulate < 1 || c.BatchTokens/t%c.Accumulate == 0, "accumulate = %d does not divide the %d windows of an update", c.Accumulate, c.BatchTokens/t)
	check(c.BudgetTokens >= 1, "budget_tokens = %d: must be above 0", c.BudgetTokens)
	if c.BatchTokens > 0 && c.BudgetTokens > 0 {
		check(c.BudgetTokens/int64(c.BatchTokens) < maxSteps, "budget_tokens / batch_tokens is %d steps: the limit is %d", c.BudgetTokens/int64(c.BatchTokens), maxSteps)
	}
	check(c.InitStd > 0 && !math.IsInf(c.InitStd, 0), "init_std = %g: must be above 0 and finite", c.InitStd)
	check(c.CheckpointSteps >= 1, "checkpoint_steps = %d: must be at least 1", c.CheckpointSteps)
	check(c.Monitor.Steps >= 1, "monitor.steps = %d: must be at least 1", c.Monitor.Steps)
	check(c.Monitor.Windows >= 1, "monitor.windows = %d: must be at least 1", c.Monitor.Windows)
	check(c.Monitor.ShortT >= 2 && c.Monitor.ShortT <= t, "monitor.short_t = %d: must be between 2 and model.context = %d", c.Monitor.ShortT, t)
	check(len(c.Monitor.Epsilons) > 0, "monitor.epsilons is empty: give at least one, such as 0.3")
	for _, eps := range c.Monitor.Epsilons {
		check(eps >= 0 && eps < 1, "monitor.epsilons: %g: must be in [0, 1)", eps)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("train config: %w", err)
	}
	return nil
}

// ParseConfig reads a configuration from JSON and validates it. All fields must be
// there, as [Preset] prints them; an unknown one is an error that names it, and so
// is anything after the object.
func ParseConfig(r io.Reader) (Config, error) {
	var c Config
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("train config: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Config{}, errors.New("train config: there is more text after the JSON object")
	}
	return c, c.Validate()
}

// ReadConfig is ParseConfig of a file.
func ReadConfig(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("train config: %w", err)
	}
	c, err := ParseConfig(bytes.NewReader(text))
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// devices is how many devices a run uses: one, or one for each micro-batch, or where an update is
// not split any number that divides its windows.
func (c *Config) devices(o Options) (int, error) {
	n, most := o.Devices, o.Backend.NumDevices()
	if n == 0 {
		n = 1
		if onCUDA(o.Backend) {
			if n = c.share(most); n < most {
				slog.Warn(fmt.Sprintf("%d of %d GPUs are used: a batch of %d windows in %d micro-batches is not shared out to more", n, most, c.windows(), c.Accumulate))
			}
		}
	}
	switch {
	case n < 0 || n > most:
		return 0, fmt.Errorf("%d devices: the backend has %d", n, most)
	case n > 1 && c.Accumulate > 1 && n != c.Accumulate:
		return 0, fmt.Errorf("GoMLX cannot accumulate gradients on several devices: use one device, or %d that take a micro-batch each, or set accumulate to 1", c.Accumulate)
	case c.windows()%n != 0:
		return 0, fmt.Errorf("%d devices do not divide the %d windows of a batch: choose another number of devices, or batch_tokens", n, c.windows())
	}
	return n, nil
}

// share is the largest number of devices, up to most, that an update can be shared out to.
func (c *Config) share(most int) int {
	if c.Accumulate > 1 {
		if c.Accumulate <= most {
			return c.Accumulate
		}
		return 1
	}
	for n := most; n > 1; n-- {
		if c.windows()%n == 0 {
			return n
		}
	}
	return 1
}
