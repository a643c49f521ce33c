package train

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
	"firsttoken/train/local/backend"
	"firsttoken/train/store"
	"firsttoken/train/transformer"
)

// Compiling takes longer than running these tests' small graphs: let LLVM leave
// out what makes code fast, except for benchmarks. Set before the plugin is loaded.
func TestMain(m *testing.M) {
	flag.Parse()
	if bench := flag.Lookup("test.bench"); os.Getenv("XLA_FLAGS") == "" && bench.Value.String() == "" {
		os.Setenv("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")
	}
	code := m.Run()
	if shared != "" {
		os.RemoveAll(shared)
	}
	os.Exit(code)
}

// shared is the store of runs that several tests look at, "" until one does.
var shared string

func openBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, _, err := backend.Open()
	require.NoError(t, err)
	return b
}

// tiny is a run of ten updates that takes a moment.
func tiny(t testing.TB) Config {
	t.Helper()
	c, err := Preset("smoke")
	require.NoError(t, err)
	c, err = c.Set("model.layers=1", "model.width=16", "model.heads=2", "model.kv_heads=1", "model.head_dim=8", "model.hidden=24",
		"model.context=8", "model.vocab=17", "batch_tokens=32", "budget_tokens=320", "init_std=0.1", "optimizer.warmup_steps=2",
		"monitor.steps=4", "monitor.windows=4", "monitor.short_t=8", "checkpoint_steps=3")
	require.NoError(t, err)
	return c
}

// walk is a stream of documents whose tokens count up by a step that belongs to
// the document: there is something to learn.
type walk struct {
	t, v int
	p    corpus.Packing
	seed uint64
	// onBatch, if set, sees each batch before it is handed out.
	onBatch func(step int, b corpus.Batch)
}

func (w walk) T() int       { return w.t }
func (w walk) V() int       { return w.v }
func (w walk) Windows() int { return 1000 }

func (w walk) Batch(step, n int) (corpus.Batch, error) {
	b := corpus.NewBatch(n, w.t)
	for i := range n {
		rng := rand.New(rand.NewPCG(w.seed, uint64(step*n+i)))
		row := b.Row(i)
		segment, position, id, stride := int32(0), int32(0), 0, 0
		for t := range w.t {
			if t == 0 || rng.IntN(5) == 0 {
				segment++
				id, stride = rng.IntN(w.v), 1+rng.IntN(3)
				if w.p.Positions == corpus.PositionsRestarted {
					position = 0
				}
			}
			row.Tokens[t], row.Targets[t] = int32(id), int32((id+stride)%w.v)
			row.Segments[t], row.Positions[t], row.Weights[t] = segment, position, float32(min(rng.IntN(4), 1))
			id, position = (id+stride)%w.v, position+1
		}
		if w.p.BOS == corpus.BOSFixed {
			row.Tokens[0], row.Segments[0] = 0, 0
		}
	}
	if w.onBatch != nil {
		w.onBatch(step, b)
	}
	return b, nil
}

// source serves a run from a walk.
func source(c Config, onBatch func(int, corpus.Batch)) *data {
	w := walk{t: c.Model.Context, v: c.Model.Vocab, p: c.Packing, seed: c.Seed, onBatch: onBatch}
	return &data{
		train: w, vocab: c.Model.Vocab,
		held: func(as condition) (corpus.Stream, error) {
			if as.single {
				return nil, nil // fewer graphs to compile
			}
			return walk{t: as.t, v: c.Model.Vocab, p: as.packing, seed: 99}, nil
		},
	}
}

// start carries out a run in a store's folder.
func start(t testing.TB, ctx context.Context, c Config, dir string, o Options, onBatch func(int, corpus.Batch)) (*Result, *store.Run, error) {
	t.Helper()
	return startOn(t, ctx, c, dir, o, source(c, onBatch))
}

// startOn is start on given data.
func startOn(t testing.TB, ctx context.Context, c Config, dir string, o Options, d *data) (*Result, *store.Run, error) {
	t.Helper()
	require.NoError(t, c.Validate())
	run, err := at(c, dir)
	require.NoError(t, err)
	require.NoError(t, run.Create())
	require.NoError(t, run.WriteConfig(c.canonical()))
	require.NoError(t, prolong(c, run))
	o.Backend = openBackend(t)
	if o.Progress == ProgressAuto {
		o.Progress = ProgressNone
	}
	result, err := runOn(ctx, c, o, run, d)
	return result, run, err
}

// whole is a run that nothing disturbs, carried out once for all tests.
func whole(t testing.TB, c Config) (*Result, *store.Run) {
	t.Helper()
	if shared == "" {
		var err error
		shared, err = os.MkdirTemp("", "train-test-")
		require.NoError(t, err)
	}
	dir := filepath.Join(shared, c.ID())
	require.NoError(t, os.MkdirAll(dir, 0o755))
	run, err := at(c, dir)
	require.NoError(t, err)
	result, err := done(run)
	require.NoError(t, err)
	if result == nil {
		result, run, err = start(t, context.Background(), c, dir, Options{}, nil)
		require.NoError(t, err)
	}
	return result, run
}

// weightsOf reads a finished run's weights, by name.
func weightsOf(t testing.TB, c Config, run *store.Run) map[string][]float32 {
	t.Helper()
	m, err := loadWeights(openBackend(t), &c.Model, run.Weights())
	require.NoError(t, err)
	defer m.Close()
	out := map[string][]float32{}
	m.Params().Each(&c.Model, func(name string, slot **tensors.Tensor, _ []int) {
		values, err := tensors.CopyFlatData[float32](*slot)
		require.NoError(t, err)
		out[name] = values
	})
	return out
}

// requireClose holds two runs' weights within a tolerance of each other.
func requireClose(t testing.TB, want, got map[string][]float32, tolerance float64) {
	t.Helper()
	require.Equal(t, len(want), len(got))
	for name := range want {
		require.InDeltaSlice(t, want[name], got[name], tolerance, name)
	}
}

// randomVars holds random weights as a run does.
func randomVars(t testing.TB, c *transformer.Config, std float64) *model.Store {
	t.Helper()
	p, err := transformer.RandomParams(c, dtypes.Float32, std, 7)
	require.NoError(t, err)
	vars := model.NewStore()
	p.Each(c, func(name string, slot **tensors.Tensor, _ []int) {
		_, err := vars.CreateVariable(modelScope+name, *slot)
		require.NoError(t, err)
	})
	return vars
}

// fullOnly leaves a test out of the short ones, and says why: `make check` is for every few
// minutes, `make test` for everything.
func fullOnly(t *testing.T, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip("not with -short: ", why)
	}
}
