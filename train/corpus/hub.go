package corpus

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/go-huggingface/datasets"
)

// HubConfig configures [OpenHub]. Start from [DefaultHubConfig].
type HubConfig struct {
	// Dataset is the name on the Hugging Face hub, such as "HuggingFaceFW/fineweb-edu" or
	// "roneneldan/TinyStories".
	Dataset string `json:"dataset"`
	// Config is the subset, such as "sample-10BT"; most datasets have one, "default".
	Config string `json:"config"`
	Split  string `json:"split"`
	// Column holds the text.
	Column string `json:"column"`
	// Rows is how many rows are read at most; 0: all. Files are downloaded one after the other, as
	// far as rows are wanted.
	Rows int64 `json:"rows"`
	// CacheDir keeps what was downloaded. Empty: the hub's own cache, shared with other programs.
	CacheDir string `json:"cache_dir,omitempty"`
}

// DefaultHubConfig reads the column "text" of the training split, all rows.
func DefaultHubConfig(dataset string) HubConfig {
	return HubConfig{Dataset: dataset, Config: "default", Split: "train", Column: "text"}
}

// Validate reports the first field that makes no sense.
func (c HubConfig) Validate() error {
	owner, name, ok := strings.Cut(c.Dataset, "/")
	switch {
	case !ok || owner == "" || name == "" || strings.Contains(name, "/") || !filepath.IsLocal(c.Dataset):
		return fmt.Errorf(`corpus: HubConfig.Dataset is %q: give owner/name, such as "roneneldan/TinyStories"`, c.Dataset)
	case !isName(c.Config) || !isName(c.Split):
		return fmt.Errorf("corpus: HubConfig.Config is %q and Split is %q: name both, as the dataset's page does", c.Config, c.Split)
	case c.Column == "":
		return errors.New(`corpus: HubConfig.Column is empty: name the column that holds the text, such as "text"`)
	case c.Rows < 0:
		return fmt.Errorf("corpus: HubConfig.Rows is %d: use 0 for all rows", c.Rows)
	}
	return nil
}

// isName reports whether a name is one element of a path, since the cache makes folders of them.
func isName(s string) bool { return filepath.IsLocal(s) && s != "." && !strings.ContainsAny(s, `/\`) }

// tokenVariables are where programs expect the hub's access token, for datasets that are not open
// to everyone.
var tokenVariables = []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}

// OpenHub opens a source over a dataset of the Hugging Face hub, as the parquet files that the hub
// offers of each. The list of files is asked for now, unless cached; a file is downloaded when its
// turn comes, and only the text's column is read. What is cached needs no network. The hub's access
// token is taken from $HF_TOKEN.
//
// Names are dataset/config/split/file#L and the row, counted from 1. Rows without text are left
// out.
func OpenHub(cfg HubConfig) (Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	h, err := listHub(cfg)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// hub is a dataset and the files that hold the split.
type hub struct {
	cfg     HubConfig
	dataset *datasets.Dataset
	files   []datasets.ParquetFile
}

func listHub(cfg HubConfig) (hub, error) {
	d := datasets.New(cfg.Dataset)
	d.Verbosity = 0 // it would write its progress to standard output
	if cfg.CacheDir != "" {
		d.WithCacheDir(cfg.CacheDir)
	}
	for _, name := range tokenVariables {
		if token := os.Getenv(name); token != "" {
			d.WithAuth(token)
			break
		}
	}
	all, err := d.GetParquetFiles()
	if err != nil {
		return hub{}, fmt.Errorf("corpus: asking the Hugging Face hub for dataset %q, which is not in the cache: %w: is there a network, is the name "+
			"right, and if access is restricted, is a token in $%s?", cfg.Dataset, err, tokenVariables[0])
	}
	h := hub{cfg: cfg, dataset: d}
	offered := map[string]bool{}
	for _, f := range all {
		offered[fmt.Sprintf("%s/%s", f.Config, f.Split)] = true
		if f.Config != cfg.Config || f.Split != cfg.Split {
			continue
		}
		if !isName(f.Filename) {
			return hub{}, fmt.Errorf("corpus: dataset %q: the hub lists a file %q, which is no file name", cfg.Dataset, f.Filename)
		}
		h.files = append(h.files, f)
	}
	if len(h.files) == 0 {
		return hub{}, fmt.Errorf("corpus: dataset %q has no config %q with a split %q: it has %q (as config/split)",
			cfg.Dataset, cfg.Config, cfg.Split, slices.Sorted(maps.Keys(offered)))
	}
	return h, nil
}

// identity names the files that the split consists of.
func (c HubConfig) identity() (string, error) {
	h, err := listHub(c)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, f := range h.files {
		fmt.Fprintf(&b, "%q %d\n", f.URL, f.Size)
	}
	return b.String(), nil
}

func (h hub) Recipe() string {
	cfg := h.cfg
	cfg.CacheDir = "" // differs between machines
	return recipe("Hugging Face dataset", cfg)
}

// Warnings tells of a dataset of which the hub's own conversion to parquet has only the beginning.
func (h hub) Warnings() []string {
	for _, f := range h.files {
		if strings.Contains(f.URL, "/partial-") {
			return []string{fmt.Sprintf("the hub offers a part only of %s/%s of dataset %q as parquet files", h.cfg.Config, h.cfg.Split, h.cfg.Dataset)}
		}
	}
	return nil
}

func (h hub) Documents() iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		left := h.cfg.Rows
		if left == 0 {
			left = maxFileSize
		}
		for _, f := range h.files {
			path, err := h.download(f)
			if err != nil {
				yield(Document{}, err)
				return
			}
			name := strings.Join([]string{h.cfg.Dataset, f.Config, f.Split, f.Filename}, "/")
			row := int64(0)
			for text, err := range column(path, h.cfg.Column) {
				if err != nil {
					yield(Document{}, fmt.Errorf("corpus: %s: %w", name, err))
					return
				}
				row++
				if strings.TrimSpace(text) != "" && !yield(Document{fmt.Sprintf("%s#L%d", name, row), text}, nil) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
		}
	}
}

// download returns where a file of the split lies.
func (h hub) download(f datasets.ParquetFile) (string, error) {
	paths, err := h.dataset.DownloadCtx(context.Background(), f)
	if err == nil {
		// Looked at, not believed: the library takes a connection that broke half-way for success.
		var info os.FileInfo
		info, err = os.Stat(paths[0])
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = errors.New("the connection broke off")
		case err == nil && f.Size > 0 && info.Size() != f.Size:
			err = fmt.Errorf("%s has %d bytes instead of %d: remove it to have it downloaded again", paths[0], info.Size(), f.Size)
		}
	}
	if err != nil {
		return "", fmt.Errorf("corpus: downloading %s of dataset %q: %w: is there a network?", f.Filename, h.cfg.Dataset, err)
	}
	return paths[0], nil
}
