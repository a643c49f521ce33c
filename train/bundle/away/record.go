package away

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/renameio/v2"

	"firsttoken/train"
	"firsttoken/train/bundle"
	"firsttoken/train/store"
)

// read reads a file of the folder of results, and reports whether it is there and whole.
func (s *site) read(name string, v any) bool {
	text, err := os.ReadFile(s.path(name))
	return err == nil && json.Unmarshal(text, v) == nil
}

// write replaces a file of the folder as a whole.
func (s *site) write(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return s.writeText(name, append(text, '\n'))
}

func (s *site) writeText(name string, text []byte) error {
	path := s.path(name)
	if err := renameio.WriteFile(path, text, 0o644, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return unwritten(err)
	}
	return nil
}

// unwritten is the error of results that cannot be kept.
func unwritten(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: make room and run it again: %w", errDisk, err)
	}
	return fmt.Errorf("results cannot be written: %w", err)
}

// keepTokenizers copies the bundle's tokenizers: whoever has the results has no use for tokens
// without them.
func (s *site) keepTokenizers() error {
	found, err := filepath.Glob(filepath.Join(s.Bundle, "shards", "*", "provenance.json"))
	if err != nil {
		return err
	}
	for _, file := range found {
		var p struct{ Tokenizer string }
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &p)
		}
		if err != nil {
			return err
		}
		from := filepath.Join(filepath.Dir(file), "tokenizer")
		if _, err := os.Stat(from); err != nil || len(p.Tokenizer) < 16 {
			continue // bytes
		}
		to := s.path("tokenizers", p.Tokenizer[:16])
		if _, err := os.Stat(to); err == nil {
			continue
		}
		// Whole or not there.
		partial, err := os.MkdirTemp(s.Out, ".tokenizer-*")
		if err == nil {
			err = errors.Join(os.CopyFS(partial, os.DirFS(from)), os.Chmod(partial, 0o755), os.MkdirAll(filepath.Dir(to), 0o755))
		}
		if err == nil {
			err = os.Rename(partial, to)
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return unwritten(err)
		}
	}
	return nil
}

// record brings the report and the sums up to what is there. Sums of runs that are done stay as
// they are: what changes later is damage.
func (s *site) record() error {
	return s.alone("record", func() error {
		if err := s.report(); err != nil {
			return err
		}
		old, err := bundle.ReadSums(s.Out)
		if err != nil {
			old = bundle.Sums{}
		}
		sums := bundle.Sums{}
		add := func(name string, keep bool) error {
			if sum, ok := old[name]; ok && keep {
				sums[name] = sum
				return nil
			}
			if err := sums.Add(s.Out, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		}
		for _, pattern := range []string{"right.json", "speed.json", "plan.json", "report.md", "grids/*.json", "tokenizers/*/*"} {
			found, err := filepath.Glob(s.path(filepath.FromSlash(pattern)))
			if err != nil {
				return err
			}
			for _, path := range found {
				rel, err := filepath.Rel(s.Out, path)
				if err != nil {
					return err
				}
				if err := add(filepath.ToSlash(rel), false); err != nil {
					return err
				}
			}
		}
		runs, err := store.List(s.path("runs"))
		if err != nil {
			return err
		}
		for _, r := range runs {
			var result train.Result
			if done, err := r.Result(&result); err != nil || !done {
				continue
			}
			for _, name := range r.Files() {
				if err := add("runs/"+r.ID+"/"+name, true); err != nil {
					return err
				}
			}
		}
		return sums.Write(s.Out)
	})
}

// report writes all that is known in words.
func (s *site) report() error {
	var b strings.Builder
	b.WriteString("# What this machine did\n\n## Is it right?\n\n")
	var r Right
	if s.read("right.json", &r) {
		fmt.Fprintf(&b, "%s %s\n\n", r.Backend, r.GPU)
		for _, line := range r.lines() {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	} else {
		b.WriteString("Not known.\n")
	}
	b.WriteString("\n## How fast?\n\n")
	var known []Speed
	if s.read("speed.json", &known) {
		for _, k := range known {
			fmt.Fprintf(&b, "- %s\n", k.line())
		}
	} else {
		b.WriteString("Not measured.\n")
	}
	for i := range s.list.Grids {
		e := &s.list.Grids[i]
		fmt.Fprintf(&b, "\n## Grid %s\n\n", e.Name)
		g, err := train.ReadGrid(s.path("grids", e.Name+".json"))
		if err != nil {
			b.WriteString("Not begun.\n")
			continue
		}
		configs, err := g.Configs()
		if err != nil {
			return err
		}
		states, err := train.Status(configs, s.path("runs"))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%.1f M tokens a run.\n\n| run | of it | held-out loss | sink rate |\n| --- | --- | --- | --- |\n", float64(configs[0].BudgetTokens)/1e6)
		for _, state := range states {
			what := describe(configs, state.Config)
			switch {
			case state.Result != nil:
				fmt.Fprintf(&b, "| %s %s | all | %.4f | %.1f %% |\n", state.Run, what, state.Result.ValLoss, 100*state.Result.SinkRate)
			case state.Step > 0:
				fmt.Fprintf(&b, "| %s %s | %.0f %% | | |\n", state.Run, what, 100*float64(state.Step)/float64(state.Config.Steps()))
			default:
				fmt.Fprintf(&b, "| %s %s | | | |\n", state.Run, what)
			}
		}
	}
	if len(s.broken) > 0 {
		b.WriteString("\n## What failed in the last call\n\n")
		for _, line := range s.broken {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	return s.writeText("report.md", []byte(b.String()))
}
