package away

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/local"
)

// touch makes empty files, with their folders.
func touch(t *testing.T, paths ...string) {
	t.Helper()
	for _, p := range paths {
		require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
		require.NoError(t, os.WriteFile(p, nil, 0o755))
	}
}

func TestFindPlugin(t *testing.T) {
	none := func(string) string { return "" }
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	links := filepath.Join(dir, "links")

	plugin := filepath.Join(dir, "p.so")
	_, err := findPlugin(dir, links, func(string) string { return "xla:" + plugin })
	require.ErrorContains(t, err, "p.so")
	touch(t, plugin)
	got, err := findPlugin(dir, links, func(string) string { return "xla:" + plugin })
	require.NoError(t, err)
	require.Equal(t, "xla:"+plugin+",tf32=false", got)
	got, err = findPlugin(dir, links, func(string) string { return "xla:" + plugin + ",tf32=true" })
	require.NoError(t, err)
	require.Equal(t, "xla:"+plugin+",tf32=true", got, "who names it decides")
	for _, wrong := range []string{"go", "xla:cuda", "xla"} {
		_, err = findPlugin(dir, links, func(string) string { return wrong })
		require.ErrorContains(t, err, "must name a plugin", wrong)
	}

	_, err = findPlugin(dir, links, none)
	require.ErrorContains(t, err, "no XLA plugin: name one")
	require.ErrorContains(t, err, "no python3 in PATH")

	// A JAX whose packages of libraries lie in two folders.
	site, more := filepath.Join(dir, "site"), filepath.Join(dir, "more")
	python := func(plugin string) {
		text := fmt.Sprintf("#!/bin/sh\necho '{\"plugin\": \"%s\", \"nvidia\": [\"%s/nvidia\", \"%s/nvidia\"]}'\n", plugin, site, more)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "python3"), []byte(text), 0o755))
	}
	python("")
	touch(t, filepath.Join(site, "nvidia", "cudnn", "lib", "libcudnn.so.9"), filepath.Join(more, "nvidia", "cublas", "lib", "libcublas.so.13"))
	_, err = findPlugin(dir, links, none)
	require.ErrorContains(t, err, "no package jax_cuda13_pjrt")
	jaxs := filepath.Join(site, "jax_plugins", "xla_cuda13", "xla_cuda_plugin.so")
	python(jaxs)
	touch(t, jaxs)
	_, err = findPlugin(dir, links, none)
	require.ErrorContains(t, err, "there is no ptxas")
	touch(t, filepath.Join(more, "nvidia", "cu13", "bin", "ptxas"), filepath.Join(more, "nvidia", "cu13", "nvvm", "libdevice", "libdevice.10.bc"))
	for range 2 { // again, over what is there
		got, err = findPlugin(dir, links, none)
		require.NoError(t, err)
		require.Equal(t, "xla:"+links+"/nvidia/pjrt_c_api_cuda_plugin.so,tf32=false", got)
	}
	for _, name := range []string{"pjrt_c_api_cuda_plugin.so", "cudnn/lib/libcudnn.so.9", "bin/ptxas", "nvvm/libdevice/libdevice.10.bc", "cu13/bin/ptxas"} {
		require.FileExists(t, filepath.Join(links, "nvidia", name))
	}

	// The bundle's own comes before.
	own := filepath.Join(dir, ".tools", "xla", "cuda", "nvidia", "pjrt_c_api_cuda_plugin.so")
	touch(t, own, filepath.Join(dir, local.BundleFile))
	t.Setenv(local.HomeEnv, dir)
	got, err = findPlugin(dir, links, none)
	require.NoError(t, err)
	require.Equal(t, "xla:"+own+",tf32=false", got)
}

func TestReason(t *testing.T) {
	for text, want := range map[string]string{
		"step 5\ntrain: run x: step 6: boom\n":                                                  "run x: step 6: boom",
		"E: Out of memory allocating 5 bytes\ntrain: run x: the device's memory is too small\n": "out of memory: run x: the device's memory is too small",
		"fatal: RESOURCE_EXHAUSTED: 7 GiB\ngoroutine 1\n":                                       "out of memory: fatal: RESOURCE_EXHAUSTED: 7 GiB",
		"train: run x: write: no space left on device":                                          "the disk is full: make room and run it again",
		"noise\nF0000 1 env.cc:93] Check failed: ret == 0 (11 vs. 0)\n    @ 0x7f\n":             "F0000 1 env.cc:93] Check failed: ret == 0 (11 vs. 0)",
		"": "it ended with status 0 and no word",
	} {
		var end tail
		_, err := end.Write([]byte(text))
		require.NoError(t, err)
		require.Equal(t, want, end.reason("train", 0), text)
	}
	var end tail
	require.Equal(t, "it was killed, which systems do when memory runs out", end.reason("train", 9))
}
