package backend

import (
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// Provenance says what this process computes with, for the record beside a
// result: the plugin's file name and the versions of Go, GoMLX, go-xla and this
// module. Entries that cannot be told are left out, such as the commit where the
// program was not built from a checkout. It opens the backend if need be.
func Provenance() map[string]string {
	out := versions(debug.ReadBuildInfo())
	if revision != "" {
		out["firsttoken"] = revision
	}
	if name, options, _ := strings.Cut(open().config, ":"); name == "xla" {
		path, rest, _ := strings.Cut(options, ",")
		out["plugin"] = filepath.Base(path)
		if rest != "" {
			out["plugin options"] = rest
		}
	}
	return out
}

// revision is the commit that a bundle's programs were built from, as the linker writes it: for
// their bytes to depend on their sources alone they carry nothing else of the checkout.
var revision string

// modules are those whose versions change results.
var modules = map[string]string{
	"firsttoken":               "firsttoken",
	"github.com/gomlx/gomlx":   "gomlx",
	"github.com/gomlx/compute": "gomlx/compute",
	"github.com/gomlx/go-xla":  "go-xla",
}

// versions reads what the linker wrote into the executable.
func versions(info *debug.BuildInfo, ok bool) map[string]string {
	out := map[string]string{"go": runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
	if !ok {
		return out
	}
	for _, m := range append(slices.Clip(info.Deps), &info.Main) {
		if m.Replace != nil {
			m = m.Replace
		}
		if name, known := modules[m.Path]; known && m.Version != "" && m.Version != unversioned {
			out[name] = m.Version
		}
	}
	return out
}

// unversioned is the version of a main module without version control, as in
// tests and notebook cells.
const unversioned = "(devel)"
