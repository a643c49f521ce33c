package shard

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"os"
	"path/filepath"
)

// Writer makes a shard, document by document. Close it in any case: what was not committed is
// removed.
type Writer struct {
	path    string
	file    *os.File
	buf     *bufio.Writer
	hash    hash.Hash // of the token bytes
	header  header
	offsets []byte
	scratch []byte
	done    bool
}

// Create begins a shard that will lie at path, of ids in [0, vocab). Tokens take two bytes if they
// fit.
func Create(path string, vocab int) (*Writer, error) {
	if vocab < 1 || vocab > math.MaxInt32 {
		return nil, fmt.Errorf("shard: a vocabulary of %d tokens: it must be in 1 … 2³¹−1", vocab)
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, fmt.Errorf("shard: %w", err)
	}
	if err := file.Chmod(0o644); err != nil { // a temporary file is its maker's alone; a shard is for all who share the folder
		return nil, errors.Join(fmt.Errorf("shard: %w", err), file.Close(), os.Remove(file.Name()))
	}
	w := &Writer{
		path: path, file: file, buf: bufio.NewWriterSize(file, 1<<20), hash: sha256.New(),
		header: header{width: 4, vocab: vocab}, offsets: make([]byte, 8),
	}
	if vocab <= math.MaxUint16+1 {
		w.header.width = 2
	}
	_, err = w.buf.Write(make([]byte, headerSize)) // filled in by Commit
	return w, err
}

// Add appends a document.
func (w *Writer) Add(ids []int32) error {
	w.scratch = w.scratch[:0]
	for i, id := range ids {
		if id < 0 || int(id) >= w.header.vocab {
			return fmt.Errorf("shard: document %d, token %d: id %d is outside the vocabulary [0, %d)", w.header.documents, i, id, w.header.vocab)
		}
		if w.header.width == 2 {
			w.scratch = binary.LittleEndian.AppendUint16(w.scratch, uint16(id))
		} else {
			w.scratch = binary.LittleEndian.AppendUint32(w.scratch, uint32(id))
		}
	}
	w.hash.Write(w.scratch)
	if _, err := w.buf.Write(w.scratch); err != nil {
		return fmt.Errorf("shard: %w", err)
	}
	w.header.documents++
	w.header.tokens += int64(len(ids))
	w.offsets = binary.LittleEndian.AppendUint64(w.offsets, uint64(w.header.tokens))
	return nil
}

// Commit completes the file and gives it its name. From then on it is there whole; after a power
// cut it may be gone, and is then made again.
func (w *Writer) Commit() error {
	w.header.layout()
	end := headerSize + int64(w.header.width)*w.header.tokens
	_, err := w.buf.Write(make([]byte, w.header.offsetsAt-end))
	if err == nil {
		_, err = w.buf.Write(w.offsets)
	}
	if err == nil {
		err = w.buf.Flush()
	}
	if err == nil {
		_, err = w.file.WriteAt(w.header.encode(w.offsets), 0)
	}
	if err == nil {
		err = w.file.Sync()
	}
	if err == nil {
		err = w.file.Close()
	}
	if err == nil {
		err = os.Rename(w.file.Name(), w.path)
	}
	if err != nil {
		return fmt.Errorf("shard: writing %s: %w", w.path, err)
	}
	w.done = true
	return nil
}

// Digest is the SHA-256, in hexadecimal, of the tokens written so far, as bytes of the file, and of
// where documents start.
func (w *Writer) Digest() string {
	h := sha256.New()
	h.Write(w.hash.Sum(nil))
	h.Write(w.offsets)
	return hex.EncodeToString(h.Sum(nil))
}

// Count returns how many documents and tokens were written so far.
func (w *Writer) Count() (documents int, tokens int64) {
	return int(w.header.documents), w.header.tokens
}

// Close removes what was not committed.
func (w *Writer) Close() error {
	if w.done {
		return nil
	}
	w.done = true
	closing := w.file.Close()
	if errors.Is(closing, os.ErrClosed) {
		closing = nil
	}
	return errors.Join(closing, os.Remove(w.file.Name()))
}
