package train

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkUpdate is one update of 4 layers, vocabulary 2048: d 128, 4 heads, context
// 128, 32 windows, and d 512, 8 heads, context 512, 4 windows. `-benchtime=20x` is
// enough; the first two, which compile and grow the heap, are not counted. Against
// PyTorch and JAX: `make bench ARGS="-rows training"`.
func BenchmarkUpdate(b *testing.B) {
	for _, size := range [][]string{
		{"model.width=128", "model.heads=4", "model.kv_heads=4", "model.head_dim=32", "model.hidden=352", "model.context=128", "batch_tokens=4096"},
		{"model.width=512", "model.heads=8", "model.kv_heads=8", "model.head_dim=64", "model.hidden=1376", "model.context=512", "batch_tokens=2048"},
	} {
		b.Run(size[0], func(b *testing.B) {
			c, err := tiny(b).Set(append(size, "model.layers=4", "model.vocab=2048", "budget_tokens=40960000", "init_std=0.02", "optimizer.warmup_steps=100")...)
			require.NoError(b, err)
			u, err := NewUpdater(openBackend(b), c)
			require.NoError(b, err)
			defer u.Close()
			stream := source(c, nil).train
			_, err = u.Run(stream, 2)
			require.NoError(b, err)
			before := processorSeconds(b)
			b.ResetTimer()
			_, err = u.Run(stream, b.N)
			require.NoError(b, err)
			// On a machine that others use too, this says more than the time that passed.
			b.ReportMetric(1e3*(processorSeconds(b)-before)/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(c.BatchTokens)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// BenchmarkForms is what an update takes with each form of attention, in processor time against
// softmax's: the laptop preset's model on 4,096 tokens, vocabulary 512. Softmax and the form take
// turns, five updates each, b.N turns after one that is not counted; the ratio is the median over
// turns. `-benchtime=20x` is enough.
func BenchmarkForms(b *testing.B) {
	updates := func(b *testing.B, change string) func() float64 {
		c, err := Preset("laptop")
		require.NoError(b, err)
		c, err = c.Set(append(strings.Fields(change), "model.vocab=512", "batch_tokens=4096", "budget_tokens=4096000000")...)
		require.NoError(b, err)
		u, err := NewUpdater(openBackend(b), c)
		require.NoError(b, err)
		b.Cleanup(u.Close)
		stream := source(c, nil).train
		return func() float64 {
			before := processorSeconds(b)
			_, err := u.Run(stream, 5)
			require.NoError(b, err)
			return processorSeconds(b) - before
		}
	}
	softmax := updates(b, "")
	for _, form := range []string{
		"model.pattern.kind=softpick", "model.pattern.kind=sink-logit", "model.pattern.kind=key-bias", "model.pattern.kind=off-by-one",
		"model.pattern.kind=sigmoid", `model.pattern={"kind":"clipped","gamma":-0.03,"zeta":1}`, "model.out_gate=head", "model.out_gate=element",
	} {
		b.Run(form, func(b *testing.B) {
			own := updates(b, form)
			softmax()
			own()
			var ratios []float64
			for b.Loop() {
				base := softmax()
				ratios = append(ratios, own()/base)
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "x-softmax")
		})
	}
}

// processorSeconds is the processor time this process has had.
func processorSeconds(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
