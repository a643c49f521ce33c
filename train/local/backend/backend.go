// Package backend opens the GoMLX backend that set-up prepared, once a process,
// and never downloads one.
//
// GoMLX's own default, a bare "xla", tries to download a plugin and fails without
// a network; an absolute path does neither. Importing this package links XLA and
// the pure Go backend: cells that only plot should not.
package backend

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend" // registers "go"
	"github.com/gomlx/go-xla/compute/xla"

	"firsttoken/train/local"
)

// Open returns this process's backend, opened at the first call, with warnings
// that belong beside every result it gives.
//
// $GOMLX_BACKEND chooses: "xla:/absolute/path/of/plugin.so[,options]", or "go".
// Unset or a bare "xla", it is XLA on the plugin of [local.Plugin]. Unset and with
// no plugin set up, it is GoMLX's pure Go backend, with a warning. A plugin that
// is there but cannot be used is an error, not a reason to be slow silently.
func Open() (compute.Backend, []string, error) {
	o := open()
	return o.backend, slices.Clone(o.warnings), o.err
}

type opened struct {
	backend  compute.Backend
	warnings []string
	err      error
}

var open = sync.OnceValue(func() opened {
	config, warnings, err := choose(os.Getenv(compute.ConfigEnvVar), local.Plugin)
	if err != nil {
		return opened{err: err}
	}
	backend, err := connect(config)
	return opened{backend, warnings, err}
})

const slow = "the pure Go backend is 10 to 20 times slower than XLA and lacks the operations of a KV cache"

// choose returns the configuration to open, for GoMLX's "name:options" form.
func choose(wanted string, plugin func() (string, error)) (config string, warnings []string, err error) {
	name, options, _ := strings.Cut(wanted, ":")
	switch {
	case wanted == "" || (name == "xla" && options == ""):
		path, err := plugin()
		if err == nil {
			return "xla:" + path, nil, checkPlugin(path)
		}
		if wanted != "" || !errors.Is(err, local.ErrNotSetUp) {
			return "", nil, fmt.Errorf("backend: %w", err)
		}
		return "go", []string{fmt.Sprintf("no XLA plugin is set up: %s; `make setup` fetches the plugin", slow)}, nil
	case name == "xla":
		path, _, _ := strings.Cut(options, ",")
		if !filepath.IsAbs(path) {
			return "", nil, fmt.Errorf("backend: $%s=%s does not give the plugin's absolute path: say xla:/path/of/plugin.so, or unset it to use the one from `make setup`", compute.ConfigEnvVar, wanted)
		}
		return wanted, nil, checkPlugin(path)
	case !slices.Contains(compute.List(), name):
		known := compute.List()
		slices.Sort(known)
		return "", nil, fmt.Errorf("backend: $%s=%s names no backend: known are %s", compute.ConfigEnvVar, wanted, strings.Join(known, ", "))
	case name == "go":
		return wanted, []string{fmt.Sprintf("$%s=%s: %s", compute.ConfigEnvVar, wanted, slow)}, nil
	}
	return wanted, nil, nil
}

func connect(config string) (compute.Backend, error) {
	xla.EnableAutoInstall(false)
	backend, err := compute.NewWithConfig(config)
	if err != nil {
		return nil, fmt.Errorf("backend: cannot open %s: %w; %s", config, err, advice)
	}
	return backend, nil
}

const advice = "remove .tools/xla and run `make setup`, or set $" + compute.ConfigEnvVar + " to another plugin, or to go for the slow pure Go backend"
