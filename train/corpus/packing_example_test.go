package corpus_test

import (
	"fmt"
	"log"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
	"firsttoken/train/corpus/shard"
)

// Ids of the tests' vocabulary: documents hold letters, ⟨bos⟩ prints as ^ and ⟨eos⟩ as $.
const (
	testV   = 28
	testBOS = 26
	testEOS = 27
)

var testSpecials = corpus.Specials{BOS: testBOS, EOS: testEOS}

func letters(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteByte("abcdefghijklmnopqrstuvwxyz^$"[id])
	}
	return b.String()
}

// letterShard makes a shard of documents spelled in letters.
func letterShard(folder string, documents ...string) (*shard.File, error) {
	path := filepath.Join(folder, "letters.tokens")
	w, err := shard.Create(path, testV)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	for _, d := range documents {
		ids := make([]int32, len(d))
		for i := range d {
			ids[i] = int32(d[i] - 'a')
		}
		if err := w.Add(ids); err != nil {
			return nil, err
		}
	}
	if err := w.Commit(); err != nil {
		return nil, err
	}
	return shard.Open(path)
}

func testShard(t *testing.T, documents ...string) *shard.File {
	t.Helper()
	f, err := letterShard(t.TempDir(), documents...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// picture prints a window: inputs, targets that count, positions, and the mask, a row for each query.
func picture(p corpus.Packing, w corpus.Batch) {
	fmt.Printf("%s\n  inputs    %s\n  targets   ", p, letters(w.Tokens))
	for t, id := range w.Targets {
		if w.Weights[t] == 0 {
			fmt.Print("·")
		} else {
			fmt.Print(letters([]int32{id}))
		}
	}
	fmt.Print("\n  positions ")
	for _, position := range w.Positions {
		fmt.Print(position)
	}
	fmt.Println()
	visible := p.Visible(w.Segments)
	for t := range w.T {
		fmt.Printf("  %s ", letters(w.Tokens[t:t+1]))
		for s := range w.T {
			fmt.Print(map[bool]string{true: "■", false: "·"}[visible[t*w.T+s]])
		}
		fmt.Println()
	}
}
