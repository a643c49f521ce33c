package pretrained

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// hubName is a model on the hub: owner/name, then a folder or a GGUF file in it, if the
// model is not at its top, and after an @ a branch, tag or commit, if it is not main.
type hubName struct {
	id       string // owner/name
	inside   string // "" for the top
	revision string
}

var hubPattern = regexp.MustCompile(`^([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)((?:/[\w][\w.-]*)*)(?:@([\w][\w./-]*))?$`)

// parseHubName tells a hub name from a path; ok is false for what can only be a path.
func parseHubName(ref string) (n hubName, ok bool) {
	m := hubPattern.FindStringSubmatch(ref)
	if m == nil {
		return n, false
	}
	n = hubName{id: m[1], inside: strings.TrimPrefix(m[2], "/"), revision: m[3]}
	if n.revision == "" {
		n.revision = "main"
	}
	return n, filepath.IsLocal(n.revision) // the cache makes a path of it
}

// isFile tells a GGUF file inside a repository from a folder.
func (n hubName) isFile() bool { return strings.HasSuffix(n.inside, ".gguf") }

// in is a file's name in the repository.
func (n hubName) in(name string) string { return path.Join(n.inside, name) }

// offline reports whether the hub's own variables forbid to ask it.
func offline() (variable string, is bool) {
	for _, variable := range []string{"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"} {
		switch strings.ToUpper(os.Getenv(variable)) {
		case "1", "ON", "YES", "TRUE":
			return variable, true
		}
	}
	return "", false
}

// hubCache is where the hub's own variables put its cache; "" where they do not say.
func hubCache() string {
	for _, variable := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"} {
		if folder := os.Getenv(variable); folder != "" {
			return folder
		}
	}
	if home := os.Getenv("HF_HOME"); home != "" {
		return filepath.Join(home, "hub")
	}
	return ""
}
