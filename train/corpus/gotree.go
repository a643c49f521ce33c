package corpus

import (
	"cmp"
	"errors"
	"fmt"
	"go/build"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// GoTree selects files of a Go source tree. The zero value selects the packages of the standard
// library: no commands, tests, vendored packages, test data or generated files.
type GoTree struct {
	// Root is a Go installation, the folder that has src in it. Empty: the toolchain of the `go`
	// command, as `go env GOROOT` names it in the current folder.
	Root string `json:"root,omitempty"`
	// Commands adds src/cmd: the compiler, linker, go command and other tools.
	Commands bool `json:"commands"`
	// Tests adds files that end in _test.go.
	Tests bool `json:"tests"`
	// Generated adds files that carry the "Code generated … DO NOT EDIT." mark: tables, for the
	// most part.
	Generated bool `json:"generated"`
	// Vendor adds the copies of other modules' packages in folders named vendor.
	Vendor bool `json:"vendor"`
	// Testdata adds folders named testdata. Some of their files have syntax errors on purpose; they
	// are left out with a warning.
	Testdata bool `json:"testdata"`
}

// goFiles is what a GoTree selects.
type goFiles struct {
	src     string   // the folder that names are relative to
	version string   // such as "go1.26.8", "devel" if the tree does not say
	names   []string // slash paths relative to src, by folder, then by file name
}

func (g goFiles) read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(g.src, filepath.FromSlash(name)))
}

// files lists the tree. Build constraints are not applied: the documents are the same on every
// machine that has the same version.
func (t GoTree) files() (goFiles, error) {
	root, err := t.root()
	if err != nil {
		return goFiles{}, err
	}
	g := goFiles{src: filepath.Join(root, "src"), version: goVersion(root)}
	err = filepath.WalkDir(g.src, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(g.src, p)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if e.IsDir() {
			if t.skipsDir(name) {
				return fs.SkipDir
			}
			return nil
		}
		if e.Type().IsRegular() && strings.HasSuffix(name, ".go") && (t.Tests || !strings.HasSuffix(name, "_test.go")) {
			g.names = append(g.names, name)
		}
		return nil
	})
	if err != nil {
		return goFiles{}, fmt.Errorf("corpus: reading the Go source tree: %w", err)
	}
	if len(g.names) == 0 {
		return goFiles{}, fmt.Errorf("corpus: no Go file in %s matches the options: set Root to a complete Go installation", g.src)
	}
	// A folder's files in one run: WalkDir has those of subfolders in between.
	slices.SortFunc(g.names, func(a, b string) int {
		return cmp.Or(strings.Compare(path.Dir(a), path.Dir(b)), strings.Compare(a, b))
	})
	return g, nil
}

func (t GoTree) skipsDir(name string) bool {
	base := name[strings.LastIndexByte(name, '/')+1:]
	switch {
	case name == ".":
		return false
	case name == "cmd":
		return !t.Commands
	case base == "vendor":
		return !t.Vendor
	case base == "testdata":
		return !t.Testdata
	default: // the go command ignores such folders too
		return base[0] == '.' || base[0] == '_'
	}
}

// root finds the installation and checks that its sources are there.
func (t GoTree) root() (string, error) {
	if t.Root != "" {
		if !isDir(filepath.Join(t.Root, "src")) {
			return "", fmt.Errorf("corpus: Root %q has no folder src: give the folder that `go env GOROOT` prints", t.Root)
		}
		return t.Root, nil
	}
	var tried []string
	for _, candidate := range []struct {
		name string
		find func() (string, error)
	}{
		// The go command first: it knows GOTOOLCHAIN and go.mod's toolchain line.
		{"`go env GOROOT`", goEnvRoot},
		// A program built without -trimpath remembers the GOROOT it was built with, and the
		// variable overrides it.
		{"the GOROOT this program was built with", func() (string, error) { return build.Default.GOROOT, nil }},
	} {
		root, err := candidate.find()
		switch {
		case err != nil:
			tried = append(tried, fmt.Sprintf("%s: %v", candidate.name, err))
		case root == "":
			tried = append(tried, candidate.name+": not known")
		case !isDir(filepath.Join(root, "src")):
			tried = append(tried, fmt.Sprintf("%s: %s has no folder src", candidate.name, root))
		default:
			return root, nil
		}
	}
	return "", fmt.Errorf("corpus: no Go source tree found (%s): install Go from https://go.dev/dl, which includes its "+
		"sources (a Linux distribution may have them in a package of their own, such as golang-src), or set Root",
		strings.Join(tried, "; "))
}

func goEnvRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}

// develVersion is the version of a tree that has no VERSION file: a development checkout.
const develVersion = "devel"

// goVersion reads the first line of the tree's VERSION file.
func goVersion(root string) string {
	data, err := os.ReadFile(filepath.Join(root, "VERSION"))
	if err != nil {
		return develVersion
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSpace(line)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
