//go:build !(linux && amd64)

package main

import (
	"fmt"
	"runtime"
)

func installCUDA(_, _, _ string) error {
	return fmt.Errorf("there is no CUDA plugin for %s/%s, only for linux/amd64", runtime.GOOS, runtime.GOARCH)
}
