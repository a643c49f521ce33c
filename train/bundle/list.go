// Package bundle makes and describes bundles: a folder with programs, tokenised texts and grids
// that trains on a machine which has no Go, no Python packages and no network. What happens there
// is package away; its results come home by cmd/runs.
//
// A bundle, and what it writes, carry their files' SHA-256 sums in the form that sha256sum reads
// ([SumsFile]).
package bundle

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"firsttoken/train"
	"firsttoken/train/local"
)

// List is the work of a bundle in the order of its value: the file [local.BundleFile] in its root.
type List struct {
	// Speeds are model sizes whose speed is told, besides the grids' own.
	Speeds []Speed `json:"speeds,omitempty"`
	// Ways are ways to cut the updates of all grids up, such as ["accumulate=2",
	// "recompute=false"], the likeliest first. The fastest of those that fit is taken. None: the
	// grids as they are.
	Ways  [][]string `json:"ways,omitempty"`
	Grids []Entry    `json:"grids"`
}

// Speed is a model whose training speed is measured, by the fastest of a few ways to cut its
// updates up.
type Speed struct {
	Name   string     `json:"name"`
	Preset string     `json:"preset"`
	Set    []string   `json:"set,omitempty"`
	Ways   [][]string `json:"ways"`
}

// Entry is a grid of the list. Its first seed is trained before any grid's second.
type Entry struct {
	// Name is that of the file grids/NAME.json.
	Name string `json:"name"`
	// Share of the time that is left when the grid begins, for one run of each of its points.
	Share float64 `json:"share"`
	// MinTokens and MaxTokens bound the budget that is chosen for all runs of the grid so that they
	// fit into its share. Both 0: the budget that the grid names.
	MinTokens int64 `json:"min_tokens,omitempty"`
	MaxTokens int64 `json:"max_tokens,omitempty"`

	Grid train.Grid `json:"-"`
}

// Adapts reports whether the grid's budget is chosen on the machine.
func (e *Entry) Adapts() bool { return e.MaxTokens > 0 }

// Configs lists the ways of a speed as configurations. Their vocabulary must be given: no text is
// read.
func (s *Speed) Configs() ([]train.Config, error) {
	var out []train.Config
	for _, way := range s.Ways {
		c, err := train.Preset(s.Preset)
		if err == nil {
			c, err = c.Set(slices.Concat(s.Set, way)...)
		}
		if err == nil {
			err = c.Validate()
		}
		if err == nil && c.Model.Vocab == 0 {
			err = errors.New("model.vocab is 0")
		}
		if err != nil {
			return nil, fmt.Errorf("speed %q: %w", s.Name, err)
		}
		out = append(out, c)
	}
	return out, nil
}

//go:embed grids
var shipped embed.FS

// Shipped is the list for a GPU that comes with the toolkit: the paper's grids at 10 to 30 M
// parameters.
func Shipped() (*List, error) {
	sub, err := fs.Sub(shipped, "grids")
	if err != nil {
		return nil, err
	}
	return read(sub, "list.json", ".")
}

// Read reads the list of the bundle whose root is dir.
func Read(dir string) (*List, error) { return read(os.DirFS(dir), local.BundleFile, "grids") }

// Of is the list of one grid, run as it says, of any size: a file, or the name of a preset.
func Of(name string) (*List, error) {
	entry := Entry{Name: "grid", Share: 1}
	if slices.Contains(train.Presets(), name) {
		entry.Name, entry.Grid.Preset = name, name
	} else {
		g, err := train.ReadGrid(name)
		if err != nil {
			return nil, err
		}
		entry.Grid = g
		base := path.Base(name)
		entry.Name = base[:len(base)-len(path.Ext(base))]
	}
	gpu, err := Shipped()
	if err != nil {
		return nil, err
	}
	l := &List{Speeds: gpu.Speeds, Grids: []Entry{entry}}
	return l, l.Validate()
}

func read(root fs.FS, name, grids string) (*List, error) {
	var l List
	if err := readJSON(root, name, &l); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	for i := range l.Grids {
		e := &l.Grids[i]
		text, err := fs.ReadFile(root, path.Join(grids, e.Name+".json"))
		if err == nil {
			e.Grid, err = train.ParseGrid(bytes.NewReader(text))
		}
		if err != nil {
			return nil, fmt.Errorf("bundle: grid %s: %w", e.Name, err)
		}
	}
	return &l, l.Validate()
}

func readJSON(root fs.FS, name string, v any) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	dec := json.NewDecoder(f)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("%s: there is more text after the JSON object", name)
	}
	return nil
}

// Validate says what is wrong with the list, grids and speeds included.
func (l *List) Validate() error {
	if len(l.Grids) == 0 {
		return errors.New("bundle: the list has no grids")
	}
	names := map[string]bool{}
	for i := range l.Grids {
		e := &l.Grids[i]
		switch {
		case e.Name == "" || path.Base(e.Name) != e.Name:
			return fmt.Errorf("bundle: grid %d: %q is no name", i+1, e.Name)
		case names[e.Name]:
			return fmt.Errorf("bundle: two grids are named %s", e.Name)
		case !(e.Share > 0 && e.Share <= 1):
			return fmt.Errorf("bundle: grid %s: share = %g: must be above 0 and at most 1", e.Name, e.Share)
		case e.MinTokens < 0 || e.MinTokens > e.MaxTokens || (e.MaxTokens > 0) != (e.MinTokens > 0):
			return fmt.Errorf("bundle: grid %s: min_tokens = %d, max_tokens = %d: give both, or neither", e.Name, e.MinTokens, e.MaxTokens)
		}
		names[e.Name] = true
		for _, way := range slices.Concat([][]string{nil}, l.Ways) {
			g := e.Grid
			g.Set = slices.Concat(g.Set, way)
			configs, err := g.Configs()
			if err != nil {
				return fmt.Errorf("bundle: grid %s: %w", e.Name, err)
			}
			for _, c := range configs {
				if err := c.Validate(); err != nil {
					return fmt.Errorf("bundle: grid %s: %w", e.Name, err)
				}
			}
		}
	}
	for i := range l.Speeds {
		if _, err := l.Speeds[i].Configs(); err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
	}
	return nil
}
