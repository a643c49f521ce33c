// Command installxla fetches XLA plugins with GoMLX's own installer, where the
// hash-locked wheel that set-up prefers does not serve: the CPU plugin on
// platforms other than Linux on x86-64, and the CUDA plugin with NVIDIA's
// libraries. Set-up runs it; it is not meant to be called by hand.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gomlx/go-xla/installer"
)

// cpuVersion is the release of the CPU plugin that this version of go-xla was
// tested with. Releases differ in their API, so "latest" is no choice.
const cpuVersion = "v0.114.0"

// cpuName is the name under which the rest of the toolkit looks for the plugin.
const cpuName = "pjrt_c_api_cpu_plugin.so"

func main() {
	dir := flag.String("dir", "", "folder to install into (required)")
	cuda := flag.String("cuda", "", `CUDA release, "12" or "13"; empty installs the CPU plugin`)
	jaxVersion := flag.String("jax", "", "JAX release whose CUDA plugin to install (required with -cuda)")
	flag.Parse()
	if err := run(*dir, *cuda, *jaxVersion); err != nil {
		fmt.Fprintf(os.Stderr, "installxla: %v\n", err)
		os.Exit(1)
	}
}

func run(dir, cuda, jaxVersion string) error {
	if dir == "" {
		return fmt.Errorf("-dir is required")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if cuda == "" {
		return installCPU(dir)
	}
	if jaxVersion == "" {
		return fmt.Errorf("-jax is required with -cuda")
	}
	return installCUDA(dir, cuda, jaxVersion)
}

// installCPU leaves dir/pjrt_c_api_cpu_plugin.so, a file of its own: the
// installer makes it a link to a name with the version, which cannot be moved.
func installCPU(dir string) error {
	platform := runtime.GOOS + "_" + runtime.GOARCH
	if err := installer.CPUInstall(platform, cpuVersion, dir, false, installer.Normal); err != nil {
		return fmt.Errorf("no CPU plugin %s for %s: %w", cpuVersion, platform, err)
	}
	link := filepath.Join(dir, cpuName)
	file, err := filepath.EvalSymlinks(link)
	if err != nil {
		return fmt.Errorf("the installer for %s left no %s: %w", platform, cpuName, err)
	}
	if file == link {
		return nil
	}
	return os.Rename(file, link)
}
