package train

import (
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gomlx/compute"

	"firsttoken/train/local"
)

// Provenance is what a run ran on; it lies beside its result.
type Provenance struct {
	Started  time.Time         `json:"started"` // the last time, if it was stopped
	System   string            `json:"system"`
	CPU      string            `json:"cpu,omitempty"` // its model, where the system says
	CPUs     int               `json:"cpus"`
	Backend  string            `json:"backend"`
	Devices  int               `json:"devices"`
	Versions map[string]string `json:"versions"` // Go, GoMLX and this module
	Data     json.RawMessage   `json:"data"`     // what the corpus says of itself
}

func provenance(backend compute.Backend, devices int, d *data) Provenance {
	p := Provenance{
		Started: time.Now().UTC().Truncate(time.Second), System: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(),
		CPU: cpuModel(), Backend: anonymous(backend.Description()), Devices: devices,
		Versions: map[string]string{"go": runtime.Version()}, Data: d.provenance,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return p
	}
	for _, dep := range info.Deps {
		if strings.HasPrefix(dep.Path, "github.com/gomlx/") {
			p.Versions[dep.Path] = dep.Version
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "vcs.modified" {
			p.Versions[s.Key] = s.Value
		}
	}
	return p
}

// anonymous leaves the checkout's folder out of a text: results are shared.
func anonymous(text string) string {
	if root, err := local.Root(); err == nil {
		text = strings.ReplaceAll(text, root+string(os.PathSeparator), "")
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
