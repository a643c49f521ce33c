package bundle

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
)

// pack writes the folder dir as a compressed tar whose bytes follow from its files alone: paths in
// order, no owners, one time, and of the permissions only whether a file can be executed.
func pack(dir, file string) error {
	out, err := renameio.NewPendingFile(file, renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer func() { _ = out.Cleanup() }()
	z, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	top := filepath.Base(dir)
	err = filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		return add(t, p, path.Join(top, filepath.ToSlash(rel)), e)
	})
	if err := errors.Join(err, t.Close(), z.Close()); err != nil {
		return err
	}
	return out.CloseAtomicallyReplace()
}

func add(t *tar.Writer, from, name string, e fs.DirEntry) error {
	info, err := e.Info()
	if err != nil {
		return err
	}
	h := &tar.Header{Name: name, ModTime: time.Unix(0, 0), Mode: 0o644, Format: tar.FormatPAX}
	switch {
	case info.IsDir():
		h.Typeflag, h.Mode, h.Name = tar.TypeDir, 0o755, name+"/"
	case info.Mode()&fs.ModeSymlink != 0:
		h.Typeflag = tar.TypeSymlink
		if h.Linkname, err = os.Readlink(from); err != nil {
			return err
		}
	default:
		h.Typeflag, h.Size = tar.TypeReg, info.Size()
		if info.Mode()&0o111 != 0 {
			h.Mode = 0o755
		}
	}
	if err := t.WriteHeader(h); err != nil || h.Typeflag != tar.TypeReg {
		return err
	}
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(t, f)
	return err
}
