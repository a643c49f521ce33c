package train

import (
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gomlx/compute"
)

// Provenance is what a run ran on; it lies beside its result.
type Provenance struct {
	Started  time.Time         `json:"started"` // the last time, if it was stopped
	Host     string            `json:"host"`
	System   string            `json:"system"`
	CPUs     int               `json:"cpus"`
	Backend  string            `json:"backend"`
	Devices  int               `json:"devices"`
	Versions map[string]string `json:"versions"` // Go, GoMLX and this module
	Data     json.RawMessage   `json:"data"`     // what the corpus says of itself
}

func provenance(backend compute.Backend, devices int, d *data) Provenance {
	p := Provenance{
		Started: time.Now().UTC().Truncate(time.Second), System: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(),
		Backend: backend.Description(), Devices: devices,
		Versions: map[string]string{"go": runtime.Version()}, Data: d.provenance,
	}
	p.Host, _ = os.Hostname()
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
