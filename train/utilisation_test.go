package train

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPeakOf(t *testing.T) {
	for name, tflops := range map[string]float64{
		"NVIDIA H100 80GB HBM3": 989, "NVIDIA H100 PCIe": 756, "NVIDIA H200": 989, "NVIDIA H100 NVL": 835,
		"NVIDIA A100-SXM4-80GB": 312, "NVIDIA L40S": 362, "NVIDIA L4": 121, "NVIDIA L40": 0, "Tesla T4": 0, "": 0,
	} {
		require.Equal(t, tflops*1e12, peakOf(name), name)
	}
	peak, name := DevicePeak(openBackend(t))
	if name == "" { // a CPU
		require.Zero(t, peak)
	}
}

// 300,000 tokens/s of 120M parameters at context 2048, 963 MFLOP each, on an H100.
func TestUtilisation(t *testing.T) {
	c, err := Preset("paper-120m")
	require.NoError(t, err)
	c.Model.Vocab = 49152
	require.InDelta(t, 0.292, c.Utilisation(300_000, peakOf("NVIDIA H100")), 5e-4)
}
