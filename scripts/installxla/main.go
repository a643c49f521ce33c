// Command installxla fetches the XLA plugin for the CPU with GoMLX's own installer,
// on platforms other than Linux on x86-64, for which set-up has a hash-locked
// wheel. Set-up runs it: installxla FOLDER leaves pjrt_c_api_cpu_plugin.so there.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gomlx/go-xla/installer"
)

// version is the release of the plugin that this version of go-xla was tested
// with. Releases differ in their API, so "latest" is no choice.
const version = "v0.114.0"

// name is what the rest of the toolkit looks for.
const name = "pjrt_c_api_cpu_plugin.so"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: installxla FOLDER")
		os.Exit(2)
	}
	if err := install(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "installxla: %v\n", err)
		os.Exit(1)
	}
}

// install leaves the plugin in dir as a file of its own: the installer makes it a
// link to a name with the version, which cannot be moved.
func install(dir string) error {
	platform := runtime.GOOS + "_" + runtime.GOARCH
	if err := installer.CPUInstall(platform, version, dir, false, installer.Normal); err != nil {
		return fmt.Errorf("no plugin %s for %s: %w", version, platform, err)
	}
	link := filepath.Join(dir, name)
	file, err := filepath.EvalSymlinks(link)
	if err != nil {
		return fmt.Errorf("the installer for %s left no %s: %w", platform, name, err)
	}
	if file == link {
		return nil
	}
	return os.Rename(file, link)
}
