// Package notebookdeps names the modules that notebook cells import but no
// package of this module does, so that `go mod tidy` keeps them in go.mod: a
// cell can import only packages of modules named there.
package notebookdeps

import (
	_ "github.com/janpfeifer/gonb/gonbui"
	_ "github.com/janpfeifer/gonb/gonbui/dom"
	_ "github.com/janpfeifer/gonb/gonbui/widgets"
	_ "github.com/janpfeifer/must"

	// Named ahead of their first use elsewhere in the module.
	_ "github.com/dlclark/regexp2"
	_ "github.com/gomlx/compute/gobackend"
	_ "github.com/gomlx/go-huggingface/hub"
	_ "github.com/gomlx/go-huggingface/models/gguf"
	_ "github.com/gomlx/go-huggingface/models/safetensors"
	_ "github.com/gomlx/go-xla/compute/xla"
	_ "github.com/gomlx/gomlx/core/graph"
	_ "github.com/gomlx/gomlx/ml/train"
	_ "github.com/sbinet/npyio/npz"
	_ "github.com/stretchr/testify/require"
	_ "gonum.org/v1/gonum/stat"
	_ "gonum.org/v1/plot"
	_ "gonum.org/v1/plot/vg/vgimg"
	_ "gonum.org/v1/plot/vg/vgsvg"
)
