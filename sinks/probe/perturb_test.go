package probe_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/perturb"
	"firsttoken/sinks/probe"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
)

// someEdits are edits of texts of several lengths.
func someEdits() []perturb.Edit {
	var out []perturb.Edit
	for i, ids := range documents(9, 16, 12) {
		out = append(out, perturb.Edit{IDs: ids, Pos: 1 + i, To: (ids[1+i] + 5) % 64})
	}
	return out
}

var normsOnly = probe.Options{Metrics: []ondevice.Metric{ondevice.ResidNorm}, MetricsOnly: true}

// What the device subtracts is what the two residual streams on the host differ
// by, with and without an intervention, and in two batches, one of them not full.
func TestPerturbEqualsResiduals(t *testing.T) {
	fullOnly(t, "SmolLM2, several runs a text")
	for _, list := range [][]probe.Intervention{nil, {probe.MaskKey{}, probe.Noise{Layer: 0, Pos: 2, Norm: 3}}} {
		o := normsOnly
		o.Interventions, o.BatchTokens = list, 64
		edits := someEdits()
		maps, traces, err := probe.Perturb(model(t), edits, o)
		require.NoError(t, err)
		require.Len(t, maps, len(edits))
		for i, e := range edits {
			base, err := probe.Residuals(model(t), e.IDs, list...)
			require.NoError(t, err)
			edited, err := probe.Residuals(model(t), e.Edited(), list...)
			require.NoError(t, err)
			require.Equal(t, e.Pos, maps[i].Pos)
			require.Equal(t, e.IDs, traces[i].IDs)
			for l := range base {
				for p := range e.IDs {
					delta, norm := 0.0, 0.0
					for d, x := range base[l][p] {
						delta += math.Pow(float64(edited[l][p][d])-float64(x), 2)
						norm += float64(x) * float64(x)
					}
					require.InDelta(t, math.Sqrt(delta), maps[i].Delta[l][p], 1e-4)
					require.InEpsilon(t, math.Sqrt(norm), maps[i].Norm[l][p], 1e-4)
					require.Equal(t, maps[i].Norm[l][p], traces[i].ResidNorm[l][p])
				}
			}
		}
	}
}

// An edit moves itself and, from the first layer on, what comes after; nothing
// before it. An empty list of interventions changes no bit.
func TestPerturbIsCausalAndEmptyChangesNothing(t *testing.T) {
	edits := someEdits()
	maps, _, err := probe.Perturb(model(t), edits, normsOnly)
	require.NoError(t, err)
	for i, m := range maps {
		for l, row := range m.Delta {
			for p, d := range row {
				switch {
				case p < m.Pos, l == 0 && p != m.Pos:
					require.Zero(t, d, "edit %d, layer %d, position %d", i+1, l, p)
				default:
					require.Positive(t, d, "edit %d, layer %d, position %d", i+1, l, p)
				}
			}
		}
	}
	o := normsOnly
	o.Interventions = []probe.Intervention{}
	again, _, err := probe.Perturb(model(t), edits, o)
	require.NoError(t, err)
	require.Equal(t, maps, again)
}

// The traces are those of the texts as they are.
func TestPerturbTraces(t *testing.T) {
	fullOnly(t, "SmolLM2, several runs")
	edits := someEdits()
	o := probe.Options{Metrics: []ondevice.Metric{ondevice.FirstMass, ondevice.RowEntropy}}
	_, traces, err := probe.Perturb(model(t), edits, o)
	require.NoError(t, err)
	var docs [][]int32
	for _, e := range edits {
		docs = append(docs, e.IDs)
	}
	for i, want := range run(t, docs, o) {
		got := traces[i]
		require.InDeltaSlice(t, want.Loss, got.Loss, 1e-4)
		require.Equal(t, want.Top1, got.Top1)
		for l := range want.L {
			for h := range want.H {
				require.InDeltaSlice(t, want.FirstMass[l][h], got.FirstMass[l][h], 1e-5)
				require.InDeltaSlice(t, want.RowEntropy[l][h], got.RowEntropy[l][h], 1e-4)
			}
		}
	}
}

// Lists that share their first blocks give what each gives alone, bit for bit, whichever
// touches its first block last, and in two batches.
func TestPerturbUnderEqualsPerturb(t *testing.T) {
	fullOnly(t, "SmolLM2, every condition twice")
	last := model(t).Config.Layers - 1
	lists := map[string][][]probe.Intervention{
		"with none":    {{probe.SkipUpdate{Layer: last, Part: probe.MLP}}, {}, {probe.MaskKey{}}, {probe.MaskKey{Layers: []int{last}}}, {}},
		"without none": {{probe.MaskKey{Layers: []int{last}}}, {probe.Noise{Layer: last, Pos: 2, Norm: 3}}, {probe.AblateHead{Layer: 0, Head: 1}}},
	}
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			edits := someEdits()
			calls, total := 0, 0
			o := probe.Options{BatchTokens: 64, Progress: func(done, of int) { calls, total = done, of }}
			all, err := probe.PerturbUnder(model(t), edits, list, o)
			require.NoError(t, err)
			require.Len(t, all, len(list))
			require.Equal(t, len(list)*len(edits), calls)
			require.Equal(t, calls, total)
			for k, got := range all {
				o := probe.Options{BatchTokens: 64, Interventions: list[k]}
				maps, traces, err := probe.Perturb(model(t), edits, o)
				require.NoError(t, err)
				require.Equal(t, maps, got.Maps)
				require.Equal(t, traces, got.Traces)
			}
			require.NotEqual(t, all[0].Maps, all[1].Maps)
		})
	}
	_, err := probe.PerturbUnder(model(t), someEdits(), nil, probe.Options{})
	require.ErrorContains(t, err, "no lists of interventions")
}

func TestPerturbRefuses(t *testing.T) {
	ids := documents(9)[0]
	good := perturb.Edit{IDs: ids, Pos: 3, To: (ids[3] + 1) % 64}
	for want, c := range map[string]struct {
		edits []perturb.Edit
		o     probe.Options
	}{
		"no documents":     {},
		"edit 2: perturb:": {edits: []perturb.Edit{good, {IDs: ids, Pos: 0, To: 1}}},
		"vocabulary":       {edits: []perturb.Edit{{IDs: ids, Pos: 3, To: 64}}},
		"9 tokens":         {edits: []perturb.Edit{good}, o: probe.Options{Interventions: []probe.Intervention{probe.MaskKey{Pos: 9}}}},
		"BatchTokens":      {edits: []perturb.Edit{good}, o: probe.Options{BatchTokens: -1}},
	} {
		_, _, err := probe.Perturb(model(t), c.edits, c.o)
		require.ErrorContains(t, err, want)
	}
}

// SmolLM2 against testdata/perturb.py, which reads the weights and runs the model
// by itself, under each intervention.
func TestPerturbGolden(t *testing.T) {
	fullOnly(t, "SmolLM2, two runs a golden text")
	if _, err := local.Model("smollm2"); err != nil {
		t.Skip("SmolLM2 is not set up: ", err)
	}
	b, _, err := backend.Open()
	require.NoError(t, err)
	if b.Name() == "go" {
		t.Skip("SmolLM2 on the pure Go backend takes minutes: `make setup` fetches XLA")
	}
	var golden struct {
		Base, Edited []int32
		Layers       []int
		Conditions   []struct {
			Name              string
			Delta, Norm       [][]float64
			Entropy, FirstKey []float64 // [L] mean over heads and rows
		}
	}
	data, err := os.ReadFile(filepath.Join("testdata", "perturb.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &golden))
	m, err := pretrained.Load(b, "smollm2", pretrained.Options{})
	require.NoError(t, err)
	defer m.Close()
	e, err := perturb.Between(golden.Base, golden.Edited)
	require.NoError(t, err)

	interventions := map[string][]probe.Intervention{
		"intact":           nil,
		"key 1 masked":     {probe.MaskKey{Pos: 0}},
		"value 1 zeroed":   {probe.ZeroValue{Pos: 0}},
		"MLP 12 skipped":   {probe.SkipUpdate{Layer: 11, Pos: 0, Part: probe.MLP}},
		"block 20 skipped": {probe.SkipUpdate{Layer: 19, Pos: 6, Part: probe.Attention}, probe.SkipUpdate{Layer: 19, Pos: 6, Part: probe.MLP}},
	}
	require.Len(t, golden.Conditions, len(interventions))
	for _, c := range golden.Conditions {
		list, ok := interventions[c.Name]
		require.True(t, ok, c.Name)
		maps, traces, err := probe.Perturb(m.Model, []perturb.Edit{e}, probe.Options{
			Metrics: []ondevice.Metric{ondevice.FirstMass, ondevice.RowEntropy}, MetricsOnly: true, Interventions: list,
		})
		require.NoError(t, err)
		worst := 0.0
		for i, l := range golden.Layers {
			for p := range e.IDs {
				norm := c.Norm[i][p]
				require.InEpsilon(t, norm, maps[0].Norm[l][p], 1e-3, "%s, layer %d, position %d", c.Name, l, p)
				worst = max(worst, math.Abs(c.Delta[i][p]-float64(maps[0].Delta[l][p]))/norm)
			}
		}
		t.Logf("%s: Δ differs by at most %.1e of the residual norm", c.Name, worst)
		require.Less(t, worst, 1e-3, c.Name)
		entropy, err := traces[0].MeanRowEntropy(false)
		require.NoError(t, err)
		for l := range traces[0].L {
			h, first := 0.0, 0.0
			for i, x := range entropy[l] {
				h += x / float64(traces[0].H)
				for _, a := range traces[0].FirstMass[l][i] {
					first += float64(a) / float64(traces[0].H*traces[0].T)
				}
			}
			require.InDelta(t, c.Entropy[l], h, 2e-3, "%s, layer %d", c.Name, l+1)
			require.InDelta(t, c.FirstKey[l], first, 1e-3, "%s, layer %d", c.Name, l+1)
		}
	}
}
