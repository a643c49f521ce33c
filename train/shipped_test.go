package train

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
	"firsttoken/train/local"
	"firsttoken/train/pretrained"
	"firsttoken/train/store"
)

// The runs that come with the checkout are what their configurations say, so that asking for one
// finds it.
func TestShippedRuns(t *testing.T) {
	dir, err := local.ShippedRuns()
	require.NoError(t, err)
	runs, err := store.List(dir)
	require.NoError(t, err)
	require.NotEmpty(t, runs)
	for _, r := range runs {
		_, err := Verify(r)
		require.NoError(t, err)
	}
}

// A model is of no use without its tokenizer, which on another text would be another.
func TestShippedModelsHaveTheirTokenizers(t *testing.T) {
	dir, err := local.ShippedRuns()
	require.NoError(t, err)
	runs, err := store.List(dir)
	require.NoError(t, err)
	found := 0
	for _, r := range runs {
		text, err := r.Config()
		require.NoError(t, err)
		c, err := ParseConfig(bytes.NewReader(text))
		require.NoError(t, err)
		if _, err := os.Stat(r.Weights()); err != nil || c.Data.Tokenizer.Kind != corpus.TokenizerBPE {
			continue
		}
		var p struct {
			Data struct{ Tokenizer string }
		}
		_, err = r.Provenance(&p)
		require.NoError(t, err)
		folder, err := local.ShippedTokenizer(p.Data.Tokenizer)
		require.NoError(t, err, r.ID)
		tok, err := pretrained.LoadTokenizer(folder)
		require.NoError(t, err)
		require.Equal(t, p.Data.Tokenizer, tok.Fingerprint(), r.ID)
		found++
	}
	require.NotZero(t, found)
}

// Another text than the run's, and so another tokenizer: the run's own reads it.
func TestTextsOfAnotherToolchain(t *testing.T) {
	shipped, err := local.ShippedRuns()
	require.NoError(t, err)
	const run = "62269e404ea91619" // laptop, seed 2
	want, err := Texts(context.Background(), "", run, 3, 64)
	require.NoError(t, err)

	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, run), os.DirFS(filepath.Join(shipped, run))))
	r := store.At(dir, run)
	text, err := r.Config()
	require.NoError(t, err)
	c, err := ParseConfig(bytes.NewReader(text))
	require.NoError(t, err)
	c.Data.Tokenizer.BPE.V = 300 // what this machine makes of the text is another tokenizer now
	require.NoError(t, os.WriteFile(filepath.Join(dir, run, "config.json"), c.canonical(), 0o644))
	got, err := Texts(context.Background(), dir, run, 3, 64)
	require.NoError(t, err)
	require.Equal(t, want, got)
	windows, err := Windows(context.Background(), "", run, 64)
	require.NoError(t, err)
	for _, w := range windows {
		require.Len(t, w, 64)
		require.False(t, slices.Contains(w, want.BOS), "nothing but text")
	}

	var p Provenance
	_, err = r.Provenance(&p)
	require.NoError(t, err)
	p.Data = bytes.Replace(p.Data, []byte("406eb0f7"), []byte("00000000"), 1)
	require.NoError(t, r.WriteProvenance(p))
	_, err = Texts(context.Background(), dir, run, 3, 64)
	require.ErrorContains(t, err, "train the run again")
	require.ErrorIs(t, err, local.ErrAbsent)

	c.Data.Tokenizer.BPE.V = 512
	c.Data.SplitSeed++ // other documents are held out
	require.NoError(t, os.WriteFile(filepath.Join(dir, run, "config.json"), c.canonical(), 0o644))
	p.Data = bytes.Replace(p.Data, []byte("00000000"), []byte("406eb0f7"), 1)
	require.NoError(t, r.WriteProvenance(p))
	_, err = Texts(context.Background(), dir, run, 3, 64)
	require.ErrorIs(t, err, local.ErrAbsent)
	require.ErrorContains(t, err, "held-out documents")
	_, err = Windows(context.Background(), dir, run, 64)
	require.ErrorIs(t, err, local.ErrAbsent)
}

// Trained anew on another toolchain's text, a run that comes with the checkout says in a line that
// it will be another.
func TestUnlikeShipped(t *testing.T) {
	shipped, err := local.ShippedRuns()
	require.NoError(t, err)
	const id = "62269e404ea91619" // laptop, seed 2
	var p Provenance
	_, err = store.At(shipped, id).Provenance(&p)
	require.NoError(t, err)
	run := store.At(t.TempDir(), id)
	require.Empty(t, unlikeShipped(run, p))
	p.Data = bytes.ReplaceAll(p.Data, []byte("go1.26.8"), []byte("go1.27.1"))
	require.Empty(t, unlikeShipped(run, p), "the text is the same")
	p.Data = bytes.Replace(p.Data, []byte("f867826d"), []byte("00000000"), 1)
	said := unlikeShipped(run, p)
	require.Contains(t, said, "go1.26.8")
	require.Contains(t, said, "go1.27.1")
	require.NotContains(t, said, "\n")
	require.Empty(t, unlikeShipped(store.At(t.TempDir(), "another"), p))
}

// notShipped are grids of which not all runs come with the checkout.
var notShipped = map[string]string{
	"patterns.json":      "notebook 13 ships values in place of curves, as notebooks/forms tests",
	"patterns-mean.json": "not trained but for softmax's runs, which are those of rest.json",
}

// The notebooks' grids need no training: their runs come with the checkout, and of those above
// softmax's, which other grids have.
func TestGridsAreShipped(t *testing.T) {
	root, err := local.Root()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(root, "notebooks", "grids", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		grid, err := ReadGrid(file)
		require.NoError(t, err)
		configs, err := grid.Configs()
		require.NoError(t, err)
		states, err := Status(configs, "")
		require.NoError(t, err)
		all := notShipped[filepath.Base(file)] == ""
		for i, s := range states {
			if all || s.Config.Model.Pattern.Kind == "" && s.Config.Model.OutGate == "" {
				require.NotNil(t, s.Result, "%s: %s", file, describe(configs, i))
			}
		}
	}
}
