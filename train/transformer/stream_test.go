package transformer

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// A pass that starts from a kept stream gives what the whole pass gives, bit for bit,
// observes only the blocks it runs, and leaves the stream to be used again.
func TestFromEqualsWholePass(t *testing.T) {
	m := preparedTiny(t)
	c := m.Config
	batch := Batch{IDs: [][]int32{document(c, 9, 1), document(c, 5, 2)}}
	edited := func(l int) *Edits { // the last layer only
		if l < c.Layers-1 {
			return nil
		}
		return &Edits{MLPScale: tensors.FromFlatDataAndDimensions(make([]float32, 2*Bucket(9)), 2, Bucket(9))}
	}
	base, err := m.Forward(batch, Pass{Logits: true, Keep: []int{c.Layers - 1}})
	require.NoError(t, err)
	require.Len(t, base.Kept, 1)
	stream := base.Kept[c.Layers-1]
	for range 2 {
		same, err := m.Forward(batch, Pass{Logits: true, From: stream})
		require.NoError(t, err)
		require.Equal(t, base.Logits, same.Logits)

		want, err := m.Forward(batch, Pass{Logits: true, Edits: edited})
		require.NoError(t, err)
		var ran []int
		got, err := m.Forward(batch, Pass{Logits: true, Edits: edited, From: stream, OnBlock: func(l int, _ []*tensors.Tensor) error {
			ran = append(ran, l)
			return nil
		}})
		require.NoError(t, err)
		require.Equal(t, want.Logits, got.Logits)
		require.NotEqual(t, base.Logits, got.Logits)
		require.Equal(t, []int{c.Layers - 1}, ran)
	}

	for want, refused := range map[string]struct {
		batch Batch
		pass  Pass
	}{
		"another batch or model":                  {One(batch.IDs[0]), Pass{From: stream}},
		"this pass has those before layers 1 to ": {batch, Pass{Keep: []int{c.Layers}}},
		"keep the stream before layer 1":          {batch, Pass{From: &Stream{}, Keep: []int{0}}},
	} {
		_, err := m.Forward(refused.batch, refused.pass)
		require.ErrorContains(t, err, want)
	}
	stream.Free()
	stream.Free() // twice does no harm
	_, err = m.Forward(batch, Pass{From: stream})
	require.ErrorContains(t, err, "was freed")
}

// A pass that ends early observes what the whole pass does up to there, and no more.
func TestLayersEndsThePass(t *testing.T) {
	m := preparedTiny(t)
	c := m.Config
	batch := One(document(c, 9, 1))
	resid := func(layers int) (all [][]float32) {
		_, err := m.Forward(batch, Pass{Layers: layers, Observer: &Observer{Name: "out", Observe: func(_ *Config, n *Nodes, _ *graph.Node) []*graph.Node {
			return []*graph.Node{n.ResidOut}
		}}, OnBlock: func(l int, outs []*tensors.Tensor) error {
			require.Len(t, all, l)
			x, err := tensors.CopyFlatData[float32](outs[0])
			all = append(all, x)
			return err
		}})
		require.NoError(t, err)
		return all
	}
	whole := resid(0)
	require.Len(t, whole, c.Layers)
	require.Equal(t, whole, resid(c.Layers))
	require.Equal(t, whole[:1], resid(1))

	for want, pass := range map[string]Pass{
		"the model has":                   {Layers: c.Layers + 1},
		"predictions and logits need all": {Layers: 1, Last: true},
		"nothing to run":                  {Layers: 1, From: &Stream{layer: 1}},
	} {
		_, err := m.Forward(batch, pass)
		require.ErrorContains(t, err, want)
	}
}
