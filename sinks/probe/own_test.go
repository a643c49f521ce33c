package probe_test

import (
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// secondKey is a metric as a reader would write it: attention to the second token, A[t, 2].
var secondKey = ondevice.Own{Name: "SecondMass", Dims: "LHT",
	Reduce: func(c *transformer.Config, n *transformer.Nodes, _ *graph.Node) *graph.Node {
		var chunks []*graph.Node
		for _, r := range n.Rows {
			d := r.Pattern.Shape().Dimensions // [B, K, G, rows, keys]
			key := graph.Slice(r.Pattern, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(), graph.AxisRange(), graph.AxisElem(1))
			chunks = append(chunks, graph.Reshape(key, d[0], c.Heads, d[3]))
		}
		if len(chunks) == 1 {
			return chunks[0]
		}
		return graph.Concatenate(chunks, 2)
	}}

// streamMean is one of dimensions LT.
var streamMean = ondevice.Own{Name: "StreamMean", Dims: "LT", Whole: true,
	Reduce: func(_ *transformer.Config, n *transformer.Nodes, _ *graph.Node) *graph.Node {
		return graph.ReduceMean(n.ResidOut, -1)
	}}

func TestOwnMetricEqualsPatterns(t *testing.T) {
	ids := documents(9)[0]
	trace := run(t, [][]int32{ids, ids[:5]}, probe.Options{Own: []ondevice.Own{secondKey, streamMean}})[0]
	whole, err := probe.Patterns(model(t), ids, []probe.Head{{Layer: 1, Head: 2}})
	require.NoError(t, err)
	for q, row := range whole[0] {
		require.InDelta(t, row[1], trace.Own["SecondMass"].Values[1][2][q], 1e-6)
	}
	stream, err := probe.Residuals(model(t), ids)
	require.NoError(t, err)
	sum := 0.0
	for _, x := range stream[2][7] {
		sum += float64(x)
	}
	require.InDelta(t, sum/float64(trace.D), trace.Own["StreamMean"].Values[0][1][7], 1e-5)

	// Kept, read again and cut.
	file := filepath.Join(t.TempDir(), "trace")
	require.NoError(t, trace.Save(file))
	again, err := sinks.Load(file)
	require.NoError(t, err)
	require.Equal(t, trace.Own, again.Own)
	cut, err := again.At(4)
	require.NoError(t, err)
	require.Len(t, cut.Own["SecondMass"].Values[1][2], 4)
	require.Nil(t, cut.Own["StreamMean"].Values)
	require.Len(t, again.Own["SecondMass"].Values[1][2], 9, "the trace that was cut is as it was")
	require.Equal(t, trace.FirstMass, run(t, [][]int32{ids}, probe.Options{})[0].FirstMass, "beside the others it changes nothing")
}

func TestOwnMetricRefused(t *testing.T) {
	wrong := streamMean
	wrong.Dims = "LHT"
	taken := secondKey
	taken.Name = "RowSum"
	odd := secondKey
	odd.Dims = "TT"
	for problem, own := range map[string][]ondevice.Own{
		`"StreamMean" is`:             {wrong},
		`"RowSum" is a quantity of`:   {taken},
		`must be LHT, LHS, LKS or LT`: {odd},
		`asked for twice`:             {secondKey, secondKey},
		`needs a Name and a Reduce`:   {{Name: "x", Dims: "LT"}},
		`use a name without dots`:     {{Name: "a.b", Dims: "LT", Reduce: secondKey.Reduce}},
	} {
		_, err := probe.Run(model(t), documents(5), probe.Options{Own: own})
		require.ErrorContains(t, err, problem)
	}
}

// An intervention as a reader would write it: half of a head, a vector into the stream.
func TestOwnIntervention(t *testing.T) {
	half := probe.Own{Name: "half of layer 2 head 3", Write: func(layer int, e *probe.LayerEdits) {
		for doc := range e.Documents() {
			for pos := range e.Tokens(doc) {
				if layer == 1 {
					e.ScaleHead(doc, 2, pos, 0.5)
				}
			}
		}
	}}
	before, after := under(t, half)
	for p := range before.T {
		require.InDelta(t, before.HeadWrite[1][2][p]/2, after.HeadWrite[1][2][p], 1e-6)
		require.Equal(t, before.HeadWrite[1][1][p], after.HeadWrite[1][1][p])
	}
	require.Equal(t, "half of layer 2 head 3", after.Provenance["intervention 1"])

	twice := run(t, documents(9), probe.Options{Interventions: []probe.Intervention{half, half}})[0]
	require.InDelta(t, before.HeadWrite[1][2][3]/4, twice.HeadWrite[1][2][3], 1e-6, "factors multiply")

	noise := probe.Noise{Layer: 0, Pos: 3, Norm: 2, Seed: 4}
	stream := make([]float32, before.D)
	stream[5] = 1
	add := probe.Own{Name: "1 into channel 6 of token 4 after layer 1", Write: func(layer int, e *probe.LayerEdits) {
		if layer == 0 {
			e.AddResid(0, 3, stream)
		}
	}}
	plain, err := probe.Residuals(model(t), documents(9)[0])
	require.NoError(t, err)
	added, err := probe.Residuals(model(t), documents(9)[0], add)
	require.NoError(t, err)
	require.InDelta(t, plain[1][3][5]+1, added[1][3][5], 1e-6)
	require.Equal(t, plain[1][2], added[1][2])
	_, both := under(t, noise, add)
	require.NotEqual(t, before.LogitsLast, both.LogitsLast)
}

func TestOwnInterventionRefused(t *testing.T) {
	write := func(do func(e *probe.LayerEdits)) probe.Own {
		return probe.Own{Name: "an odd one", Write: func(layer int, e *probe.LayerEdits) {
			if layer == 1 {
				do(e)
			}
		}}
	}
	for problem, v := range map[string]probe.Own{
		"head 9 is edited: the model has 0 to":          write(func(e *probe.LayerEdits) { e.ScaleHead(0, 9, 0, 0) }),
		"key/value head -1 is edited":                   write(func(e *probe.LayerEdits) { e.ScaleValue(0, -1, 0, 0) }),
		"position 9 is edited: the document has 0 to 8": write(func(e *probe.LayerEdits) { e.BiasKey(0, 0, 9, 0) }),
		"document 1 is edited: the batch has 1":         write(func(e *probe.LayerEdits) { e.ScaleUpdate(probe.MLP, 1, 0, 0) }),
		"a vector of 1 numbers is added to a residual":  write(func(e *probe.LayerEdits) { e.AddResid(0, 0, []float32{1}) }),
		"an intervention of one's own needs a Name":     {Name: "x"},
	} {
		_, err := probe.Run(model(t), documents(9), probe.Options{Interventions: []probe.Intervention{v}})
		require.ErrorContains(t, err, problem)
		if v.Write != nil {
			require.ErrorContains(t, err, "an odd one: layer 2: ")
		}
	}
}
