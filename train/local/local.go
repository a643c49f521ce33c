// Package local says where this checkout keeps what set-up fetched and what runs
// write: the XLA plugin, models, data, runs. A program in a shell, a test and a
// notebook cell all find the same places, whatever their working directory.
//
// It imports nothing of GoMLX, so a cell that only needs a path links in no time;
// package backend beside it opens GoMLX on the plugin found here.
package local

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// HomeEnv names the environment variable that, when set, is the checkout's root.
// The scripts and the notebook kernel set it.
const HomeEnv = "FIRSTTOKEN_HOME"

// HeadlessEnv names the environment variable that is "1" where no one watches:
// notebooks run by `make reproduce` and `make test`. See [Headless].
const HeadlessEnv = "FIRSTTOKEN_HEADLESS"

// ErrNotSetUp is wrapped by the errors for files that `make setup` would fetch.
var ErrNotSetUp = errors.New("not set up")

// ErrAbsent is wrapped by the errors for what a measurement reads and this checkout does not hold,
// such as the weights of runs of which only the curves come with it. Such an error names the
// command that brings it.
var ErrAbsent = errors.New("not in this checkout")

// module is the module path that go.mod in the root declares.
const module = "firsttoken"

// BundleFile lies in the root of a bundle (see package bundle), which stands for a checkout on
// machines that have none.
const BundleFile = "first-token.json"

// Root returns the absolute path of the checkout or bundle: $FIRSTTOKEN_HOME if set, else
// the nearest folder at or above the working directory whose go.mod declares
// module firsttoken, else the nearest such folder above the executable.
func Root() (string, error) {
	if home := os.Getenv(HomeEnv); home != "" {
		home, err := filepath.Abs(home)
		if err != nil {
			return "", fmt.Errorf("local: $%s: %w", HomeEnv, err)
		}
		if !isRoot(home) {
			return "", fmt.Errorf("local: $%s is %s, where there is no go.mod of module %s and no %s: set it to the root of a checkout or bundle, or unset it", HomeEnv, home, module, BundleFile)
		}
		return home, nil
	}
	working, err := os.Getwd()
	if err == nil {
		if root := above(working); root != "" {
			return root, nil
		}
	}
	if executable, err := os.Executable(); err == nil {
		if root := above(filepath.Dir(executable)); root != "" {
			return root, nil
		}
	}
	return "", fmt.Errorf("local: no go.mod of module %s at or above the working directory %s: work inside the checkout or set $%s to it", module, working, HomeEnv)
}

// above returns the nearest root at or above folder, or "".
func above(folder string) string {
	for {
		if isRoot(folder) {
			return folder
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return ""
		}
		folder = parent
	}
}

// isRoot reports whether folder/go.mod declares our module, or folder is a bundle.
func isRoot(folder string) bool {
	if exists(filepath.Join(folder, BundleFile)) {
		return true
	}
	file, err := os.Open(filepath.Join(folder, "go.mod"))
	if err != nil {
		return false
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == "module" {
			return strings.Trim(fields[1], `"`) == module
		}
	}
	return false
}

// Headless reports whether no one can answer a widget, so that a live cell must
// show what it has and end.
func Headless() bool { return os.Getenv(HeadlessEnv) != "" }

// Plugin returns the absolute path of the XLA plugin to use: the one for CUDA if
// it was set up and an NVIDIA driver is there, else the one for the CPU. The
// error wraps [ErrNotSetUp] if there is none.
func Plugin() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return plugin(root, nvidiaDriver)
}

// nvidiaDriver is there when the driver is loaded.
const nvidiaDriver = "/dev/nvidiactl"

// CUDAPlugin is the path of the plugin for NVIDIA GPUs if that is set up, whether it is used or
// not, else "".
func CUDAPlugin() string {
	root, err := Root()
	if err != nil || !exists(cudaPlugin(root)) {
		return ""
	}
	return cudaPlugin(root)
}

// CPUPlugin is where set-up puts the plugin for the CPU, "" without a checkout.
func CPUPlugin() string {
	root, err := Root()
	if err != nil {
		return ""
	}
	return cpuPlugin(root)
}

func cpuPlugin(root string) string {
	return filepath.Join(root, ".tools", "xla", "pjrt_c_api_cpu_plugin.so")
}

func cudaPlugin(root string) string {
	return filepath.Join(root, ".tools", "xla", "cuda", "nvidia", "pjrt_c_api_cuda_plugin.so")
}

func plugin(root, driver string) (string, error) {
	cuda := cudaPlugin(root)
	if exists(cuda) && exists(driver) {
		return cuda, nil
	}
	cpu := cpuPlugin(root)
	if exists(cpu) {
		return cpu, nil
	}
	return "", fmt.Errorf("local: no XLA plugin at %s: run `make setup` (%w)", cpu, ErrNotSetUp)
}

// models are the weights that make fetches.
var models = map[string]struct {
	file   string
	bytes  int64  // size of the file, to notice a damaged one
	target string // what fetches it
	terms  string // what to know before fetching it
}{
	"smollm2": {file: "SmolLM2-135M-Instruct.Q4_1.gguf", bytes: 98_362_432, target: "make setup"},
	"gemma3": {file: filepath.Join("gemma3", "gemma-3-270m-q4_k_m.gguf"), bytes: 253_113_024, target: "make gemma",
		terms: ", which fetches 239 MB under the Gemma Terms of Use, ai.google.dev/gemma/terms"},
}

// Model returns the absolute path of the weights that make fetched under name:
// "smollm2" is SmolLM2-135M-Instruct, GGUF, quantised Q4_1; "gemma3" is Gemma 3 270M,
// the base model, GGUF, Q4_K_M, which `make gemma` alone fetches. The error wraps
// [ErrNotSetUp] if the file is absent or not of its size.
func Model(name string) (string, error) {
	model, known := models[name]
	if !known {
		return "", fmt.Errorf("local: no model %q: set-up fetches %s", name, strings.Join(modelNames(), ", "))
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, ".data", "models", model.file)
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("local: model %q is not at %s: run `%s`%s (%w)", name, path, model.target, model.terms, ErrNotSetUp)
	}
	if info.Size() != model.bytes {
		return "", fmt.Errorf("local: model %q at %s has %d bytes instead of %d: remove it and run `%s`%s (%w)",
			name, path, info.Size(), model.bytes, model.target, model.terms, ErrNotSetUp)
	}
	return path, nil
}

func modelNames() []string {
	names := make([]string, 0, len(models))
	for name := range models {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// DataDir returns the absolute path of the folder .data/elem... in the checkout,
// made if it is not there: for downloads and caches, which git ignores.
func DataDir(elem ...string) (string, error) { return folder(".data", elem) }

// RunsDir returns the absolute path of the folder runs/elem... in the checkout,
// made if it is not there: for training runs and traces, which git ignores.
func RunsDir(elem ...string) (string, error) { return folder("runs", elem) }

// ShippedRuns returns the absolute path of the folder of finished runs that come with the checkout.
// They are looked up before anything is trained, and nothing is written there.
func ShippedRuns() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "notebooks", "results", "runs"), nil
}

// ShippedResult returns the absolute path of the measured value of a name that may come with the
// checkout: see package keep.
func ShippedResult(name string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	below := filepath.FromSlash(name)
	if !filepath.IsLocal(below) {
		return "", fmt.Errorf("local: %q leads out of the results", name)
	}
	return filepath.Join(root, "notebooks", "results", "measured", below+".json"), nil
}

// ShippedTokenizer returns the absolute path of the tokenizer of that fingerprint among those that
// come with the checkout: of the shipped runs whose tokenizers were trained on their text.
func ShippedTokenizer(fingerprint string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, "notebooks", "results", "tokenizers", fingerprint[:min(16, len(fingerprint))])
	if !exists(filepath.Join(dir, "tokenizer.json")) {
		return "", fmt.Errorf("local: no tokenizer %s comes with this checkout", dir)
	}
	return dir, nil
}

// BundledShards returns the folder of tokenised texts that a bundle brings along, "" outside of
// one.
func BundledShards() string {
	root, err := Root()
	if err != nil || !exists(filepath.Join(root, BundleFile)) {
		return ""
	}
	return filepath.Join(root, "shards")
}

func folder(name string, elem []string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	below := filepath.Join(elem...)
	if below != "" && !filepath.IsLocal(below) {
		return "", fmt.Errorf("local: %q leads out of %s", below, filepath.Join(root, name))
	}
	path := filepath.Join(root, name, below)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", fmt.Errorf("local: %w", err)
	}
	return path, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
