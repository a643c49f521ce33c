package train

import (
	"fmt"
	"slices"

	"firsttoken/train/corpus"
	"firsttoken/train/optim"
	"firsttoken/train/transformer"
)

// Presets lists the names that [Preset] knows, the smallest first.
func Presets() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	return names
}

// Preset returns the configuration of that name:
//
//   - smoke: does it run? At most a minute on two CPU cores.
//   - laptop: sinks emerge, in minutes on two CPU cores.
//   - gpu: a run of at most three minutes on an H200-class GPU.
//   - paper-120m: Barbero et al.'s models, ≈120M parameters on 5B tokens at context
//     2048; for a shorter one set model.context, down to 128.
func Preset(name string) (Config, error) {
	i := slices.IndexFunc(presets, func(p preset) bool { return p.name == name })
	if i < 0 {
		return Config{}, fmt.Errorf("train: no preset %q: use one of %q", name, Presets())
	}
	return presets[i].config(), nil
}

type preset struct {
	name   string
	config func() Config
}

var presets = []preset{{"smoke", smoke}, {"laptop", laptop}, {"gpu", gpu}, {"paper-120m", paper120M}}

// llama is a decoder with as many key/value heads as query heads, and the MLP
// width that Llama takes: 8D/3, rounded up to a multiple of 16.
func llama(layers, width, heads, context int) transformer.Config {
	hidden := (8*width/3 + 15) / 16 * 16
	return transformer.Config{
		Width: width, Layers: layers, Heads: heads, KVHeads: heads, HeadDim: width / heads, Hidden: hidden,
		Context: context, NormEps: 1e-5, RopeBase: 10000, TiedOutput: true, Compute: "float32",
	}
}

// fixedBOS is the packing in which sinks are strongest in the paper's Table 2.
func fixedBOS() corpus.Packing {
	return corpus.Packing{Mask: corpus.MaskCausal, BOS: corpus.BOSFixed, Positions: corpus.PositionsContinued}
}

// base is what all presets share.
func base(model transformer.Config, data corpus.Spec) Config {
	return Config{
		Model: model, Data: data, Packing: fixedBOS(), Optimizer: optim.Default(),
		Accumulate: 1, InitStd: 0.02, Seed: 1,
		Monitor: MonitorConfig{Windows: 64, ShortT: min(64, model.Context), Epsilons: []float64{0.3, 0.8}},
	}
}

func smoke() Config {
	c := base(llama(2, 64, 4, 64), corpus.DefaultSpec(corpus.KindGoSource))
	c.BatchTokens, c.BudgetTokens = 1024, 400*1024
	c.Optimizer.WarmupSteps = 50
	c.Monitor.Steps, c.CheckpointSteps = 100, 200
	return c
}

func laptop() Config {
	data := corpus.DefaultSpec(corpus.KindGoSource)
	data.Tokenizer = corpus.DefaultTokenizerSpec(corpus.TokenizerBPE)
	data.Tokenizer.BPE.V = 512
	c := base(llama(3, 64, 4, 64), data)
	// Read as bytes, the same text makes fewer sinks (see LOG.md). The rate is constant so that the
	// curves of a run do not depend on where it ends.
	c.BatchTokens, c.BudgetTokens = 1024, 8_000*1024
	c.Optimizer.Schedule = "constant"
	c.Monitor.Steps, c.CheckpointSteps = 500, 500
	return c
}

func gpu() Config {
	data := corpus.DefaultSpec(corpus.KindGoSource)
	data.Tokenizer = corpus.DefaultTokenizerSpec(corpus.TokenizerBPE)
	c := base(llama(8, 512, 8, 512), data)
	c.Model.Compute = "bfloat16"
	// Without it, a context of 2048 takes some 64 GiB, with it 9 (LOG.md).
	c.Recompute = true
	c.BatchTokens, c.BudgetTokens = 1<<16, 50_000_000
	c.Optimizer.LearningRate = 1e-3
	c.Monitor.Steps, c.CheckpointSteps = 50, 500
	return c
}

func paper120M() Config {
	data := corpus.DefaultSpec(corpus.KindHub)
	data.Hub = new(corpus.DefaultHubConfig("HuggingFaceFW/fineweb-edu"))
	data.Hub.Config, data.HeldOut = "sample-10BT", 0.002
	data.Tokenizer = corpus.TokenizerSpec{Kind: corpus.TokenizerPretrained, Pretrained: "HuggingFaceTB/SmolLM2-135M"}
	c := base(llama(12, 768, 12, 2048), data)
	c.Model.Compute = "bfloat16"
	// 27 GiB, or a device for each micro-batch; without recomputation 163 (LOG.md).
	c.Recompute = true
	c.BatchTokens, c.Accumulate, c.BudgetTokens = 1<<19, 8, 5_000_000_000
	c.Optimizer.LearningRate, c.Optimizer.WarmupSteps = 6e-4, 200
	c.Monitor.Steps, c.CheckpointSteps = 100, 250
	return c
}
