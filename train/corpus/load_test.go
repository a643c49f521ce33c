package corpus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
	"firsttoken/train/tokenizer"
)

// linesSpec is a spec over a file of n documents, a line each.
func linesSpec(t testing.TB, n int) corpus.Spec {
	t.Helper()
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "Document %d says %s.\n", i, strings.Repeat(fmt.Sprintf("word%d ", i%7), 1+i%5))
	}
	path := filepath.Join(t.TempDir(), "lines.txt")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o644))
	s := corpus.DefaultSpec(corpus.KindFiles)
	s.Files.Paths, s.Files.Cut = []string{path}, corpus.CutLines
	s.HeldOut = 0.25
	return s
}

func load(t testing.TB, s corpus.Spec, cache string) *corpus.Data {
	t.Helper()
	d, err := corpus.Load(context.Background(), s, cache)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// decoded decodes the documents of held-out windows, or of an epoch of training windows, from
// windows of one document each.
func decoded(t testing.TB, d *corpus.Data, s corpus.Stream, err error) (out []string) {
	t.Helper()
	require.NoError(t, err)
	b, err := s.Batch(0, s.Windows()+1)
	require.NoError(t, err)
	var ids []int32
	eos, ok := d.Tokenizer.EOS()
	require.True(t, ok)
	for i, id := range b.Tokens {
		switch {
		case b.Segments[i] == corpus.SegmentPadding:
		case id == eos:
			text, err := d.Tokenizer.Decode(ids)
			require.NoError(t, err)
			out, ids = append(out, string(text)), nil
		default:
			ids = append(ids, id)
		}
	}
	return out
}

// subfolders lists what Load left in its cache.
func subfolders(t testing.TB, cache string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(cache)
	require.NoError(t, err)
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestLoad(t *testing.T) {
	s, cache := linesSpec(t, 60), t.TempDir()
	src, err := corpus.Open(s)
	require.NoError(t, err)
	training, held, err := corpus.Split(src, s.HeldOut, s.SplitSeed)
	require.NoError(t, err)
	want := func(src corpus.Source) (out []string) {
		docs, err := corpus.Collect(src)
		require.NoError(t, err)
		for _, d := range docs {
			out = append(out, d.Text)
		}
		return out
	}
	for _, tok := range []corpus.TokenizerSpec{
		corpus.DefaultTokenizerSpec(corpus.TokenizerBytes),
		{Kind: corpus.TokenizerBPE, BPE: &corpus.BPESpec{BPEConfig: tokenizer.BPEConfig{V: 270, Split: "smollm2"}, MaxBytes: 1 << 20}},
	} {
		s.Tokenizer = tok
		d := load(t, s, cache)
		w, err := d.HeldOut(corpus.DefaultPacking(), 16)
		require.Equal(t, want(held), decoded(t, d, w, err), "held-out documents, in order")
		require.Equal(t, d.V(), w.V())

		summary, err := corpus.Summarize(training)
		require.NoError(t, err)
		p := d.Provenance
		require.Equal(t, summary, p.Training.Summary)
		require.Equal(t, s, p.Spec)
		require.Equal(t, d.Tokenizer.Fingerprint(), p.Tokenizer)
		require.Equal(t, len(want(held)), p.HeldOut.Documents)

		// The training documents are the others. A single window holds an epoch, and a little of
		// the next.
		epoch := int(p.Training.Tokens) + p.Training.Documents
		one, err := d.Training(corpus.DefaultPacking(), epoch, 5)
		require.NoError(t, err)
		first := decoded(t, d, one, nil)[:p.Training.Documents]
		require.ElementsMatch(t, want(training), first)
		require.NotEqual(t, want(training), first, "shuffled")
	}
	require.Len(t, subfolders(t, cache), 2, "a folder for each tokenizer")
}

func TestHeldOutDocuments(t *testing.T) {
	d := load(t, linesSpec(t, 40), t.TempDir())
	windows, err := d.HeldOut(corpus.Packing{Mask: corpus.MaskIntraDocument, BOS: corpus.BOSNone, EOS: true, Positions: corpus.PositionsContinued}, 256)
	all := decoded(t, d, windows, err)
	var want, got []string
	for _, text := range all {
		if len(text) > 40 { // bytes are the tokens
			want = append(want, text)
		}
	}
	require.Greater(t, len(all), len(want))
	require.NotEmpty(t, want)
	docs, err := d.HeldOutDocuments(len(want), 41)
	require.NoError(t, err)
	for _, ids := range docs {
		text, err := d.Tokenizer.Decode(ids)
		require.NoError(t, err)
		got = append(got, string(text))
	}
	require.Equal(t, want, got)

	few, err := d.HeldOutDocuments(1, 41)
	require.NoError(t, err)
	require.Equal(t, docs[:1], few)
	_, err = d.HeldOutDocuments(len(want)+1, 41)
	require.ErrorContains(t, err, fmt.Sprintf("%d of %d held-out documents have 41 tokens", len(want), len(all)))
	_, err = load(t, corpus.DefaultSpec(corpus.KindBackcopy), t.TempDir()).HeldOutDocuments(1, 1)
	require.ErrorContains(t, err, "synthetic task")
}

func TestLoadTrainsBPEOnTheTrainingSideAlone(t *testing.T) {
	s := linesSpec(t, 60)
	s.Tokenizer = corpus.DefaultTokenizerSpec(corpus.TokenizerBPE)
	s.Tokenizer.BPE.V = 270
	d := load(t, s, t.TempDir())
	src, err := corpus.Open(s)
	require.NoError(t, err)
	training, _, err := corpus.Split(src, s.HeldOut, s.SplitSeed)
	require.NoError(t, err)
	docs, err := corpus.Collect(training)
	require.NoError(t, err)
	var all []string
	for _, d := range docs {
		all = append(all, d.Text)
	}
	want, err := tokenizer.TrainBPE(slices.Values(all), s.Tokenizer.BPE.BPEConfig)
	require.NoError(t, err)
	require.Equal(t, want.Fingerprint(), d.Tokenizer.Fingerprint())

	// Of as much text as is allowed.
	s.Tokenizer.BPE.MaxBytes = int64(len(all[0]) + 10)
	want, err = tokenizer.TrainBPE(slices.Values([]string{all[0], all[1][:10]}), s.Tokenizer.BPE.BPEConfig)
	require.NoError(t, err)
	require.Equal(t, want.Fingerprint(), load(t, s, t.TempDir()).Tokenizer.Fingerprint())

	s.Tokenizer.BPE.V = 5000
	_, err = corpus.Load(context.Background(), s, t.TempDir())
	require.ErrorContains(t, err, "set V to at most that")
}

func TestLoadTakesAPretrainedTokenizer(t *testing.T) {
	s, folder := linesSpec(t, 40), t.TempDir()
	trained, err := tokenizer.TrainBPE(slices.Values([]string{"Document word says"}), tokenizer.BPEConfig{V: 262, Split: "gpt2"})
	require.NoError(t, err)
	require.NoError(t, trained.Save(folder))
	s.Tokenizer = corpus.TokenizerSpec{Kind: corpus.TokenizerPretrained, Pretrained: folder}
	d := load(t, s, t.TempDir())
	require.Equal(t, trained.Fingerprint(), d.Tokenizer.Fingerprint())
	require.Equal(t, 262, d.V())

	s.Tokenizer.Pretrained = filepath.Join(folder, "absent")
	_, err = corpus.Load(context.Background(), s, t.TempDir())
	require.ErrorContains(t, err, "absent")
}

// A vocabulary of lower-case letters alone, and no special tokens.
const lettersJSON = `{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null, "post_processor": null, "decoder": null,
	"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
	"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2}, "merges": []}}`

func TestLoadSaysWhatATokenizerCannotDo(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "tokenizer.json"), []byte(lettersJSON), 0o644))
	var lines strings.Builder
	for i := range 60 {
		lines.WriteString(strings.Repeat("a", 1+i%9) + strings.Repeat("b", 1+i/9) + "\n")
	}
	path := filepath.Join(t.TempDir(), "x.txt")
	require.NoError(t, os.WriteFile(path, []byte(lines.String()+"abd\nd\n"), 0o644))
	s := corpus.DefaultSpec(corpus.KindFiles)
	s.Files.Paths, s.Files.Cut, s.HeldOut = []string{path}, corpus.CutLines, 0.25
	s.Tokenizer = corpus.TokenizerSpec{Kind: corpus.TokenizerPretrained, Pretrained: folder}
	d := load(t, s, t.TempDir())
	require.Equal(t, 60, d.Provenance.Training.Documents+d.Provenance.HeldOut.Documents)
	warnings := append(d.Provenance.Training.Warnings, d.Provenance.HeldOut.Warnings...)
	require.NotEmpty(t, warnings)
	require.Contains(t, strings.Join(warnings, "\n"), "documents that the tokenizer cannot encode: "+filepath.ToSlash(path)+"#L6")
	require.Contains(t, strings.Join(warnings, "\n"), "byte 0x64")

	_, err := d.Training(corpus.DefaultPacking(), 8, 1)
	require.ErrorContains(t, err, `packing "causal, eos" needs EOS, but its id -1`)
	_, err = d.HeldOut(corpus.PaperPackings()[1], 8)
	require.ErrorContains(t, err, "needs BOS")
	_, err = d.Training(corpus.PaperPackings()[0], 8, 1)
	require.NoError(t, err)
}

// What decides the tokens decides the folder: another of it is made anew, the same is not.
func TestLoadMakesShardsOncePerInput(t *testing.T) {
	s, cache := linesSpec(t, 60), t.TempDir()
	load(t, s, cache)
	made := filepath.Join(cache, subfolders(t, cache)[0], "training.tokens")
	before, err := os.Stat(made)
	require.NoError(t, err)
	load(t, s, cache)
	after, err := os.Stat(made)
	require.NoError(t, err)
	require.True(t, os.SameFile(before, after), "made again")

	folders := 1
	bpe := func(v int) func(*corpus.Spec) {
		return func(s *corpus.Spec) {
			s.Tokenizer = corpus.DefaultTokenizerSpec(corpus.TokenizerBPE)
			s.Tokenizer.BPE.V = v
		}
	}
	for _, c := range []struct {
		name   string
		change func(*corpus.Spec)
	}{
		{"split seed", func(s *corpus.Spec) { s.SplitSeed++ }},
		{"held out", func(s *corpus.Spec) { s.HeldOut = 0.3 }},
		{"minimum", func(s *corpus.Spec) { s.MinRunes = 25 }},
		{"sample", func(s *corpus.Spec) { s.Sample = 50 }},
		{"cut", func(s *corpus.Spec) { s.Files.Cut, s.Files.Separator = corpus.CutSeparator, "\nDoc" }},
		{"tokenizer", bpe(262)},
		{"vocabulary", bpe(263)},
		{"text's date", func(s *corpus.Spec) {
			require.NoError(t, os.Chtimes(s.Files.Paths[0], time.Time{}, time.Unix(1e9, 0)))
		}},
		{"text", func(s *corpus.Spec) {
			require.NoError(t, os.WriteFile(s.Files.Paths[0], []byte(strings.Repeat("new text\nother\nthird\n4\n5\n", 9)), 0o644))
		}},
	} {
		changed := linesSpecOf(s)
		c.change(&changed)
		load(t, changed, cache)
		folders++
		require.Len(t, subfolders(t, cache), folders, c.name)
	}
}

// linesSpecOf copies a spec of files, options included.
func linesSpecOf(s corpus.Spec) corpus.Spec {
	files := *s.Files
	s.Files = &files
	return s
}

// A Go tree without a version is known by its files.
func TestLoadKnowsGoTrees(t *testing.T) {
	root, cache := t.TempDir(), t.TempDir()
	require.NoError(t, os.CopyFS(root, os.DirFS("testdata/goroot")))
	s := corpus.DefaultSpec(corpus.KindGoSource)
	s.GoSource.Root, s.HeldOut = root, 0.4
	s.SplitSeed = 2
	first := load(t, s, cache).Provenance
	file := filepath.Join(root, "src", "alpha", "sub", "sub.go")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	change := func() {
		text = append(text, "\n// More.\n"...)
		require.NoError(t, os.WriteFile(file, text, 0o644))
	}
	change()
	require.Equal(t, first, load(t, s, cache).Provenance, "a released version does not change")
	require.NoError(t, os.Remove(filepath.Join(root, "VERSION")))
	devel := load(t, s, cache).Provenance
	require.NotEqual(t, first.Training.Recipe, devel.Training.Recipe)
	change()
	again := load(t, s, cache).Provenance
	require.NotEqual(t, [2]string{devel.Training.Digest, devel.HeldOut.Digest}, [2]string{again.Training.Digest, again.HeldOut.Digest})
}

// Whatever state an accident leaves the folder in, the next call makes the same shards as ever.
func TestLoadMakesDamagedShardsAgain(t *testing.T) {
	s := linesSpec(t, 60)
	s.Tokenizer = corpus.DefaultTokenizerSpec(corpus.TokenizerBPE)
	s.Tokenizer.BPE.V = 280
	want := load(t, s, t.TempDir()).Provenance
	for name, damage := range map[string]func(folder string) error{
		"cut short":     func(f string) error { return os.Truncate(filepath.Join(f, "training.tokens"), 100) },
		"empty":         func(f string) error { return os.Truncate(filepath.Join(f, "held-out.tokens"), 0) },
		"no shard":      func(f string) error { return os.Remove(filepath.Join(f, "held-out.tokens")) },
		"no record":     func(f string) error { return os.Remove(filepath.Join(f, "provenance.json")) },
		"half a record": func(f string) error { return os.Truncate(filepath.Join(f, "provenance.json"), 50) },
		"foreign record": func(f string) error {
			return os.WriteFile(filepath.Join(f, "provenance.json"), []byte(`{"spec":{"kind":"godoc"}}`), 0o644)
		},
		"no tokenizer": func(f string) error { return os.RemoveAll(filepath.Join(f, "tokenizer")) },
		"sides swapped": func(f string) error {
			return os.Rename(filepath.Join(f, "held-out.tokens"), filepath.Join(f, "training.tokens"))
		},
		"killed while building": func(f string) error {
			if err := os.Rename(f, f+".partial"); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(f+".partial", "training.tokens.123.tmp"), make([]byte, 64), 0o644)
		},
	} {
		t.Run(name, func(t *testing.T) {
			cache := t.TempDir()
			load(t, s, cache)
			require.NoError(t, damage(filepath.Join(cache, subfolders(t, cache)[0])))
			require.Equal(t, want, load(t, s, cache).Provenance)
			require.Len(t, subfolders(t, cache), 1, "nothing is left behind")
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	cache := t.TempDir()
	_, err := corpus.Load(cancelled, linesSpec(t, 60), cache)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, subfolders(t, cache), "nothing is left behind")

	_, err = corpus.Load(context.Background(), corpus.Spec{}, cache)
	require.ErrorContains(t, err, "Spec.Kind")
	s := linesSpec(t, 1)
	_, err = corpus.Load(context.Background(), s, cache)
	require.ErrorContains(t, err, "0 documents, 0 tokens: give more text")
	s.Files.Paths = []string{"absent.txt"}
	_, err = corpus.Load(context.Background(), s, cache)
	require.ErrorContains(t, err, `no file or folder "absent.txt"`)
	file := filepath.Join(cache, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err = corpus.Load(context.Background(), linesSpec(t, 60), file)
	require.ErrorContains(t, err, "file")
}

// loadEnv makes this test binary a process that loads a spec and prints what it got.
const loadEnv = "FIRSTTOKEN_TEST_LOAD"

func TestMain(m *testing.M) {
	if request := os.Getenv(loadEnv); request != "" {
		var s corpus.Spec
		spec, cache, _ := strings.Cut(request, "\n")
		if err := json.Unmarshal([]byte(spec), &s); err != nil {
			panic(err)
		}
		d, err := corpus.Load(context.Background(), s, cache)
		if err != nil {
			panic(err)
		}
		fmt.Print(d.Provenance.Training.Digest, d.Provenance.HeldOut.Digest)
		return
	}
	os.Exit(m.Run())
}

// Processes and goroutines that want the same shards at once all get them, and they are made once.
func TestLoadInManyProcessesAtOnce(t *testing.T) {
	s, cache := linesSpec(t, 2000), t.TempDir()
	spec, err := json.Marshal(s)
	require.NoError(t, err)
	outputs, logs := make([]string, 6), make([]bytes.Buffer, 6)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			if i%2 == 0 {
				d, err := corpus.Load(context.Background(), s, cache)
				if err != nil {
					outputs[i] = err.Error()
					return
				}
				outputs[i] = d.Provenance.Training.Digest + d.Provenance.HeldOut.Digest
				_ = d.Close()
				return
			}
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), loadEnv+"="+string(spec)+"\n"+cache)
			c.Stderr = &logs[i]
			out, err := c.Output()
			outputs[i] = string(out)
			if err != nil {
				outputs[i] = fmt.Sprint(err, logs[i].String())
			}
		})
	}
	wg.Wait()
	require.Len(t, outputs[0], 128)
	for _, out := range outputs {
		require.Equal(t, outputs[0], out)
	}
	require.Len(t, subfolders(t, cache), 1)
}

// A caller that waits for another process gives up when its context ends.
func TestLoadWaitsAndGivesUp(t *testing.T) {
	s, cache := linesSpec(t, 60), t.TempDir()
	load(t, s, cache)
	folder := filepath.Join(cache, subfolders(t, cache)[0])
	require.NoError(t, os.RemoveAll(folder))
	unlock := must(corpus.LockShards(folder))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := corpus.Load(ctx, s, cache)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	unlock()
	load(t, s, cache)
}
