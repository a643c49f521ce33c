// Package shard keeps tokenised documents in a file that is read through a memory map: opening one
// costs next to nothing whatever its size, and processes that train on the same text share its
// pages.
//
// The file, all integers little-endian:
//
//	bytes          what
//	8              magic "FTSHARD1"
//	4              bytes a token, 2 or 4
//	4              V, the size of the vocabulary
//	8              number of documents
//	8              number of tokens
//	28             zero
//	4              CRC-32C of the 60 bytes before and of the document offsets
//	tokens · 2|4   token ids, each below V, document after document
//	0 … 7          zeros, up to a multiple of 8
//	(docs + 1) · 8 offset in tokens where each document starts; the last is the number of tokens
//
// A file is written under another name and renamed when complete, so what has the right name is
// whole. [Open] checks size and offsets; token ids are checked as they are read, since checking
// them all at once would read the whole file.
package shard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"

	"github.com/edsrzf/mmap-go"
)

const (
	magic      = "FTSHARD1"
	headerSize = 64
	// maxCount bounds documents and tokens: eight bytes for each must be a file size that int64 can
	// hold.
	maxCount = math.MaxInt64 / 32
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is the first 64 bytes of a file.
type header struct {
	width           int // bytes a token
	vocab           int
	documents       int64
	tokens          int64
	offsetsAt, size int64 // computed
}

// layout computes where things lie.
func (h *header) layout() {
	h.offsetsAt = (headerSize + int64(h.width)*h.tokens + 7) &^ 7
	h.size = h.offsetsAt + 8*(h.documents+1)
}

// encode returns the header; offsetsCRC is the checksum of the offsets' bytes.
func (h header) encode(offsets []byte) []byte {
	b := make([]byte, headerSize)
	copy(b, magic)
	binary.LittleEndian.PutUint32(b[8:], uint32(h.width))
	binary.LittleEndian.PutUint32(b[12:], uint32(h.vocab))
	binary.LittleEndian.PutUint64(b[16:], uint64(h.documents))
	binary.LittleEndian.PutUint64(b[24:], uint64(h.tokens))
	binary.LittleEndian.PutUint32(b[60:], checksum(b, offsets))
	return b
}

func checksum(head, offsets []byte) uint32 {
	return crc32.Update(crc32.Checksum(head[:60], castagnoli), castagnoli, offsets)
}

// decodeHeader reads a header and checks it against the size of the file.
func decodeHeader(b []byte, size int64) (header, error) {
	if len(b) < headerSize || string(b[:8]) != magic {
		return header{}, errors.New("not a shard of tokens: it does not begin with " + magic)
	}
	documents, tokens := binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
	h := header{
		width: int(binary.LittleEndian.Uint32(b[8:])), vocab: int(binary.LittleEndian.Uint32(b[12:])),
		documents: int64(documents), tokens: int64(tokens),
	}
	switch {
	case h.width != 2 && h.width != 4:
		return header{}, fmt.Errorf("%d bytes a token, not 2 or 4", h.width)
	case h.vocab < 1 || h.vocab > math.MaxInt32:
		return header{}, fmt.Errorf("a vocabulary of %d tokens", h.vocab)
	case documents > maxCount || tokens > maxCount:
		return header{}, fmt.Errorf("%d documents of %d tokens in a file of %d bytes", documents, tokens, size)
	}
	h.layout()
	if h.size != size {
		return header{}, fmt.Errorf("%d bytes instead of the %d that %d documents of %d tokens take: cut short or damaged", size, h.size, documents, tokens)
	}
	return h, nil
}

// File is an open shard, safe for concurrent use until it is closed.
type File struct {
	path string
	header
	data    mmap.MMap
	offsets []byte // (documents + 1) · 8
}

// Open maps a shard and checks it. The error names the file and what is wrong with it.
func Open(path string) (*File, error) {
	f, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("shard: %s: %w", path, err)
	}
	return f, nil
}

func open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // a map outlives the file it was made from
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < headerSize {
		return nil, fmt.Errorf("%d bytes: cut short or no shard", info.Size())
	}
	data, err := mmap.Map(file, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("mapping it into memory: %w", err)
	}
	f, err := parse(data)
	if err != nil {
		return nil, errors.Join(err, data.Unmap())
	}
	f.path, f.data = path, data
	return f, nil
}

// parse checks the bytes of a shard.
func parse(data []byte) (*File, error) {
	h, err := decodeHeader(data, int64(len(data)))
	if err != nil {
		return nil, err
	}
	f := &File{header: h, data: data, offsets: data[h.offsetsAt:]}
	if want := binary.LittleEndian.Uint32(data[60:]); checksum(data, f.offsets) != want {
		return nil, errors.New("the checksum of header and offsets does not match: damaged")
	}
	// A checksum keeps accidents out, not malice: what is used as an index is checked for what it
	// is.
	for d := range h.documents {
		if f.offset(d) > f.offset(d+1) {
			return nil, fmt.Errorf("document %d ends before it starts", d)
		}
	}
	if f.offset(0) != 0 || f.offset(h.documents) != uint64(h.tokens) {
		return nil, fmt.Errorf("documents cover tokens %d to %d instead of 0 to %d", f.offset(0), f.offset(h.documents), h.tokens)
	}
	return f, nil
}

func (f *File) offset(d int64) uint64 { return binary.LittleEndian.Uint64(f.offsets[8*d:]) }

// Documents returns the number of documents.
func (f *File) Documents() int { return int(f.documents) }

// Tokens returns the number of tokens of all documents.
func (f *File) Tokens() int64 { return f.tokens }

// V returns the size of the vocabulary.
func (f *File) V() int { return f.vocab }

// Len returns the number of tokens of document d, which must be in [0, Documents).
func (f *File) Len(d int) int64 { return int64(f.offset(int64(d)+1) - f.offset(int64(d))) }

// Read copies tokens from, from+1, … of document d to dst, as many as fit. The range must lie
// within the document. A token outside the vocabulary is an error: the file is damaged.
func (f *File) Read(dst []int32, d int, from int64) error {
	at := headerSize + (int64(f.offset(int64(d)))+from)*int64(f.width)
	src := f.data[at : at+int64(len(dst))*int64(f.width)]
	worst := uint32(0)
	if f.width == 2 {
		for i := range dst {
			id := uint32(binary.LittleEndian.Uint16(src[2*i:]))
			worst = max(worst, id)
			dst[i] = int32(id)
		}
	} else {
		for i := range dst {
			id := binary.LittleEndian.Uint32(src[4*i:])
			worst = max(worst, id)
			dst[i] = int32(id)
		}
	}
	if int64(worst) >= int64(f.vocab) {
		return fmt.Errorf("shard: %s: document %d has token %d, but the vocabulary has %d: the file is damaged, remove it to have it made again",
			f.path, d, worst, f.vocab)
	}
	return nil
}

// Close unmaps the file. Nothing may be read from it afterwards.
func (f *File) Close() error { return f.data.Unmap() }
