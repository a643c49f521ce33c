package local

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// FileSHA256 returns the SHA-256 of a file in hex. It is kept in .data as long as the file's size
// and time of change stay: weights take about a second a gigabyte to read, and every cell that asks
// for a kept value asks for the hash.
func FileSHA256(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	known, cache := knownHashes()
	if k, ok := known[absolute]; ok && k.Size == info.Size() && k.ModTime == info.ModTime().UnixNano() {
		return k.SHA256, nil
	}
	sum, err := ReadSHA256(path)
	if err != nil {
		return "", err
	}
	known[absolute] = fileHash{info.Size(), info.ModTime().UnixNano(), sum}
	if text, err := json.Marshal(known); err == nil && cache != "" {
		_ = renameio.WriteFile(cache, text, 0o644) // what is not kept is read again
	}
	return sum, nil
}

// ReadSHA256 returns the SHA-256 of a file in hex, of its bytes as they are now: what looks for
// damage asks for that.
func ReadSHA256(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("local: reading %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

type fileHash struct {
	Size    int64  `json:"size"`
	ModTime int64  `json:"mod_time"` // nanoseconds
	SHA256  string `json:"sha256"`
}

// knownHashes reads the hashes that are kept, and says where; "" where nothing can be.
func knownHashes() (known map[string]fileHash, path string) {
	known = map[string]fileHash{}
	dir, err := DataDir("cache")
	if err != nil {
		return known, ""
	}
	path = filepath.Join(dir, "files.json")
	if text, err := os.ReadFile(path); err == nil && json.Unmarshal(text, &known) != nil {
		known = map[string]fileHash{}
	}
	return known, path
}
