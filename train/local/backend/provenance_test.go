package backend

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersions(t *testing.T) {
	info := &debug.BuildInfo{
		Main: debug.Module{Path: "firsttoken", Version: "v0.0.0-20260101000000-0123456789ab+dirty"},
		Deps: []*debug.Module{
			{Path: "github.com/gomlx/gomlx", Version: "v0.28.2"},
			{Path: "github.com/other/module", Version: "v1.0.0"},
		},
	}
	got := versions(info, true)
	require.Contains(t, got["go"], "go1.")
	delete(got, "go")
	require.Equal(t, map[string]string{"firsttoken": "v0.0.0-20260101000000-0123456789ab+dirty", "gomlx": "v0.28.2"}, got)

	info.Main.Version = unversioned
	require.NotContains(t, versions(info, true), "firsttoken")
	require.Len(t, versions(nil, false), 1)
}

// A notebook cell is a main module of its own; ours is then a dependency.
func TestVersionsOfADependency(t *testing.T) {
	info := &debug.BuildInfo{
		Main: debug.Module{Path: "cell"},
		Deps: []*debug.Module{{Path: "firsttoken", Version: "v1.2.3"}},
	}
	require.Equal(t, "v1.2.3", versions(info, true)["firsttoken"])
}
