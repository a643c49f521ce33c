package bundle

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/local"
)

func TestSums(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "runs", "a"), 0o755))
	for _, name := range []string{"x", "runs/a/y", "runs/a/z"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("abc"), 0o644))
	}
	sums := Sums{}
	for _, name := range []string{"x", "runs/a/y", "runs/a/z"} {
		require.NoError(t, sums.Add(dir, name))
	}
	// As sha256sum prints it.
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	require.Equal(t, abc+"  runs/a/y\n"+abc+"  runs/a/z\n"+abc+"  x\n", sums.String())
	require.NoError(t, sums.Write(dir))
	again, err := ReadSums(dir)
	require.NoError(t, err)
	require.Equal(t, sums, again)
	require.NoError(t, again.Check(dir, ""))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "runs", "a", "y"), []byte("abd"), 0o644))
	require.NoError(t, os.Remove(filepath.Join(dir, "x")))
	require.ErrorContains(t, sums.Check(dir, ""), "runs/a/y is damaged: its SHA-256 is a52d159f… instead of ba7816bf…\nx is missing")
	require.NoError(t, sums.Check(dir, "runs/a/z"))

	for _, line := range []string{"abc", abc + " x", abc + "  ../x", abc[1:] + "  x"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, SumsFile), []byte(line+"\n"), 0o644))
		_, err := ReadSums(dir)
		require.ErrorContains(t, err, "line 1", line)
	}
}

// A bundle's bytes follow from what its files hold, not from when and by whom they were made.
func TestPackIsReproducible(t *testing.T) {
	var hashes []string
	for i := range 2 {
		dir := filepath.Join(t.TempDir(), "b")
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "bin"), []os.FileMode{0o755, 0o700}[i]))
		names := []string{"bin/p", "a", "c"}
		if i == 1 {
			names = []string{"c", "bin/p", "a"}
		}
		for _, name := range names {
			mode := []os.FileMode{0o644, 0o600}[i]
			if name == "bin/p" {
				mode = []os.FileMode{0o755, 0o700}[i]
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(name), mode))
		}
		require.NoError(t, os.Symlink("p", filepath.Join(dir, "bin", "q")))
		file := filepath.Join(t.TempDir(), "b.tar.gz")
		require.NoError(t, pack(dir, file))
		sum, err := local.ReadSHA256(file)
		require.NoError(t, err)
		hashes = append(hashes, sum)
	}
	require.Equal(t, hashes[0], hashes[1])
}
