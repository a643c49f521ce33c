package corpus

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// identity is a string that differs whenever documents might: the spec, and what can be told of the
// source's content without reading it. For Go trees that is the toolchain's version, for files
// their sizes and times of change.
func (s Spec) identity() (string, error) {
	content, err := kinds[s.Kind].identity(&s)
	if err != nil {
		return "", err
	}
	options, err := json.Marshal(s)
	return string(options) + "\n" + content, err
}

// key shortens identities to the name of a folder.
func key(identities ...string) string {
	h := sha256.New()
	for _, id := range identities {
		fmt.Fprintf(h, "%d %s", len(id), id)
	}
	return hex.EncodeToString(h.Sum(nil))[:24]
}

// pathsIdentity names each file that the paths lead to, with its size and time of change.
func pathsIdentity(paths []string, maxBytes int64) (string, error) {
	l, err := list(paths, maxBytes)
	if err != nil {
		return "", err
	}
	return stats(l.files)
}

func stats(files []string) (string, error) {
	var b strings.Builder
	for _, p := range files {
		absolute, err := filepath.Abs(p)
		if err != nil {
			return "", fmt.Errorf("corpus: %w", err)
		}
		info, err := os.Stat(p)
		if err != nil {
			return "", fmt.Errorf("corpus: %w", err)
		}
		fmt.Fprintf(&b, "%q %d %d\n", absolute, info.Size(), info.ModTime().UnixNano())
	}
	return b.String(), nil
}

// identity is the version of the toolchain. A tree without one is somebody's work in progress,
// known by its files.
func (t GoTree) identity() (string, error) {
	root, err := t.root()
	if err != nil {
		return "", err
	}
	if version := goVersion(root); version != develVersion {
		return version, nil
	}
	tree, err := t.files()
	if err != nil {
		return "", err
	}
	files := make([]string, len(tree.names))
	for i, name := range tree.names {
		files[i] = filepath.Join(tree.src, filepath.FromSlash(name))
	}
	return stats(files)
}
