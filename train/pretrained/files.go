package pretrained

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// openFile opens a regular file, or a link to one, and returns its size. It does
// not open anything else: a pipe would block for ever. What stands for a file that git
// has not fetched is an error.
func openFile(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	if isLFSPointer(file, info.Size()) {
		_ = file.Close()
		return nil, 0, fmt.Errorf("%s is a git-lfs pointer of %d bytes in place of the file: run `git lfs pull` where it was cloned, or download the file itself", path, info.Size())
	}
	return file, info.Size(), nil
}

// isLFSPointer tells the few lines that a repository holds in place of a large file, and
// that remain where it was cloned without git-lfs.
func isLFSPointer(file io.ReaderAt, size int64) bool {
	const first, most = "version https://git-lfs.github.com/spec/", 1024
	if size < int64(len(first)) || size > most {
		return false
	}
	head := make([]byte, len(first))
	_, err := file.ReadAt(head, 0)
	return err == nil && bytes.Equal(head, []byte(first))
}

// readLimited reads a file that must not be larger than limit.
func readLimited(path string, limit int64) ([]byte, error) {
	file, _, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes: it is not what its name says", path, limit)
	}
	return data, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
