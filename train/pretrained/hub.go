package pretrained

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/go-huggingface/hub"
)

// tokenVariables are where other programs expect the hub's token.
var tokenVariables = []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}

// download brings what loadFolder needs, or one GGUF file, into the hub's shared cache and
// returns the folder or file; without weights, only what the tokenizer needs. A cache that
// has it all is used as it is, without a network, whichever program filled it.
func download(name hubName, weights bool) (string, error) {
	repo := hub.New(name.id).WithRevision(url.PathEscape(name.revision))
	repo.Verbosity = 0 // it would write its progress to standard output
	if folder := hubCache(); folder != "" {
		repo = repo.WithCacheDir(folder)
	}
	for _, variable := range tokenVariables {
		if token := os.Getenv(variable); token != "" {
			repo = repo.WithAuth(token)
			break
		}
	}
	r := &repository{Repo: repo, hubName: name, weights: weights}
	for _, look := range []func() error{r.lookInCache, r.lookAtSnapshot} {
		if look() == nil {
			if lacking, err := r.missing(); err == nil && len(lacking) == 0 {
				return r.path(), nil
			}
		}
	}
	if variable, is := offline(); is {
		return "", fmt.Errorf("there is no file or folder of that name, the hub's cache does not have it whole, and $%s is set: unset it to download it", variable)
	}
	if err := r.look(true); err != nil {
		return "", fmt.Errorf("there is no file or folder of that name, and asking the Hugging Face hub for it failed: %w; is there a network, "+
			"are name and revision right, and does the model need a licence accepted and a token in $%s?", err, tokenVariables[0])
	}
	if err := r.fetch(); err != nil {
		return "", fmt.Errorf("downloading %s from the Hugging Face hub: %w", name.id, err)
	}
	return r.path(), nil
}

// repository is a model on the hub and its place in the cache.
type repository struct {
	*hub.Repo
	hubName
	weights bool             // wanted too
	sizes   map[string]int64 // of its files
	folder  string           // where the cache keeps the revision
}

// path is the file or folder that was asked for; where only the tokenizer was, its folder.
func (r *repository) path() string {
	at := r.inside
	if !r.weights && !r.isFile() {
		at = path.Dir(r.vocab())
	}
	return filepath.Join(r.folder, filepath.FromSlash(at))
}

// look learns which files the repository has: from the cache, or afresh.
func (r *repository) look(afresh bool) error {
	if err := r.DownloadInfo(afresh); err != nil {
		return err
	}
	if err := r.setCommit(r.Info().CommitHash); err != nil {
		return err
	}
	r.sizes = map[string]int64{}
	for info, err := range r.IterFileInfos() {
		if err != nil {
			return err
		}
		r.sizes[info.Name] = info.Size
	}
	return nil
}

// setCommit finds the cache's folder of a revision.
func (r *repository) setCommit(commit string) error {
	if !filepath.IsLocal(commit) {
		return fmt.Errorf("the hub says that the revision is %q", commit)
	}
	cache, err := r.CacheDir()
	if err != nil {
		return err
	}
	r.folder = filepath.Join(cache, "snapshots", commit)
	return nil
}

// lookInCache is look without a network: the library would ask for a list of files that is
// not there.
func (r *repository) lookInCache() error {
	cache, err := r.CacheDir()
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(cache, "info", url.PathEscape(r.revision))); err != nil {
		return err
	}
	return r.look(false)
}

// lookAtSnapshot takes what lies in the cache for what the repository has: where Python's
// library filled it, there is no list of files.
func (r *repository) lookAtSnapshot() error {
	cache, err := r.CacheDir()
	if err != nil {
		return err
	}
	commit := r.revision
	if data, err := os.ReadFile(filepath.Join(cache, "refs", filepath.FromSlash(r.revision))); err == nil {
		commit = strings.TrimSpace(string(data))
	}
	if err := r.setCommit(commit); err != nil {
		return err
	}
	r.sizes = map[string]int64{}
	return filepath.WalkDir(r.folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(r.folder, file)
		r.sizes[filepath.ToSlash(name)] = 0
		return err
	})
}

// wanted lists the files to have: first those of fixed names, and once their
// index is in the cache, the shards.
func (r *repository) wanted() ([]string, error) {
	var names []string
	if r.isFile() {
		names = []string{r.inside}
	} else {
		names = []string{r.vocab()}
		if config := path.Join(path.Dir(r.vocab()), vocabConfig); r.has(config) {
			names = append(names, config)
		}
		if r.weights {
			weights, err := r.wantedWeights()
			if err != nil {
				return nil, err
			}
			names = append(names, weights...)
		}
	}
	for _, name := range names {
		if _, ok := r.sizes[name]; !ok {
			return nil, fmt.Errorf("the repository has no %s: %s", name, r.instead())
		}
	}
	return names, nil
}

// vocab is the tokenizer's file. Checkpoints in folders of their own often share the one at
// the top.
func (r *repository) vocab() string {
	if own := r.in(vocabFile); r.has(own) || !r.has(vocabFile) {
		return own
	}
	return vocabFile
}

func (r *repository) wantedWeights() ([]string, error) {
	names := []string{r.in(configFile)}
	if !r.has(r.in(weightsIndex)) || r.has(r.in(weightsFile)) {
		return append(names, r.in(weightsFile)), nil
	}
	names = append(names, r.in(weightsIndex))
	index, there, err := readIndex(r.path())
	if err != nil {
		return nil, err
	}
	if there {
		for _, shard := range index.shards() {
			names = append(names, r.in(shard))
		}
	}
	return names, nil
}

func (r *repository) has(name string) bool {
	_, ok := r.sizes[name]
	return ok
}

// instead says what may be asked for where a repository lacks something.
func (r *repository) instead() string {
	var ggufs []string
	for name := range r.sizes {
		if strings.HasSuffix(name, ".gguf") {
			ggufs = append(ggufs, r.id+"/"+name)
		}
	}
	if len(ggufs) == 0 {
		return "only safetensors with a config.json and a fast tokenizer (tokenizer.json), and GGUF files, can be read"
	}
	slices.Sort(ggufs)
	return "it has GGUF files, name one: " + strings.Join(ggufs[:min(len(ggufs), 12)], ", ")
}

// missing lists the wanted files that the cache lacks or holds in part.
func (r *repository) missing() ([]string, error) {
	names, err := r.wanted()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(names, func(name string) bool {
		info, err := os.Stat(filepath.Join(r.folder, filepath.FromSlash(name)))
		size := r.sizes[name]
		return err == nil && (size == 0 || info.Size() == size) // 0: the hub does not say
	}), nil
}

// fetch downloads what is wanted and not there, one file after the other: the
// library's parallel downloads have a data race.
func (r *repository) fetch() error {
	for round := 0; ; round++ {
		names, err := r.missing()
		if err != nil || len(names) == 0 {
			return err
		}
		// The first round brings the index, which names the files of the second.
		// What is still missing then is so though the library reported success,
		// as it does when a connection breaks half-way.
		if round == 2 {
			return fmt.Errorf("not or only partly downloaded: %s; try again, and remove %s if that does not help",
				strings.Join(names, ", "), r.folder)
		}
		for _, name := range names {
			slog.Info("downloading from the Hugging Face hub", "model", r.ID, "file", name, "MB", r.sizes[name]/1e6)
			if _, err := r.DownloadFile(name); err != nil {
				return err
			}
		}
	}
}

// vocabFolder is the folder whose tokenizer belongs to a model folder: itself, or in the
// hub's cache the top of the repository.
func vocabFolder(folder string) string {
	if _, err := os.Stat(filepath.Join(folder, vocabFile)); !errors.Is(err, fs.ErrNotExist) {
		return folder
	}
	for at := folder; filepath.Dir(at) != at; at = filepath.Dir(at) {
		if filepath.Base(filepath.Dir(at)) == "snapshots" {
			if _, err := os.Stat(filepath.Join(at, vocabFile)); err == nil {
				return at
			}
		}
	}
	return folder
}
