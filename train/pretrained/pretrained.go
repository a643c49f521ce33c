package pretrained

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"

	"firsttoken/train/local"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// Options say how a checkpoint becomes a model. The zero value keeps bfloat16
// weights as they are, makes everything else float32, and computes in float32.
type Options struct {
	// Weights is the type weights are kept in: "" as in the file, "float32" or
	// "bfloat16". The norms of Gemma are float32 in any case, as 1 + w.
	Weights string
	Compute string // type of matrix products: "" or "float32", or "bfloat16"
	// Pre names the rule that cuts text into words for a GGUF file that does not (its
	// tokenizer.ggml.pre is missing or "default"), as old ones do not: "gpt-2", "llama-bpe",
	// … A file that names one is believed.
	Pre string `json:",omitempty"` // keys of kept measurements from before it was known stay as they were
}

// Validate names an option that is not one of those above.
func (o Options) Validate() error {
	for name, value := range map[string]string{"weights": o.Weights, "compute": o.Compute} {
		switch value {
		case "", "float32", "bfloat16":
		default:
			return fmt.Errorf("%s = %q: must be float32 or bfloat16", name, value)
		}
	}
	if known := tokenizer.GGUFPre(); o.Pre != "" && !slices.Contains(known, o.Pre) {
		return fmt.Errorf("pre = %q: must be one of %q", o.Pre, known)
	}
	return nil
}

// Loaded is a model with what belongs to it.
type Loaded struct {
	*transformer.Model
	Tokenizer *tokenizer.Tokenizer
	Name      string   // what Load was asked for
	Format    string   // "GGUF" or "safetensors"
	Files     []string // the weight files
	Options   Options  // what Load was told
	Warnings  []string // what its files hold that is not followed, or odd but harmless
}

// Load reads a model onto a backend. The caller closes it. ref is one of
//   - a name that make knows: "smollm2" (SmolLM2-135M-Instruct, GGUF, Q4_1) or
//     "gemma3" (Gemma 3 270M, GGUF, Q4_K_M, which `make gemma` fetches),
//   - a GGUF file,
//   - a folder with config.json, tokenizer.json and safetensors weights,
//   - a model on the Hugging Face hub such as "HuggingFaceTB/SmolLM2-135M", owner/name,
//     then perhaps a folder or GGUF file in it, /folder or /file.gguf, and a branch, tag or
//     commit, @step-48000. It is downloaded once into the hub's cache, with the token in
//     $HF_TOKEN if there is one; $HF_HUB_OFFLINE, $HF_ENDPOINT, $HF_HOME and $HF_HUB_CACHE
//     mean what they mean to the hub's own library.
func Load(backend compute.Backend, ref string, o Options) (*Loaded, error) {
	return LoadRehearsed(backend, ref, o, nil)
}

// LoadRehearsed is Load for a process in little memory. Before weights are read it calls rehearse
// with the tokenizer and a model that only looks like the one to come, see [transformer.Rehearse]:
// what that compiles need not be compiled when the weights are there.
func LoadRehearsed(backend compute.Backend, ref string, o Options, rehearse func(*Loaded) error) (*Loaded, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	m, err := load(backend, ref, o, rehearse)
	if err != nil {
		return nil, fmt.Errorf("loading model %q: %w", ref, err)
	}
	m.Name = ref
	m.Warnings = append(m.Warnings, m.Tokenizer.Warnings()...)
	warn(ref, m.Warnings)
	return m, nil
}

func load(backend compute.Backend, ref string, o Options, rehearse func(*Loaded) error) (*Loaded, error) {
	path, err := resolve(ref, true)
	if err != nil {
		return nil, err
	}
	if isFolder(path) {
		return loadFolder(backend, path, o, rehearse)
	}
	return loadGGUF(backend, path, o, rehearse)
}

// warn logs the warnings of what was loaded.
func warn(ref string, warnings []string) {
	for _, w := range warnings {
		slog.Warn(w, "model", ref)
	}
}

// LoadTokenizer reads only the tokenizer of what Load would read, with Load's options if
// there are any.
func LoadTokenizer(ref string, options ...Options) (*tokenizer.Tokenizer, error) {
	var o Options
	for _, o = range options {
		if err := o.Validate(); err != nil {
			return nil, err
		}
	}
	tok, err := loadTokenizer(ref, o)
	if err != nil {
		return nil, fmt.Errorf("loading the tokenizer of %q: %w", ref, err)
	}
	warn(ref, tok.Warnings())
	return tok, nil
}

func loadTokenizer(ref string, o Options) (*tokenizer.Tokenizer, error) {
	path, err := resolve(ref, false)
	if err != nil {
		return nil, err
	}
	var tok *tokenizer.Tokenizer
	if isFolder(path) {
		tok, err = folderTokenizer(path)
	} else {
		var g *ggufFile
		if g, err = openGGUF(path); err == nil {
			defer g.close()
			tok, err = g.tokenizer(o.Pre)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return tok, nil
}

// resolve finds the file or folder that ref means, downloading it if need be, the
// weights only if they are wanted.
func resolve(ref string, weights bool) (path string, err error) {
	_, statErr := os.Stat(ref)
	switch {
	case statErr == nil:
		return ref, nil
	case !errors.Is(statErr, os.ErrNotExist):
		return "", statErr
	case !strings.Contains(ref, "/") && filepath.Ext(ref) == "":
		return localModel(ref)
	}
	if name, ok := parseHubName(ref); ok {
		return download(name, weights)
	}
	return "", fmt.Errorf("%w: give a GGUF file, a folder with %s, a hub name such as HuggingFaceTB/SmolLM2-135M, smollm2 or gemma3", statErr, configFile)
}

// localModel is a model that make fetches, by its name.
func localModel(name string) (string, error) {
	path, err := local.Model(name)
	if err == nil || errors.Is(err, local.ErrNotSetUp) {
		return path, err
	}
	return "", fmt.Errorf("%w, and there is no file or folder of that name: a model of the Hugging Face hub is named with its owner, owner/%s", err, name)
}

// Version tells states of what ref means apart: the name and SHA-256 of each file that Load would
// read, wherever they lie. It belongs into the key of whatever is kept of a model's results. Hashes
// are kept: only files that changed are read.
func Version(ref string) ([]string, error) {
	version, err := fileVersions(ref)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", ref, err)
	}
	return version, nil
}

func fileVersions(ref string) ([]string, error) {
	path, err := resolve(ref, true)
	if err != nil {
		return nil, err
	}
	files := []string{path}
	if isFolder(path) {
		if files, err = folderFiles(path); err != nil {
			return nil, err
		}
	}
	versions := make([]string, len(files))
	for i, f := range files {
		sum, err := local.FileSHA256(f)
		if err != nil {
			return nil, err
		}
		versions[i] = fmt.Sprintf("%s sha256:%s", filepath.Base(f), sum)
	}
	return versions, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Provenance describes the model for a result's record: names and the SHA-256 of
// each weight file, which takes about a second a gigabyte the first time.
func (m *Loaded) Provenance() (map[string]string, error) {
	out := map[string]string{
		"model": m.Name, "format": m.Format, "backend": m.Backend.Name(), "tokenizer": m.Tokenizer.Fingerprint(),
	}
	for what, said := range map[string]string{"weight type": m.Options.Weights, "compute": m.Options.Compute, "pre-tokenizer": m.Options.Pre} {
		if said != "" {
			out[what] = said
		}
	}
	for i, path := range m.Files {
		sum, err := local.FileSHA256(path)
		if err != nil {
			return nil, err
		}
		key := "weights"
		if len(m.Files) > 1 {
			key = fmt.Sprintf("weights %d of %d", i+1, len(m.Files))
		}
		out[key] = filepath.Base(path) + " sha256:" + sum
	}
	return out, nil
}
