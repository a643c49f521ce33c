package train

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gomlx/compute"

	"firsttoken/train/corpus"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/store"
)

// Provenance is what a run ran on; it lies beside its result.
type Provenance struct {
	Started  time.Time         `json:"started"` // the last time, if it was stopped
	System   string            `json:"system"`
	CPU      string            `json:"cpu,omitempty"` // its model, where the system says
	CPUs     int               `json:"cpus"`
	Backend  string            `json:"backend"`
	Devices  int               `json:"devices"`
	Versions map[string]string `json:"versions"` // see backend.Provenance
	Data     json.RawMessage   `json:"data"`     // what the corpus says of itself
	From     *Origin           `json:"from,omitempty"`
	Warnings []string          `json:"warnings,omitempty"`
}

// corpus reads Data. It is empty where nothing is recorded.
func (p Provenance) corpus() (c corpus.Provenance, err error) {
	if len(p.Data) > 0 {
		err = json.Unmarshal(p.Data, &c)
	}
	return c, err
}

// sameData returns an error that says how the tokens of two provenances differ. A configuration
// names a text (the user's own Go toolchain, a folder), not its content, and that may have changed
// since.
func (p Provenance) sameData(now Provenance) error {
	a, errA := p.corpus()
	b, errB := now.corpus()
	switch {
	case errA != nil || errB != nil || len(p.Data) == 0 || len(now.Data) == 0:
		return nil // nothing to compare
	case a.Tokenizer != b.Tokenizer:
		return fmt.Errorf("its text was tokenised otherwise (%s then, %s now)", a.Training.Recipe, b.Training.Recipe)
	case a.Training.Digest != b.Training.Digest || a.HeldOut.Digest != b.HeldOut.Digest:
		return fmt.Errorf("its text was another (%s then, %s now)", a.Training.Recipe, b.Training.Recipe)
	}
	return nil
}

// unlikeShipped says in a line how the text of a run that is trained here differs from that of the
// run of its name that comes with the checkout: on another Go toolchain "the source of Go" is
// another text. "" if it does not, or if none comes with it.
func unlikeShipped(run *store.Run, now Provenance) string {
	dir, err := local.ShippedRuns()
	if err != nil {
		return ""
	}
	shipped := store.At(dir, run.ID)
	var then Provenance
	if found, err := shipped.Provenance(&then); err != nil || !found || shipped.Dir == run.Dir {
		return ""
	}
	if err := then.sameData(now); err != nil {
		return fmt.Sprintf("run %s will not be the one of that name that comes with the checkout: %v", run.ID, err)
	}
	return ""
}

// Origin is the finished run whose end a run went on from (see [Run]), and its step there. How it
// was trained is in its own provenance.
type Origin struct {
	Run  string `json:"run"`
	Step int    `json:"step"`
}

func provenance(b compute.Backend, devices int, d *data) Provenance {
	return Provenance{
		Started: time.Now().UTC().Truncate(time.Second), System: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(),
		CPU: cpuModel(), Backend: Describe(b), Devices: devices,
		Versions: backend.Provenance(), Data: d.provenance,
	}
}

// Describe is a backend's description without the folders of the checkout and the plugin: results
// are shared.
func Describe(b compute.Backend) string {
	text := b.Description()
	if root, err := local.Root(); err == nil {
		text = strings.ReplaceAll(text, root+string(os.PathSeparator), "")
	}
	_, options, _ := strings.Cut(os.Getenv(compute.ConfigEnvVar), ":")
	if plugin, _, _ := strings.Cut(options, ","); filepath.IsAbs(plugin) {
		text = strings.ReplaceAll(text, filepath.Dir(plugin)+string(os.PathSeparator), "")
	}
	return text
}

// cpuModel is the name of the first processor, "" where it cannot be told.
func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
