package pretrained

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/gomlx/go-huggingface/hub"
)

// isRepo tells a hub name, owner/model, from a path.
var isRepo = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$`).MatchString

// tokenVariables are where other programs expect the hub's token.
var tokenVariables = []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}

// download fetches what loadFolder needs into the hub's shared cache, unless it
// is there, and returns the folder.
func download(id string) (string, error) {
	repo := hub.New(id)
	for _, name := range tokenVariables {
		if token := os.Getenv(name); token != "" {
			repo = repo.WithAuth(token)
			break
		}
	}
	if err := repo.DownloadInfo(false); err != nil {
		return "", fmt.Errorf("asking the Hugging Face hub for %s: %w; is there a network, is the name right, "+
			"and does the model need a licence accepted and a token in $%s?", id, err, tokenVariables[0])
	}
	var have []string
	for name, err := range repo.IterFileNames() {
		if err != nil {
			return "", err
		}
		have = append(have, name)
	}
	contains := func(name string) bool { return slices.Contains(have, name) }
	wanted := []string{configFile, vocabFile}
	if contains(vocabConfig) {
		wanted = append(wanted, vocabConfig)
	}
	index := contains(weightsIndex)
	if index {
		wanted = append(wanted, weightsIndex)
	} else {
		wanted = append(wanted, weightsFile)
	}
	for _, name := range wanted {
		if !contains(name) {
			return "", fmt.Errorf("repository %s has no %s: only Llama models in safetensors with a fast tokenizer can be read", id, name)
		}
	}
	paths, err := repo.DownloadFiles(wanted...)
	if err != nil {
		return "", fmt.Errorf("downloading %s: %w", id, err)
	}
	if index {
		table, _, err := readIndex(filepath.Dir(paths[0]))
		if err != nil {
			return "", err
		}
		if _, err := repo.DownloadFiles(table.shards()...); err != nil {
			return "", fmt.Errorf("downloading %s: %w", id, err)
		}
	}
	return filepath.Dir(paths[0]), nil
}
