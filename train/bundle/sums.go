package bundle

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"firsttoken/train/local"
)

// SumsFile holds a line "hash  path" for each file of a folder, as sha256sum writes them, sorted by
// path.
const SumsFile = "SHA256SUMS"

// Sums are the SHA-256 of files, in hex, by slash path relative to their folder.
type Sums map[string]string

// ReadSums reads the sums of a folder. The error is fs.ErrNotExist where there are none.
func ReadSums(dir string) (Sums, error) {
	f, err := os.Open(filepath.Join(dir, SumsFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sums := Sums{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if raw, err := hex.DecodeString(sum); !ok || err != nil || len(raw) != sha256.Size || !filepath.IsLocal(name) {
			return nil, fmt.Errorf("%s line %d: not a hash and a path inside the folder", f.Name(), n)
		}
		sums[name] = sum
	}
	return sums, lines.Err()
}

// Write puts the sums into their folder.
func (s Sums) Write(dir string) error {
	return renameio.WriteFile(filepath.Join(dir, SumsFile), []byte(s.String()), 0o644, renameio.WithTempDir(dir))
}

// String is the text of the sums' file.
func (s Sums) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&b, "%s  %s\n", s[name], name)
	}
	return b.String()
}

// Add hashes a file of the folder dir.
func (s Sums) Add(dir, name string) error {
	sum, err := local.ReadSHA256(filepath.Join(dir, filepath.FromSlash(name)))
	if err == nil {
		s[name] = sum
	}
	return err
}

// Check compares the files whose paths begin with prefix. The error names each that is missing or
// another.
func (s Sums) Check(dir, prefix string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		sum, err := local.ReadSHA256(filepath.Join(dir, filepath.FromSlash(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			errs = append(errs, fmt.Errorf("%s is missing", name))
		case err != nil:
			errs = append(errs, err)
		case sum != s[name]:
			errs = append(errs, fmt.Errorf("%s is damaged: its SHA-256 is %s… instead of %s…", name, sum[:8], s[name][:8]))
		}
	}
	return errors.Join(errs...)
}
