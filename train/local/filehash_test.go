package local

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A hash is read once, again when the file's size or time changes, and not kept where it cannot be.
func TestFileSHA256(t *testing.T) {
	root := fakeRoot(t, "module firsttoken\n")
	t.Setenv(HomeEnv, root)
	path := filepath.Join(t.TempDir(), "weights")
	at := time.Unix(1e9, 0)
	write := func(text string, at time.Time) {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		require.NoError(t, os.Chtimes(path, at, at))
	}
	hash := func() string {
		sum, err := FileSHA256(path)
		require.NoError(t, err)
		return sum
	}
	const abc, abd = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9"
	write("abc", at)
	require.Equal(t, abc, hash())
	write("abd", at) // the same size and time: what is kept is believed
	require.Equal(t, abc, hash())
	write("abd", at.Add(time.Nanosecond))
	require.Equal(t, abd, hash())
	require.NoError(t, os.WriteFile(filepath.Join(root, ".data", "cache", "files.json"), []byte("["), 0o644))
	require.Equal(t, abd, hash(), "a damaged cache")
	require.NoError(t, os.RemoveAll(filepath.Join(root, ".data")))
	require.NoError(t, os.WriteFile(filepath.Join(root, ".data"), nil, 0o644))
	require.Equal(t, abd, hash(), "no place to keep it")
	_, err := FileSHA256(path + "x")
	require.ErrorIs(t, err, os.ErrNotExist)
}
