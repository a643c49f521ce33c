package corpus_test

import (
	"fmt"
	"log"
	"os"
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

// Every packing of the documents abc, defg and hi in windows of 8 tokens: the first window, a row
// for each query. ^ is ⟨bos⟩, $ is ⟨eos⟩, and a dot among the targets is one that does not count.
func ExamplePackings() {
	folder := must(os.MkdirTemp("", "packings"))
	defer os.RemoveAll(folder)
	file := must(letterShard(folder, "abc", "defg", "hi"))
	defer file.Close()
	for _, p := range corpus.Packings() {
		if p.Positions == corpus.PositionsRestarted {
			continue // shown with those that differ in nothing else
		}
		window := firstWindow(file, p)
		restarted := p
		restarted.Positions = corpus.PositionsRestarted
		fmt.Println(p)
		fmt.Println("  inputs   ", letters(window.Tokens))
		fmt.Print("  targets   ")
		for t, id := range window.Targets {
			fmt.Print(map[bool]string{true: letters([]int32{id}), false: "·"}[window.Weights[t] == 1])
		}
		fmt.Println("\n  segments ", digits(window.Segments))
		fmt.Println("  positions", digits(window.Positions), "continued,", digits(firstWindow(file, restarted).Positions), "restarted")
		visible := p.Visible(window.Segments)
		for t := range window.T {
			fmt.Printf("  %s ", letters(window.Tokens[t:t+1]))
			for s := range window.T {
				fmt.Print(map[bool]string{true: "■", false: "·"}[visible[t*window.T+s]])
			}
			fmt.Println()
		}
	}
	// Output:
	// causal
	//   inputs    abcdefgh
	//   targets   bcdefghi
	//   segments  11122223
	//   positions 01234567 continued, 01201230 restarted
	//   a ■·······
	//   b ■■······
	//   c ■■■·····
	//   d ■■■■····
	//   e ■■■■■···
	//   f ■■■■■■··
	//   g ■■■■■■■·
	//   h ■■■■■■■■
	// causal, eos
	//   inputs    abc$defg
	//   targets   bc$defg$
	//   segments  11112222
	//   positions 01234567 continued, 01230123 restarted
	//   a ■·······
	//   b ■■······
	//   c ■■■·····
	//   $ ■■■■····
	//   d ■■■■■···
	//   e ■■■■■■··
	//   f ■■■■■■■·
	//   g ■■■■■■■■
	// causal, bos document
	//   inputs    ^abc^def
	//   targets   abc·defg
	//   segments  11112222
	//   positions 01234567 continued, 01230123 restarted
	//   ^ ■·······
	//   a ■■······
	//   b ■■■·····
	//   c ■■■■····
	//   ^ ■■■■■···
	//   d ■■■■■■··
	//   e ■■■■■■■·
	//   f ■■■■■■■■
	// causal, bos document, eos
	//   inputs    ^abc$^de
	//   targets   abc$·def
	//   segments  11111222
	//   positions 01234567 continued, 01234012 restarted
	//   ^ ■·······
	//   a ■■······
	//   b ■■■·····
	//   c ■■■■····
	//   $ ■■■■■···
	//   ^ ■■■■■■··
	//   d ■■■■■■■·
	//   e ■■■■■■■■
	// causal, bos fixed
	//   inputs    ^abcdefg
	//   targets   abcdefg·
	//   segments  01112222
	//   positions 01234567 continued, 01231234 restarted
	//   ^ ■·······
	//   a ■■······
	//   b ■■■·····
	//   c ■■■■····
	//   d ■■■■■···
	//   e ■■■■■■··
	//   f ■■■■■■■·
	//   g ■■■■■■■■
	// causal, bos fixed, eos
	//   inputs    ^abc$def
	//   targets   abc$def·
	//   segments  01111222
	//   positions 01234567 continued, 01234123 restarted
	//   ^ ■·······
	//   a ■■······
	//   b ■■■·····
	//   c ■■■■····
	//   $ ■■■■■···
	//   d ■■■■■■··
	//   e ■■■■■■■·
	//   f ■■■■■■■■
	// intra-document
	//   inputs    abcdefgh
	//   targets   bc·efg·i
	//   segments  11122223
	//   positions 01234567 continued, 01201230 restarted
	//   a ■·······
	//   b ■■······
	//   c ■■■·····
	//   d ···■····
	//   e ···■■···
	//   f ···■■■··
	//   g ···■■■■·
	//   h ·······■
	// intra-document, eos
	//   inputs    abc$defg
	//   targets   bc$·efg$
	//   segments  11112222
	//   positions 01234567 continued, 01230123 restarted
	//   a ■·······
	//   b ■■······
	//   c ■■■·····
	//   $ ■■■■····
	//   d ····■···
	//   e ····■■··
	//   f ····■■■·
	//   g ····■■■■
	// intra-document, bos document
	//   inputs    ^abc^def
	//   targets   abc·defg
	//   segments  11112222
	//   positions 01234567 continued, 01230123 restarted
	//   ^ ■·······
	//   a ■■······
	//   b ■■■·····
	//   c ■■■■····
	//   ^ ····■···
	//   d ····■■··
	//   e ····■■■·
	//   f ····■■■■
	// intra-document, bos document, eos
	//   inputs    ^abc$^de
	//   targets   abc$·def
	//   segments  11111222
	//   positions 01234567 continued, 01234012 restarted
	//   ^ ■·······
	//   a ■■······
	//   b ■■■·····
	//   c ■■■■····
	//   $ ■■■■■···
	//   ^ ·····■··
	//   d ·····■■·
	//   e ·····■■■
	// intra-document, bos fixed
	//   inputs    ^abcdefg
	//   targets   abc·efg·
	//   segments  01112222
	//   positions 01234567 continued, 01231234 restarted
	//   ^ ■·······
	//   a ■■······
	//   b ■■■·····
	//   c ■■■■····
	//   d ■···■···
	//   e ■···■■··
	//   f ■···■■■·
	//   g ■···■■■■
	// intra-document, bos fixed, eos
	//   inputs    ^abc$def
	//   targets   abc$·ef·
	//   segments  01111222
	//   positions 01234567 continued, 01234123 restarted
	//   ^ ■·······
	//   a ■■······
	//   b ■■■·····
	//   c ■■■■····
	//   $ ■■■■■···
	//   d ■····■··
	//   e ■····■■·
	//   f ■····■■■
}

func firstWindow(f *shard.File, p corpus.Packing) corpus.Batch {
	return must(must(corpus.HeldOutWindows(f, p, testSpecials, 8)).Batch(0, 1))
}

func digits(numbers []int32) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ""), "[]")
}
