package shard

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func write(t testing.TB, vocab int, documents ...[]int32) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.tokens")
	w, err := Create(path, vocab)
	require.NoError(t, err)
	for _, d := range documents {
		require.NoError(t, w.Add(d))
	}
	require.NoError(t, w.Commit())
	require.NoError(t, w.Close())
	return path
}

func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, vocab := range []int{1, 258, 1 << 16, 1<<16 + 1, 1<<31 - 1} {
		for _, n := range []int{0, 1, 7} {
			documents := make([][]int32, n)
			total := 0
			for i := range documents {
				documents[i] = make([]int32, rng.IntN(9))
				for j := range documents[i] {
					documents[i][j] = int32(rng.IntN(vocab))
				}
				total += len(documents[i])
			}
			if n > 0 { // the largest id too
				documents[0] = append(documents[0], int32(vocab-1))
				total++
			}
			path := write(t, vocab, documents...)
			f, err := Open(path)
			require.NoError(t, err)
			require.Equal(t, []int{n, total, vocab}, []int{f.Documents(), int(f.Tokens()), f.V()})
			require.Equal(t, map[bool]int{true: 2, false: 4}[vocab <= 1<<16], f.width)
			for d, want := range documents {
				require.EqualValues(t, len(want), f.Len(d))
				got := make([]int32, len(want))
				require.NoError(t, f.Read(got, d, 0))
				require.Equal(t, want, got)
				if len(want) > 2 {
					require.NoError(t, f.Read(got[:1], d, 2))
					require.Equal(t, want[2], got[0])
				}
			}
			require.NoError(t, f.Close())
		}
	}
}

// The layout, byte by byte, as the package comment states it.
func TestLayout(t *testing.T) {
	data, err := os.ReadFile(write(t, 300, []int32{1, 258}, nil, []int32{5}))
	require.NoError(t, err)
	zeros := strings.Repeat("\x00", 28)
	require.Equal(t, "FTSHARD1"+"\x02\x00\x00\x00"+"\x2c\x01\x00\x00"+"\x03\x00\x00\x00\x00\x00\x00\x00"+"\x03\x00\x00\x00\x00\x00\x00\x00"+zeros, string(data[:60]))
	require.Equal(t, "\x01\x00\x02\x01\x05\x00\x00\x00", string(data[64:72]))
	require.Len(t, data, 72+4*8)
	var offsets []uint64
	for at := 72; at < len(data); at += 8 {
		offsets = append(offsets, binary.LittleEndian.Uint64(data[at:]))
	}
	require.Equal(t, []uint64{0, 2, 2, 3}, offsets)
}

// seal gives damaged bytes a valid checksum, as someone who means harm would.
func seal(data []byte) {
	binary.LittleEndian.PutUint32(data[60:], checksum(data, data[len(data)-8*4:]))
}

func TestOpenRefuses(t *testing.T) {
	good, err := os.ReadFile(write(t, 300, []int32{1, 258}, []int32{7}, []int32{5}))
	require.NoError(t, err)
	set := func(at int, v uint64) func([]byte) []byte {
		return func(b []byte) []byte {
			binary.LittleEndian.PutUint64(b[at:], v)
			seal(b)
			return b
		}
	}
	for name, c := range map[string]struct {
		damage func([]byte) []byte
		says   string
	}{
		"empty":            {func(b []byte) []byte { return nil }, "0 bytes: cut short or no shard"},
		"foreign":          {func(b []byte) []byte { return []byte(strings.Repeat("GGUF", 40)) }, "does not begin with FTSHARD1"},
		"cut":              {func(b []byte) []byte { return b[:len(b)-1] }, "cut short or damaged"},
		"longer":           {func(b []byte) []byte { return append(b, 0) }, "cut short or damaged"},
		"header alone":     {func(b []byte) []byte { return b[:64] }, "cut short or damaged"},
		"flipped count":    {func(b []byte) []byte { b[24] ^= 4; return b }, "instead of"},
		"flipped offset":   {func(b []byte) []byte { b[len(b)-9] ^= 1; return b }, "checksum"},
		"flipped vocab":    {func(b []byte) []byte { b[12] ^= 1; return b }, "checksum"},
		"width 3":          {set(8, 3|300<<32), "3 bytes a token"},
		"no vocabulary":    {set(8, 2), "a vocabulary of 0 tokens"},
		"huge vocabulary":  {set(8, 2|0xffffffff<<32), "a vocabulary of 4294967295 tokens"},
		"huge documents":   {set(16, 1<<63), "9223372036854775808 documents"},
		"huge tokens":      {set(24, 1<<61), "2305843009213693952 tokens"},
		"wrapping tokens":  {set(24, 1<<63|4), "tokens in a file of"},
		"backward offsets": {set(64+8+8, 4), "document 1 ends before it starts"},
		"late start":       {set(64+8, 1), "documents cover tokens 1 to 4"},
		"past the end":     {set(64+8+24, 1<<40), "documents cover tokens 0 to 1099511627776"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.tokens")
			require.NoError(t, os.WriteFile(path, c.damage([]byte(string(good))), 0o644))
			_, err := Open(path)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, path)
		})
	}
	_, err = Open(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Token ids are not looked at when a file is opened, so a bad one must show when it is read.
func TestReadRefusesForeignIds(t *testing.T) {
	for _, vocab := range []int{300, 70_000} {
		path := write(t, vocab, []int32{1, 2, 3})
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		for i := range 4 {
			data[headerSize+i] = 0xff
		}
		require.NoError(t, os.WriteFile(path, data, 0o644))
		f, err := Open(path)
		require.NoError(t, err)
		require.ErrorContains(t, f.Read(make([]int32, 3), 0, 0), "document 0 has token")
		require.NoError(t, f.Read(make([]int32, 1), 0, 2), "the last token is sound")
		require.NoError(t, f.Close())
	}
}

func TestWriterRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, vocab := range []int{0, -1, 1 << 31} {
		_, err := Create(filepath.Join(dir, "x"), vocab)
		require.ErrorContains(t, err, "a vocabulary of")
	}
	_, err := Create(filepath.Join(dir, "no", "folder"), 5)
	require.ErrorIs(t, err, os.ErrNotExist)
	w, err := Create(filepath.Join(dir, "x"), 5)
	require.NoError(t, err)
	require.ErrorContains(t, w.Add([]int32{1, 5}), "document 0, token 1: id 5 is outside the vocabulary [0, 5)")
	require.ErrorContains(t, w.Add([]int32{-1}), "id -1")
	require.NoError(t, w.Close())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "what was not committed is removed")
}

func TestDigestTellsDocumentsApart(t *testing.T) {
	digest := func(documents ...[]int32) string {
		w, err := Create(filepath.Join(t.TempDir(), "x"), 9)
		require.NoError(t, err)
		defer w.Close()
		for _, d := range documents {
			require.NoError(t, w.Add(d))
		}
		return w.Digest()
	}
	a := digest([]int32{1, 2}, []int32{3})
	require.Equal(t, a, digest([]int32{1, 2}, []int32{3}))
	require.NotEqual(t, a, digest([]int32{1}, []int32{2, 3}))
	require.NotEqual(t, a, digest([]int32{1, 2}, []int32{4}))
}

// FuzzOpen: whatever the bytes, they are refused or every document can be read.
func FuzzOpen(f *testing.F) {
	for _, documents := range [][][]int32{nil, {{1, 2}, {3}}, {{}, {0}, {}, {4, 4, 4}}} {
		for _, vocab := range []int{5, 70_000} {
			data, err := os.ReadFile(write(f, vocab, documents...))
			require.NoError(f, err)
			f.Add(data)
			f.Add(data[:len(data)-3])
			data[headerSize-5]++
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= headerSize {
			// With a checksum that fits, the fuzzer gets to see what lies behind it.
			if h, err := decodeHeader(data, int64(len(data))); err == nil {
				binary.LittleEndian.PutUint32(data[60:], checksum(data, data[h.offsetsAt:]))
			}
		}
		file, err := parse(data)
		if err != nil {
			return
		}
		total := int64(0)
		for d := range file.Documents() {
			n := file.Len(d)
			total += n
			ids := make([]int32, n)
			if file.Read(ids, d, 0) != nil {
				continue
			}
			for _, id := range ids {
				require.True(t, id >= 0 && int(id) < file.V())
			}
		}
		require.Equal(t, file.Tokens(), total)
	})
}
