package train

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkUpdate is one update of 4 layers, d 128, 4 heads at context 128: 32
// windows, vocabulary 2048. `-benchtime=20x` is enough; the first, which compiles,
// is not counted.
func BenchmarkUpdate(b *testing.B) {
	c, err := tiny(b).Set("model.layers=4", "model.width=128", "model.heads=4", "model.kv_heads=4", "model.head_dim=32", "model.hidden=352",
		"model.context=128", "model.vocab=2048", "batch_tokens=4096", "budget_tokens=40960000", "init_std=0.02", "optimizer.warmup_steps=100")
	require.NoError(b, err)
	backend := openBackend(b)
	vars := randomVars(b, &c.Model, 0.02)
	defer vars.Finalize()
	d := &decoder{c: &c.Model, packing: c.Packing}
	trainer, loop, err := newLoop(backend, vars, d, &c)
	require.NoError(b, err)
	defer trainer.ResetComputationGraphs()
	f := &feed{stream: walk{t: 128, v: 2048, p: c.Packing}, d: d, windows: c.windows(), accumulate: 1}
	_, err = loop.RunSteps(f, 2)
	require.NoError(b, err)
	before := processorSeconds(b)
	b.ResetTimer()
	_, err = loop.RunSteps(f, b.N)
	require.NoError(b, err)
	// On a machine that others use too, this says more than the time that passed.
	b.ReportMetric(1e3*(processorSeconds(b)-before)/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(c.BatchTokens)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// processorSeconds is the processor time this process has had.
func processorSeconds(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
