// Package notebookdeps names the modules that notebook cells import but no
// package of this module does, so that `go mod tidy` keeps them in go.mod: a
// cell can import only packages of modules named there.
package notebookdeps

import (
	_ "github.com/janpfeifer/gonb/gonbui"
	_ "github.com/janpfeifer/gonb/gonbui/dom"
	_ "github.com/janpfeifer/gonb/gonbui/widgets"
	_ "github.com/janpfeifer/must"
)
