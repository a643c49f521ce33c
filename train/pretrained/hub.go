package pretrained

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gomlx/go-huggingface/hub"
)

// isRepo tells a hub name, owner/model, from a path.
var isRepo = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$`).MatchString

// tokenVariables are where other programs expect the hub's token.
var tokenVariables = []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}

// download brings what loadFolder needs into the hub's shared cache and returns
// the folder; without weights, only what the tokenizer needs. A cache that has it
// all is used as it is, without a network.
func download(id string, weights bool) (string, error) {
	repo := hub.New(id)
	repo.Verbosity = 0 // it would write its progress to standard output
	for _, name := range tokenVariables {
		if token := os.Getenv(name); token != "" {
			repo = repo.WithAuth(token)
			break
		}
	}
	r := &repository{Repo: repo, weights: weights}
	if r.look(false) == nil {
		if lacking, err := r.missing(); err == nil && len(lacking) == 0 {
			return r.folder, nil
		}
	}
	if err := r.look(true); err != nil {
		return "", fmt.Errorf("there is no file or folder of that name, and asking the Hugging Face hub for it failed: %w; is there a network, "+
			"is the name right, and does the model need a licence accepted and a token in $%s?", err, tokenVariables[0])
	}
	if err := r.fetch(); err != nil {
		return "", fmt.Errorf("downloading %s from the Hugging Face hub: %w", id, err)
	}
	return r.folder, nil
}

// repository is a model on the hub and its place in the cache.
type repository struct {
	*hub.Repo
	weights bool             // wanted too
	sizes   map[string]int64 // of its files
	folder  string           // where the cache keeps the current revision
}

// look learns which files the repository has: from the cache, or afresh.
func (r *repository) look(afresh bool) error {
	if err := r.DownloadInfo(afresh); err != nil {
		return err
	}
	cache, err := r.CacheDir()
	if err != nil {
		return err
	}
	commit := r.Info().CommitHash
	if !filepath.IsLocal(commit) {
		return fmt.Errorf("the hub says that the revision is %q", commit)
	}
	r.folder = filepath.Join(cache, "snapshots", commit)
	r.sizes = map[string]int64{}
	for info, err := range r.IterFileInfos() {
		if err != nil {
			return err
		}
		r.sizes[info.Name] = info.Size
	}
	return nil
}

// wanted lists the files to have: first those of fixed names, and once their
// index is in the cache, the shards.
func (r *repository) wanted() ([]string, error) {
	names := []string{vocabFile}
	if _, ok := r.sizes[vocabConfig]; ok {
		names = append(names, vocabConfig)
	}
	if r.weights {
		names = append(names, configFile)
		_, single := r.sizes[weightsFile]
		if _, sharded := r.sizes[weightsIndex]; sharded && !single {
			names = append(names, weightsIndex)
			index, there, err := readIndex(r.folder)
			if err != nil {
				return nil, err
			}
			if there {
				names = append(names, index.shards()...)
			}
		} else {
			names = append(names, weightsFile)
		}
	}
	for _, name := range names {
		if _, ok := r.sizes[name]; !ok {
			return nil, fmt.Errorf("the repository has no %s: only Llama and Gemma models in safetensors with a fast tokenizer can be read", name)
		}
	}
	return names, nil
}

// missing lists the wanted files that the cache lacks or holds in part.
func (r *repository) missing() ([]string, error) {
	names, err := r.wanted()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(names, func(name string) bool {
		info, err := os.Stat(filepath.Join(r.folder, name))
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
