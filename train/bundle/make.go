package bundle

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"firsttoken/train/corpus"
	"firsttoken/train/local"
)

// Options say what a bundle is made of.
type Options struct {
	List *List
	// Checkout is the folder of the sources, Into the one the bundle goes to, as first-token and
	// first-token.tar.gz.
	Checkout, Into string
	// CC is the C compiler, "" for the system's. What it links against decides which systems the
	// programs run on.
	CC string
	// Plugin is a folder of XLA's plugin and libraries for CUDA as set-up lays it out, "" to leave
	// that to the machine.
	Plugin string
	// Log gets what is done; nil for nothing.
	Log io.Writer
}

// Name is the folder that a bundle unpacks to.
const Name = "first-token"

// programs are the commands of a bundle, and further names of them.
var programs = []struct {
	name, source string
	links        []string
}{
	{"first-token", "./train/cmd/firsttoken", []string{"train", "sweep", "bench"}},
	{"sinkscan", "./sinks/cmd/sinkscan", nil},
}

//go:embed run.sh
var runScript []byte

//go:embed README.txt
var readme []byte

// Make builds the programs, tokenises the texts of the grids and packs all of it. The same sources,
// Go, C compiler and list give the same bytes. It returns the path of the compressed file.
func Make(ctx context.Context, o Options) (string, error) {
	if o.Log == nil {
		o.Log = io.Discard
	}
	if err := o.List.Validate(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(o.Into, 0o755); err != nil {
		return "", fmt.Errorf("bundle: %w", err)
	}
	// Made under another name, so that one that was interrupted is not taken for a bundle.
	partial := filepath.Join(o.Into, Name+".partial")
	if err := os.RemoveAll(partial); err != nil {
		return "", fmt.Errorf("bundle: %w", err)
	}
	defer os.RemoveAll(partial)
	dir := filepath.Join(o.Into, Name)
	archive := dir + ".tar.gz"
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"programs", func() error { return o.build(ctx, partial) }},
		{"texts, tokenised", func() error { return o.texts(ctx, partial) }},
		{"grids", func() error { return o.List.write(partial) }},
		{"plugin", func() error { return o.plugin(partial) }},
		{"sums", func() error { return finish(partial) }},
		{"", func() error { return errors.Join(os.RemoveAll(dir), os.Rename(partial, dir)) }},
		{"packing", func() error { return pack(dir, archive) }},
	} {
		if step.what != "" {
			fmt.Fprintf(o.Log, "bundle: %s ...\n", step.what)
		}
		if err := step.do(); err != nil {
			return "", fmt.Errorf("bundle: %w", err)
		}
	}
	return archive, nil
}

// build compiles the programs. Names and hosts are resolved in Go, paths and versions of the
// checkout left out: the result depends on the sources alone.
func (o *Options) build(ctx context.Context, dir string) error {
	// The linker outside of Go has its own -s: what it adds for debuggers names paths.
	flags := "-s -w -buildid= -extldflags=-Wl,-s"
	if out, err := exec.CommandContext(ctx, "git", "-C", o.Checkout, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*").Output(); err == nil {
		flags += " -X firsttoken/train/local/backend.revision=" + strings.TrimSpace(string(out))
	}
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	for _, p := range programs {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags=netgo,osusergo", "-ldflags="+flags,
			"-o", filepath.Join(bin, p.name), p.source)
		cmd.Dir = o.Checkout
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=1", "CGO_CFLAGS=-O2", "GOAMD64=v1")
		if o.CC != "" {
			cmd.Env = append(cmd.Env, "CC='"+o.CC+"'")
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", p.source, err, out)
		}
		for _, link := range p.links {
			if err := os.Symlink(p.name, filepath.Join(bin, link)); err != nil {
				return err
			}
		}
	}
	return nil
}

// texts leaves the tokenised texts of all grids.
func (o *Options) texts(ctx context.Context, dir string) error {
	var done []string
	for _, e := range o.List.Grids {
		configs, err := e.Grid.Configs()
		if err != nil {
			return err
		}
		for _, c := range configs {
			key, err := json.Marshal(c.Data)
			if err != nil {
				return err
			}
			if slices.Contains(done, string(key)) {
				continue
			}
			done = append(done, string(key))
			if err := corpus.Prepare(ctx, c.Data, filepath.Join(dir, "shards")); err != nil {
				return err
			}
		}
	}
	return nil
}

// write leaves the list and its grids.
func (l *List) write(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "grids"), 0o755); err != nil {
		return err
	}
	for _, e := range l.Grids {
		if err := writeJSON(filepath.Join(dir, "grids", e.Name+".json"), e.Grid); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(dir, local.BundleFile), l)
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// plugin copies XLA's plugin for CUDA to where a checkout has it.
func (o *Options) plugin(dir string) error {
	if o.Plugin == "" {
		return nil
	}
	// CopyFS follows no links, and these are relative.
	return os.CopyFS(filepath.Join(dir, ".tools", "xla", "cuda"), os.DirFS(o.Plugin))
}

// finish leaves what remains, and the sums of all of it.
func finish(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "run.sh"), runScript, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "README"), readme, 0o644); err != nil {
		return err
	}
	sums := Sums{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		if mode := fs.FileMode(0o644); !strings.HasPrefix(rel, "bin/") && rel != "run.sh" {
			if err := os.Chmod(p, mode); err != nil {
				return err
			}
		}
		return sums.Add(dir, filepath.ToSlash(rel))
	})
	if err != nil {
		return err
	}
	return sums.Write(dir)
}
