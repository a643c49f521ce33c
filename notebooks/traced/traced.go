// Package traced draws and says what stored traces show: where the residual stream and the values
// stand out (massive activations of Sun et al., arXiv 2402.17762), and how many heads have a sink
// (Gu et al., arXiv 2410.10781; Table 1 of Barbero et al., arXiv 2504.02732). It links no tensor
// library: cells that only plot answer at once.
package traced

import (
	"path/filepath"

	"firsttoken/sinks"
	"firsttoken/train/local"
)

// path is where the trace of a name such as "01/prompt" lies.
func path(name string) (string, error) {
	folder, err := local.DataDir("traces", filepath.Dir(name))
	return filepath.Join(folder, filepath.Base(name)+".safetensors"), err
}

// Save keeps a trace under a name, for the cells that plot.
func Save(name string, t *sinks.Trace) error {
	file, err := path(name)
	if err != nil {
		return err
	}
	return t.Save(file)
}

// Load reads it again.
func Load(name string) (*sinks.Trace, error) {
	file, err := path(name)
	if err != nil {
		return nil, err
	}
	return sinks.Load(file)
}
