package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Grid is a list of runs: a preset, changes to all of them, and axes whose points
// are combined with each other. In JSON:
//
//	{"preset": "laptop", "set": ["budget_tokens=4096000"], "axes": [
//	  ["model.context=64", "model.context=128"],
//	  ["packing.mask=causal packing.bos=none", "packing.mask=causal packing.bos=fixed"],
//	  ["seed=1", "seed=2", "seed=3"]]}
type Grid struct {
	Preset string `json:"preset"`
	// Set holds changes as Config.Set takes them.
	Set []string `json:"set,omitempty"`
	// Axes holds the points of each axis; a point is one change, or several with
	// spaces between them that go together.
	Axes [][]string `json:"axes"`
}

// ParseGrid reads a grid from JSON. Unknown fields are errors.
func ParseGrid(r io.Reader) (Grid, error) {
	var g Grid
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&g); err != nil {
		return g, fmt.Errorf("grid: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return g, errors.New("grid: there is more text after the JSON object")
	}
	return g, nil
}

// ReadGrid reads a grid from a file: see [ParseGrid].
func ReadGrid(path string) (Grid, error) {
	f, err := os.Open(path)
	if err != nil {
		return Grid{}, fmt.Errorf("grid: %w", err)
	}
	defer f.Close()
	g, err := ParseGrid(f)
	if err != nil {
		return g, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

// maxRuns refuses grids that can only be a mistake.
const maxRuns = 10_000

// Configs lists the grid's runs, the last axis varying fastest. Two points that
// come to the same run are an error.
func (g Grid) Configs() ([]Config, error) {
	base, err := Preset(g.Preset)
	if err != nil {
		return nil, fmt.Errorf("grid: %w", err)
	}
	combined := [][]string{g.Set}
	for i, axis := range g.Axes {
		if len(axis) == 0 {
			return nil, fmt.Errorf("grid: axis %d has no points", i+1)
		}
		if len(combined)*len(axis) > maxRuns {
			return nil, fmt.Errorf("grid: more than %d runs", maxRuns)
		}
		var next [][]string
		for _, changes := range combined {
			for _, point := range axis {
				next = append(next, append(slices.Clone(changes), strings.Fields(point)...))
			}
		}
		combined = next
	}
	configs := make([]Config, len(combined))
	seen := map[string]int{}
	for i, changes := range combined {
		c, err := base.Set(changes...)
		if err != nil {
			return nil, fmt.Errorf("grid: run %d, %s: %w", i+1, strings.Join(changes, " "), err)
		}
		if j, ok := seen[c.ID()]; ok {
			return nil, fmt.Errorf("grid: runs %d and %d are the same: %s", j+1, i+1, strings.Join(changes, " "))
		}
		configs[i], seen[c.ID()] = c, i
	}
	return configs, nil
}
