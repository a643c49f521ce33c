package main

import (
	"fmt"

	"github.com/gomlx/go-xla/installer"
)

// installCUDA installs NVIDIA's libraries and, last, the plugin
// dir/nvidia/pjrt_c_api_cuda_plugin.so. The folder must be the one where they
// stay and be called go-xla: links to the libraries are absolute or name it.
func installCUDA(dir, cuda, jaxVersion string) error {
	if err := installer.CudaInstall("cuda"+cuda, jaxVersion, dir, false, installer.Normal); err != nil {
		return fmt.Errorf("no CUDA %s plugin of JAX %s: %w", cuda, jaxVersion, err)
	}
	return nil
}
