package corpus

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/local"
)

// Shards that were prepared are read where the text is not, tokenizer included; a spec that they
// were not made for finds none, and damage is no reason to look elsewhere.
func TestPrepare(t *testing.T) {
	text := t.TempDir()
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		require.NoError(t, os.WriteFile(filepath.Join(text, name+".txt"), []byte("the cat sat on the mat, "+name+", and then on the hat"), 0o644))
	}
	s := DefaultSpec(KindFiles)
	s.Files.Paths, s.HeldOut = []string{text}, 0.4
	s.Tokenizer = DefaultTokenizerSpec(TokenizerBPE)
	s.Tokenizer.BPE.V = 270
	checkout := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(checkout, "go.mod"), []byte("module firsttoken\n"), 0o644))
	t.Setenv(local.HomeEnv, checkout)
	bundle := t.TempDir()
	require.NoError(t, Prepare(context.Background(), s, filepath.Join(bundle, "shards")))
	here, err := Load(context.Background(), s, "")
	require.NoError(t, err)
	want := here.Provenance
	require.NoError(t, here.Close())

	require.NoError(t, os.RemoveAll(text))
	require.NoError(t, os.WriteFile(filepath.Join(bundle, local.BundleFile), []byte("{}"), 0o644))
	t.Setenv(local.HomeEnv, bundle)
	there, err := Load(context.Background(), s, "")
	require.NoError(t, err)
	require.Equal(t, want, there.Provenance)
	require.Equal(t, want.Tokenizer, there.Tokenizer.Fingerprint())
	require.NoError(t, there.Close())

	other := s
	other.SplitSeed++
	_, err = Load(context.Background(), other, "")
	require.ErrorContains(t, err, "no file or folder", "its text is not there")
	shards, err := filepath.Glob(filepath.Join(bundle, "shards", "*", trainingFile))
	require.NoError(t, err)
	require.Len(t, shards, 1)
	require.NoError(t, os.Truncate(shards[0], 70))
	_, err = Load(context.Background(), s, "")
	require.ErrorContains(t, err, "shards of this bundle")

	pretrained := s
	pretrained.Tokenizer = TokenizerSpec{Kind: TokenizerPretrained, Pretrained: "model.gguf"}
	require.ErrorContains(t, Prepare(context.Background(), pretrained, bundle), "bring only a tokenizer trained")
	require.NoError(t, Prepare(context.Background(), DefaultSpec(KindBackcopy), bundle), "a task has none")
}
