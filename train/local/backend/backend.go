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
// is there but cannot be used is an error, not a reason to be slow unasked.
func Open() (compute.Backend, []string, error) {
	o := open()
	return o.backend, slices.Clone(o.warnings), o.err
}

type opened struct {
	config   string // in GoMLX's "name:options" form
	backend  compute.Backend
	warnings []string
	err      error
}

var open = sync.OnceValue(func() opened {
	chosen, err := choose(os.Getenv(compute.ConfigEnvVar), local.Plugin)
	if err != nil {
		return opened{err: err}
	}
	backend, err := connect(chosen)
	return opened{chosen.config, backend, chosen.warnings, err}
})

// choice is a backend to open, in GoMLX's "name:options" form.
type choice struct {
	config   string
	warnings []string
	advice   string // what to do if it does not open
}

// exact keeps go-xla from multiplying float32 on a GPU in TF32, which has 10 bits of mantissa. Who
// would rather be fast names the plugin in $GOMLX_BACKEND without it.
const exact = ",tf32=false"

const (
	slow = "the pure Go backend is 10 to 20 times slower than XLA and lacks the operations of a KV cache"

	adviceSetUp = "remove .tools/xla and run `make setup`"
	adviceCUDA  = "if the driver is too old for CUDA 13, run `CUDA=12 make setup`; else remove .tools/xla and run `CUDA=1 make setup`; for the CPU, name its plugin in $" + compute.ConfigEnvVar
	adviceNamed = "$" + compute.ConfigEnvVar + " names it: name another, or unset it to use the one from `make setup`"
)

func choose(wanted string, plugin func() (string, error)) (choice, error) {
	name, options, _ := strings.Cut(wanted, ":")
	path, _, _ := strings.Cut(options, ",")
	switch {
	case wanted == "" || (name == "xla" && options == ""):
		path, err := plugin()
		if err == nil {
			return onPlugin(choice{config: "xla:" + path + exact, advice: adviceOf(path), warnings: idleGPU(path)}, path)
		}
		if wanted != "" || !errors.Is(err, local.ErrNotSetUp) {
			return choice{}, fmt.Errorf("backend: %w", err)
		}
		return choice{
			config:   "go",
			warnings: []string{fmt.Sprintf("no XLA plugin is set up: %s; `make setup` fetches the plugin", slow)},
		}, nil
	case name == "xla" && !filepath.IsAbs(path):
		return choice{}, fmt.Errorf("backend: %s does not give the plugin's absolute path, as in xla:/path/of/plugin.so; %s", wanted, adviceNamed)
	case name == "xla":
		c := choice{config: wanted, advice: adviceNamed}
		if own, err := plugin(); err == nil && own == path { // the notebook kernel names it
			c.advice, c.warnings = adviceOf(path), idleGPU(path)
		}
		return onPlugin(c, path)
	case name == "go":
		return choice{
			config:   wanted,
			warnings: []string{fmt.Sprintf("$%s=%s: %s", compute.ConfigEnvVar, wanted, slow)},
			advice:   adviceNamed,
		}, nil
	}
	return choice{}, fmt.Errorf("backend: %q is neither xla nor go; %s", wanted, adviceNamed)
}

// adviceOf is what to do about a plugin of set-up that does not open.
func adviceOf(path string) string {
	if path == local.CUDAPlugin() {
		return adviceCUDA
	}
	return adviceSetUp
}

// idleGPU warns where set-up has a plugin for GPUs that is not used.
func idleGPU(path string) []string {
	cuda := local.CUDAPlugin()
	if cuda == "" || path == cuda {
		return nil
	}
	return []string{"XLA's plugin for GPUs is set up, but there is no NVIDIA driver (/dev/nvidiactl): computing on the CPU; in a container, give it the GPUs (`docker run --gpus all`)"}
}

// onPlugin returns c unless the plugin that it opens is absent or damaged.
func onPlugin(c choice, path string) (choice, error) {
	if err := checkPlugin(path); err != nil {
		return choice{}, fmt.Errorf("backend: XLA plugin %s: %w; %s", path, err, c.advice)
	}
	return c, nil
}

func connect(c choice) (compute.Backend, error) {
	xla.EnableAutoInstall(false)
	backend, err := compute.NewWithConfig(c.config)
	if err != nil {
		return nil, fmt.Errorf("backend: cannot open %s: %w; %s", c.config, err, c.advice)
	}
	return backend, nil
}
