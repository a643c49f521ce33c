package train

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
)

// Utilisation is the share of a peak, in FLOP/s, that training at that many tokens a second makes
// use of, counting the work of the model alone (model FLOPs utilisation, MFU; see
// [transformer.Config.FLOPsPerToken]).
func (c *Config) Utilisation(tokensPerSecond, peak float64) float64 {
	return tokensPerSecond * c.Model.FLOPsPerToken(c.Model.Context) / peak
}

// peaks are the rates of dense matrix products in bfloat16, TFLOP/s, by part of the name that the
// driver gives a GPU; the first that fits counts. From NVIDIA's data sheets, without sparsity.
var peaks = []struct {
	name   string
	tflops float64
}{
	{"B200", 2250}, {"H200 NVL", 835}, {"H200", 989}, {"H100 NVL", 835}, {"H100 PCIe", 756}, {"H100", 989}, {"A100", 312},
	{"L40S", 362}, {"L4", 121}, {"RTX 4090", 165}, {"RTX 5090", 209},
}

// DevicePeak is the peak, in FLOP/s of bfloat16 matrix products, of one of the GPUs that a backend
// computes on, and the GPU's name, empty where there is none; 0 where its peak is not known.
func DevicePeak(b compute.Backend) (peak float64, name string) {
	if !onCUDA(b) {
		return 0, ""
	}
	name = gpuName()
	return peakOf(name), name
}

// gpuName is the first GPU's name: what nvidia-smi says, else the driver itself.
func gpuName() string {
	if out, err := exec.Command("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").Output(); err == nil {
		name, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return name
	}
	files, _ := filepath.Glob("/proc/driver/nvidia/gpus/*/information")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "Model:"); ok {
				return strings.TrimSpace(name)
			}
		}
	}
	return "a GPU of unknown name"
}

// onCUDA reports whether a backend computes on NVIDIA's GPUs.
func onCUDA(b compute.Backend) bool {
	gpu, ok := b.(interface{ IsCUDA() bool })
	return ok && gpu.IsCUDA()
}

func peakOf(name string) float64 {
	for _, p := range peaks {
		if strings.Contains(name+" ", p.name+" ") || strings.Contains(name, p.name+"-") {
			return p.tflops * 1e12
		}
	}
	return 0
}
