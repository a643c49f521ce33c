package train

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A disk that fills up while a checkpoint is written stops the run and leaves the
// checkpoint before it. With room again the run goes on from there.
func TestFullDisk(t *testing.T) {
	fullOnly(t, "trains on a disk that fills up")
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("only root can make a small disk: ", err)
	}
	// Detached, because GoMLX leaves the files of a failed checkpoint open until they
	// are garbage.
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	c := tiny(t)
	want, _ := whole(t, c)

	// Room for the first checkpoint but not for the second: the rest is taken once
	// the first is there.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, run, err := start(t, ctx, c, dir, Options{}, nil)
	require.ErrorIs(t, err, ErrStopped)
	all, err := run.Checkpoints()
	require.NoError(t, err)
	require.Len(t, all, 1)
	good := all[0].Step
	filler := filepath.Join(dir, "filler")
	var free syscall.Statfs_t
	require.NoError(t, syscall.Statfs(dir, &free))
	keep := int64(24 << 10) // for the curves, not for a checkpoint
	require.NoError(t, os.WriteFile(filler, make([]byte, int64(free.Bavail)*free.Bsize-keep), 0o644))

	_, _, err = start(t, context.Background(), c, dir, Options{}, nil)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "the one of step 1 is kept")
	all, err = run.Checkpoints()
	require.NoError(t, err)
	require.Equal(t, good, all[0].Step)

	require.NoError(t, os.Remove(filler))
	result, _, err := start(t, context.Background(), c, dir, Options{}, nil)
	require.NoError(t, err)
	require.Equal(t, want, result)
}
