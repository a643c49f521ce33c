package corpus

import (
	"go/build"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// withoutGo hides the go command and sets the GOROOT that a program remembers.
func withoutGo(t *testing.T, built string) {
	t.Setenv("PATH", t.TempDir())
	old := build.Default.GOROOT
	t.Cleanup(func() { build.Default.GOROOT = old })
	build.Default.GOROOT = built
}

func TestRootWithoutGoCommand(t *testing.T) {
	withoutGo(t, "testdata/goroot")
	root, err := GoTree{}.root()
	require.NoError(t, err)
	require.Equal(t, "testdata/goroot", root)
}

func TestRootNowhere(t *testing.T) {
	withoutGo(t, "")
	_, err := GoTree{}.root()
	require.ErrorContains(t, err, "no Go source tree found (`go env GOROOT`: ")
	require.ErrorContains(t, err, "was built with: not known): install Go from https://go.dev/dl")

	bare := t.TempDir() // a toolchain whose distribution packages the sources apart
	build.Default.GOROOT = bare
	_, err = GoTree{}.root()
	require.ErrorContains(t, err, bare+" has no folder src")
}

func TestRootAsksTheGoCommandFirst(t *testing.T) {
	withoutGo(t, "testdata/goroot")
	other := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(other, "src"), 0o755))
	script := "#!/bin/sh\necho '" + other + "'\n"
	require.NoError(t, os.WriteFile(filepath.Join(os.Getenv("PATH"), "go"), []byte(script), 0o755))
	root, err := GoTree{}.root()
	require.NoError(t, err)
	require.Equal(t, other, root)

	require.NoError(t, os.WriteFile(filepath.Join(os.Getenv("PATH"), "go"), []byte("#!/bin/sh\necho toolchain not available >&2; exit 1\n"), 0o755))
	build.Default.GOROOT = ""
	_, err = GoTree{}.root()
	require.ErrorContains(t, err, "toolchain not available", "what the go command says is passed on")
}
