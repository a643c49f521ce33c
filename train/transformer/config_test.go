package transformer

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

func TestTinyIsValid(t *testing.T) {
	c := Tiny()
	require.NoError(t, c.Validate())
	// 64·32 embedding, 32 norm; a block: 2·32 norms, 2·32² query and output,
	// 2·16·32 key and value, 3·48·32 MLP.
	require.Equal(t, 64*32+32+2*(2*32+2*32*32+2*16*32+3*48*32), c.Parameters())
}

func TestValidate(t *testing.T) {
	scaling := func(factor, low, high float64, context int) *RopeScaling {
		return &RopeScaling{Factor: factor, LowFreqFactor: low, HighFreqFactor: high, OriginalContext: context}
	}
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no vocab", func(c *Config) { c.Vocab = 0 }, "vocab = 0: must be between 1 and 16777216"},
		{"negative width", func(c *Config) { c.Width = -32 }, "width = -32"},
		{"no layers", func(c *Config) { c.Layers = 0 }, "layers = 0"},
		{"no heads", func(c *Config) { c.Heads = 0 }, "heads = 0"},
		{"no kv heads", func(c *Config) { c.KVHeads = 0 }, "kv_heads = 0"},
		{"no head width", func(c *Config) { c.HeadDim = 0 }, "head_dim = 0"},
		{"no MLP", func(c *Config) { c.Hidden = 0 }, "hidden = 0"},
		{"no context", func(c *Config) { c.Context = 0 }, "context = 0"},
		{"absurd layers", func(c *Config) { c.Layers = math.MaxInt }, "layers = 9223372036854775807: must be between 1 and 4096"},
		{"absurd in sum", func(c *Config) { c.Width, c.Hidden = 1<<20, 1<<24 }, "parameters: the limit is 1099511627776"},
		{"uneven groups", func(c *Config) { c.KVHeads = 3 }, "heads = 4 is not a multiple of kv_heads = 3"},
		{"more kv heads", func(c *Config) { c.KVHeads = 8 }, "heads = 4 is not a multiple of kv_heads = 8"},
		{"odd head width", func(c *Config) { c.HeadDim = 7 }, "head_dim = 7: rotary positions need an even width"},
		{"no ε", func(c *Config) { c.NormEps = 0 }, "norm_eps = 0"},
		{"ε not a number", func(c *Config) { c.NormEps = nan }, "norm_eps = NaN"},
		{"large ε", func(c *Config) { c.NormEps = 2 }, "norm_eps = 2"},
		{"base of 1", func(c *Config) { c.RopeBase = 1 }, "rope_base = 1"},
		{"infinite base", func(c *Config) { c.RopeBase = inf }, "rope_base = +Inf"},
		{"base not a number", func(c *Config) { c.RopeBase = nan }, "rope_base = NaN"},
		{"shrinking scale", func(c *Config) { c.RopeScale = scaling(0.5, 1, 4, 64) }, "rope_scaling = {Factor:0.5"},
		{"infinite scale", func(c *Config) { c.RopeScale = scaling(inf, 1, 4, 64) }, "all finite"},
		{"crossed factors", func(c *Config) { c.RopeScale = scaling(8, 4, 1, 64) }, "low_freq_factor < high_freq_factor"},
		{"no original context", func(c *Config) { c.RopeScale = scaling(8, 1, 4, 0) }, "original_context ≥ 1"},
		{"too few factors", func(c *Config) { c.RopeFactors = []float64{1, 2} }, "rope_factors has 2 entries: must be head_dim/2 = 4"},
		{"factor of 0", func(c *Config) { c.RopeFactors = []float64{1, 2, 0, 4} }, "rope_factors[2] = 0"},
		{"factor not a number", func(c *Config) { c.RopeFactors = []float64{1, 2, 3, nan} }, "rope_factors[3] = NaN"},
		{"both scalings", func(c *Config) { c.RopeFactors, c.RopeScale = []float64{1, 1, 1, 1}, scaling(8, 1, 4, 64) }, "use one"},
		{"compute type", func(c *Config) { c.Compute = "float16" }, `compute = "float16": must be float32 or bfloat16`},
		{"activation", func(c *Config) { c.Activation = "tanh" }, `activation = "tanh": must be silu, gelu-tanh, gelu or relu`},
		{"switches", func(c *Config) {
			c.QKNorm, c.Norm, c.Placement, c.ScoreScale, c.RotaryDim, c.LearnedPositions = "all", "batch", "pre", -1, 10, 5
			c.OutGate = "channel"
		}, `qk_norm = "all": must be head or width
norm = "batch": must be layer, or empty for RMSNorm
norm_placement = "pre": must be sandwich or post
out_gate = "channel": must be head or element, or empty for none
score_scale = -1: must be above 0 and finite, or 0 for 1/√Dh
rotary_dim = 10: must be even and at most head_dim = 8, or 0 for all of it
learned_positions = 5: fewer than context = 128`},
		{"pattern kind", func(c *Config) { c.Pattern.Kind = "sofmax" }, `pattern "sofmax" is unknown: use softmax`},
		{"γ of softmax", func(c *Config) { c.Pattern.Gamma = -1 }, "takes no gamma or zeta"},
		{"γ above 0", func(c *Config) { c.Pattern = Pattern{PatternClipped, 0.1, 1} }, "need gamma ≤ 0 and zeta ≥ 1"},
		{"ζ below 1", func(c *Config) { c.Pattern = Pattern{Kind: PatternClipped} }, "need gamma ≤ 0 and zeta ≥ 1"},
		{"γ not a number", func(c *Config) { c.Pattern = Pattern{PatternClipped, nan, 1} }, "gamma = NaN"},
		{"ζ infinite", func(c *Config) { c.Pattern = Pattern{PatternClipped, 0, inf} }, "both finite"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Tiny()
			test.change(&c)
			require.ErrorContains(t, c.Validate(), test.want)
			_, err := RandomParams(&c, dtypes.Float32, 0.02, 1)
			require.ErrorContains(t, err, test.want)
			_, err = New(pureGo(t), c, &Params[*tensors.Tensor]{})
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestValidateTellsAllAtOnce(t *testing.T) {
	err := new(Config).Validate()
	for _, field := range []string{"vocab", "width", "layers", "heads", "kv_heads", "head_dim", "hidden", "context", "norm_eps", "rope_base"} {
		require.ErrorContains(t, err, field+" = 0")
	}
}

// A valid configuration of a size that no host holds is refused before memory is
// asked for.
func TestRandomParamsRefuses(t *testing.T) {
	huge := Tiny()
	huge.Vocab, huge.Width = 1<<24, 1<<14
	require.NoError(t, huge.Validate())
	_, err := RandomParams(&huge, dtypes.Float32, 0.02, 1)
	require.ErrorContains(t, err, "weights: the limit is 4294967296")

	c := Tiny()
	_, err = RandomParams(&c, dtypes.Int32, 0.02, 1)
	require.ErrorContains(t, err, "dtype Int32: must be Float32 or BFloat16")
	for _, std := range []float64{-1, math.NaN(), math.Inf(1)} {
		_, err = RandomParams(&c, dtypes.Float32, std, 1)
		require.ErrorContains(t, err, "must be finite and not negative")
	}
}

func TestParseConfig(t *testing.T) {
	want := Tiny()
	want.Pattern = Pattern{Kind: PatternClipped, Gamma: -0.1, Zeta: 1}
	want.RopeScale = &RopeScaling{Factor: 8, LowFreqFactor: 1, HighFreqFactor: 4, OriginalContext: 64}
	want.Activation, want.ScaleEmbed = ActivationGELUTanh, true
	text, err := json.Marshal(want)
	require.NoError(t, err)
	got, err := ParseConfig(text)
	require.NoError(t, err)
	require.Equal(t, want, got)

	for text, message := range map[string]string{
		`{"vocab": 64, "n_heads": 4}`:    `unknown field "n_heads"`,
		`{"pattern": {"alpha": 1}}`:      `unknown field "alpha"`,
		`{"vocab": 64.5}`:                "vocab",
		`{"vocab": "64"}`:                "vocab",
		`{"vocab": 64`:                   "unexpected EOF",
		``:                               "EOF",
		`null`:                           "vocab = 0",
		string(text) + `{}`:              "more text after the JSON object",
		string(text) + ` trailing words`: "more text after the JSON object",
	} {
		_, err := ParseConfig([]byte(text))
		require.ErrorContains(t, err, message, text)
		require.ErrorContains(t, err, "transformer config: ")
	}
}

// The hashes that name training runs are taken of this text: options that came later
// must not show in it while unused.
func TestUnusedOptionsAreNotWritten(t *testing.T) {
	text, err := json.Marshal(Tiny())
	require.NoError(t, err)
	require.Equal(t, `{"vocab":64,"width":32,"layers":2,"heads":4,"kv_heads":2,"head_dim":8,"hidden":48,"context":128,`+
		`"norm_eps":0.00001,"rope_base":10000,"tied_output":true,"pattern":{}}`, string(text))
}

// Whatever is accepted is valid, says the same when written and read again, and is
// small enough to work with.
func FuzzParseConfig(f *testing.F) {
	tiny, err := json.Marshal(Tiny())
	require.NoError(f, err)
	f.Add(tiny)
	f.Add([]byte(`{"vocab":1,"width":1,"layers":1,"heads":1,"kv_heads":1,"head_dim":2,"hidden":1,"context":1,"norm_eps":1e-9,"rope_base":2,"rope_factors":[0.001]}`))
	f.Add([]byte(`{"vocab":9e99,"pattern":{"kind":"clipped","gamma":-1e308,"zeta":1e308}}`))
	f.Add([]byte(`{"activation":"gelu-tanh","scale_embed":true}`))
	f.Add([]byte(`{"VOCAB":1,"vocab":2}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseConfig(text)
		if err != nil {
			return
		}
		require.NoError(t, c.Validate())
		require.Positive(t, c.Parameters())
		for _, freq := range c.Frequencies(Kind{}) {
			require.True(t, freq >= 0 && freq <= 1000, "frequency %g", freq)
		}
		again, err := json.Marshal(c)
		require.NoError(t, err)
		back, err := ParseConfig(again)
		require.NoError(t, err)
		twice, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, string(again), string(twice))
	})
}
