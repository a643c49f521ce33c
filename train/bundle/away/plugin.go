package away

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"

	"firsttoken/train/local"
)

// exact keeps XLA from multiplying float32 in TF32, as package backend has it.
const exact = ",tf32=false"

const noPlugin = "no XLA plugin: name one, GOMLX_BACKEND=xla:/path/of/plugin.so; or have a python3 in PATH with JAX for CUDA (pip install \"jax[cuda13]\" or \"jax[cuda12]\"); or make the bundle with CUDA=1"

// findPlugin returns a value of $GOMLX_BACKEND: what that is set to, or the bundle's own plugin, or
// the one inside the JAX of python3, laid out by links in the folder links.
func findPlugin(bundle, links string, env func(string) string) (string, error) {
	if named := env(compute.ConfigEnvVar); named != "" {
		name, options, _ := strings.Cut(named, ":")
		path, _, _ := strings.Cut(options, ",")
		if name != "xla" || !filepath.IsAbs(path) {
			return "", fmt.Errorf("$%s is %q: it must name a plugin, as in xla:/path/of/plugin.so", compute.ConfigEnvVar, named)
		}
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("the XLA plugin that $%s names is not there: %w", compute.ConfigEnvVar, err)
		}
		if !strings.Contains(options, "tf32=") {
			named += exact
		}
		return named, nil
	}
	if own := local.CUDAPlugin(); own != "" && strings.HasPrefix(own, bundle) {
		return "xla:" + own + exact, nil
	}
	found, err := jaxPlugin()
	if err != nil {
		return "", fmt.Errorf("%s (%w)", noPlugin, err)
	}
	path, err := found.link(links)
	if err != nil {
		return "", fmt.Errorf("laying out JAX's plugin %s: %w", found.Plugin, err)
	}
	return "xla:" + path + exact, nil
}

// jax is where an installed JAX has its plugin and NVIDIA's libraries.
type jax struct {
	Plugin string   `json:"plugin"`
	NVIDIA []string `json:"nvidia"` // folders that together are the package nvidia
}

// findJAX asks Python without importing JAX, which would take the GPU. The plugin of the newer CUDA
// comes first.
const findJAX = `
import importlib.util, json, os
def folders(name):
    spec = importlib.util.find_spec(name)
    return list(spec.submodule_search_locations) if spec and spec.submodule_search_locations else []
plugins = [os.path.join(f, d, "xla_cuda_plugin.so") for d in ("xla_cuda13", "xla_cuda12") for f in folders("jax_plugins")]
print(json.dumps({"plugin": next((p for p in plugins if os.path.isfile(p)), ""), "nvidia": folders("nvidia")}))
`

func jaxPlugin() (jax, error) {
	var j jax
	python, err := exec.LookPath("python3")
	if err != nil {
		return j, errors.New("no python3 in PATH")
	}
	out, err := exec.Command(python, "-c", findJAX).Output()
	if err == nil {
		err = json.Unmarshal(out, &j)
	}
	switch {
	case err != nil:
		return j, fmt.Errorf("%s: %w", python, err)
	case j.Plugin == "":
		return j, fmt.Errorf("%s has no package jax_cuda13_pjrt or jax_cuda12_pjrt", python)
	case len(j.NVIDIA) == 0:
		return j, fmt.Errorf("%s has JAX's plugin but not NVIDIA's libraries: pip install \"jax[cuda13]\" brings both", python)
	}
	return j, nil
}

// link lays the plugin out as set-up does, in links: it looks for NVIDIA's libraries in ../nvidia,
// GoMLX for the folder there, and XLA for the assembler and the device library in its bin and nvvm.
func (j jax) link(dir string) (string, error) {
	nvidia := filepath.Join(dir, "nvidia")
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(nvidia, "bin"), 0o755); err != nil {
		return "", err
	}
	for _, from := range j.NVIDIA {
		entries, err := os.ReadDir(from)
		if err != nil {
			return "", err
		}
		for _, e := range entries {
			if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(nvidia, e.Name())); err != nil && !errors.Is(err, fs.ErrExist) {
				return "", err
			}
		}
	}
	for _, needed := range []struct{ pattern, as string }{{"*/bin/ptxas", "bin/ptxas"}, {"*/nvvm", "nvvm"}} {
		found, err := filepath.Glob(filepath.Join(nvidia, needed.pattern))
		if err != nil || len(found) == 0 {
			return "", fmt.Errorf("there is no %s among NVIDIA's libraries in %s", filepath.Base(needed.pattern), strings.Join(j.NVIDIA, ", "))
		}
		if err := os.Symlink(found[0], filepath.Join(nvidia, needed.as)); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	plugin := filepath.Join(nvidia, "pjrt_c_api_cuda_plugin.so")
	return plugin, os.Symlink(j.Plugin, plugin)
}
