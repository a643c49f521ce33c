package transformer

import (
	"errors"
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

func TestNewRefuses(t *testing.T) {
	zeros := func(dims ...int) *tensors.Tensor { return tensors.FromShape(shapes.Make(dtypes.Float32, dims...)) }
	for _, test := range []struct {
		name   string
		change func(*Params[*tensors.Tensor])
		want   string
	}{
		{"no layers", func(p *Params[*tensors.Tensor]) { p.Layers = nil }, "weights have 0 layers, config says 2"},
		{"missing weight", func(p *Params[*tensors.Tensor]) { p.Layers[1].Gate = nil }, "weight layers.1.gate is missing"},
		{"missing embedding", func(p *Params[*tensors.Tensor]) { p.Embed = nil }, "weight embed is missing"},
		{"transposed", func(p *Params[*tensors.Tensor]) { p.Layers[0].Down = zeros(48, 32) }, "weight layers.0.down: "},
		{"wrong rank", func(p *Params[*tensors.Tensor]) { p.Norm = zeros(1, 32) }, "weight norm: "},
		{"wrong type", func(p *Params[*tensors.Tensor]) {
			p.Layers[0].Key = tensors.FromShape(shapes.Make(dtypes.Float64, 16, 32))
		},
			"weight layers.0.key has type Float64: must be Float32 or BFloat16"},
		{"tied output", func(p *Params[*tensors.Tensor]) { p.Output = zeros(64, 32) }, "weight output is given, but the configuration has none"},
		{"bias", func(p *Params[*tensors.Tensor]) { p.Layers[0].UpBias = zeros(48) }, "weight layers.0.up_bias is given, but the configuration has none"},
		{"sink of softmax", func(p *Params[*tensors.Tensor]) { p.Layers[1].Sink = zeros(4) }, "weight layers.1.sink is given, but the configuration has none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Tiny()
			p, err := RandomParams(&c, dtypes.Float32, 0.02, 1)
			require.NoError(t, err)
			test.change(p)
			_, err = New(pureGo(t), c, p)
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := New(pureGo(t), Tiny(), nil)
	require.ErrorContains(t, err, "no weights")

	c := Tiny()
	c.Pattern.Kind = PatternSinkLogit
	plain := Tiny()
	p, err := RandomParams(&plain, dtypes.Float32, 0.02, 1)
	require.NoError(t, err)
	_, err = New(pureGo(t), c, p)
	require.ErrorContains(t, err, "weight layers.0.sink is missing")
}

func TestForwardRefuses(t *testing.T) {
	c := Tiny()
	c.Context = 16
	m := randomModel(t, pureGo(t), c)
	ids := [][]int32{{1, 2, 3}, {4, 5}}
	for _, test := range []struct {
		name  string
		batch Batch
		pass  Pass
		want  string
	}{
		{name: "empty batch", batch: Batch{}, want: "batch: no documents"},
		{name: "empty document", batch: Batch{IDs: [][]int32{{1}, {}}}, want: "document 2 is empty"},
		{name: "too long", batch: One(make([]int32, 17)), want: "document 1 has 17 tokens, the model's context is 16"},
		{name: "negative id", batch: Batch{IDs: [][]int32{{1, -1}}}, want: "document 1, token 2: id -1 is outside the vocabulary [0, 64)"},
		{name: "large id", batch: Batch{IDs: [][]int32{{1}, {64}}}, want: "document 2, token 1: id 64 is outside the vocabulary [0, 64)"},
		{name: "positions of one", batch: Batch{IDs: ids, Positions: [][]int32{{0, 1, 2}}}, want: "positions for 1 documents, ids for 2"},
		{name: "few positions", batch: Batch{IDs: ids, Positions: [][]int32{{0, 1, 2}, {0}}}, want: "document 2 has 1 positions for 2 tokens"},
		{name: "small mask", batch: Batch{IDs: ids, Visible: make([]bool, 9)}, want: "visible has 9 entries: must be B·T·T = 2·3·3"},
		{name: "blind query", batch: Batch{IDs: [][]int32{{1, 2}}, Visible: []bool{true, true, false, false}},
			want: "document 1, token 2: visible leaves it no key"},
		{name: "sees the future only", batch: Batch{IDs: [][]int32{{1, 2}}, Visible: []bool{false, true, true, true}},
			want: "document 1, token 1: visible leaves it no key"},
		{name: "edit of another length", batch: One(ids[0]), pass: Pass{Edits: func(l int) *Edits {
			if l == 0 {
				return nil
			}
			return &Edits{HeadScale: tensors.FromShape(shapes.Make(dtypes.Float32, 1, 4, 3))}
		}}, want: "layer 2: edit HeadScale has shape (Float32)[1, 4, 3]: must be (Float32)[1, 4, 8]"},
		{name: "edit of another type", batch: One(ids[0]), pass: Pass{Edits: func(int) *Edits {
			return &Edits{MLPScale: tensors.FromShape(shapes.Make(dtypes.Float64, 1, 8))}
		}}, want: "layer 1: edit MLPScale has shape (Float64)[1, 8]"},
		{name: "nameless observer", batch: One(ids[0]), pass: Pass{Observer: &Observer{Observe: whole.Observe}}, want: "needs a name"},
		{name: "observer of nothing", batch: One(ids[0]), pass: Pass{Observer: &Observer{Name: "x"}}, want: `observer "x": needs`},
		{name: "observer that fails", batch: One(ids[0]), pass: Pass{Observer: &Observer{Name: "fails",
			Observe: func(*Config, *Nodes, *Node) []*Node { panic(errors.New("head 9: the model has 4")) }}},
			want: "head 9: the model has 4"},
		{name: "callback that fails", batch: One(ids[0]), pass: Pass{OnBlock: func(int, []*tensors.Tensor) error { return errors.New("disk full") }},
			want: "disk full"},
		{name: "embedding callback that fails", batch: One(ids[0]), pass: Pass{OnEmbed: func([]*tensors.Tensor) error { return errors.New("disk full") }},
			want: "disk full"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := m.Forward(test.batch, test.pass)
			require.ErrorContains(t, err, test.want)
			require.Nil(t, out)
		})
	}
	_, err := m.Forward(One(ids[0]), Pass{})
	require.NoError(t, err, "a refused batch must leave the model usable")
}

// Numbers that are not finite are an error that names the weight, whichever output
// is asked for.
func TestForwardRefusesNotFinite(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	passes := map[string]Pass{"residual": {}, "loss": {Predict: true}, "last": {Last: true}, "logits": {Logits: true}}
	for name, bad := range map[string]float32{"layers.1.up": nan, "output": nan, "norm": inf} {
		for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16} {
			c := Tiny()
			c.TiedOutput = false
			p, err := RandomParams(&c, dtypes.Float32, 0.4, 1)
			require.NoError(t, err)
			p.Each(&c, func(weight string, slot **tensors.Tensor, dims []int) {
				flat := tensors.MustCopyFlatData[float32](*slot)
				if weight == name {
					flat[3] = bad
				}
				*slot = tensors.FromFlatDataAndDimensions(flat, dims...)
				if dtype == dtypes.BFloat16 {
					*slot = ToBFloat16(flat, dims...)
				}
			})
			m := newModel(t, pureGo(t), c, p)
			for asked, pass := range passes {
				if asked == "residual" && name != "layers.1.up" {
					continue // the output layer is not run
				}
				_, err := m.Forward(One([]int32{1, 2, 3}), pass)
				require.ErrorContains(t, err, "so is weight "+name, "%s %s", dtype, asked)
			}
		}
	}

	c := Tiny()
	m := randomModel(t, pureGo(t), c)
	edit := editAt(&c, 3, 8, 1, inf)
	_, err := m.Forward(One([]int32{1, 2, 3}), Pass{Edits: func(int) *Edits { return edit }})
	require.ErrorContains(t, err, "document 1: the last residual stream is NaN or infinite, though all weights are finite: an edit is not")
}

// OnEmbed and OnBlock see each layer once, in order; without an observer they see
// no outputs.
func TestCallbacks(t *testing.T) {
	c := Tiny()
	m := randomModel(t, pureGo(t), c)
	for _, observer := range []*Observer{nil, whole} {
		var seen []int
		_, err := m.Forward(One([]int32{1}), Pass{
			Observer: observer,
			OnEmbed: func(out []*tensors.Tensor) error {
				seen = append(seen, -1)
				require.Equal(t, observer != nil, len(out) == 1)
				return nil
			},
			OnBlock: func(l int, out []*tensors.Tensor) error {
				seen = append(seen, l)
				require.Equal(t, observer != nil, len(out) == 3)
				return nil
			},
		})
		require.NoError(t, err)
		require.Equal(t, []int{-1, 0, 1}, seen)
	}
}

func TestClose(t *testing.T) {
	m := randomModel(t, pureGo(t), Tiny())
	require.NotNil(t, m.Params().Embed)
	m.Close()
	m.Close()
	_, err := m.Forward(One([]int32{1}), Pass{})
	require.ErrorContains(t, err, "the model is closed")
}

// Of documents beyond Pass.Documents nothing is predicted, and of the others the same.
func TestPassDocuments(t *testing.T) {
	m := randomModel(t, pureGo(t), Tiny())
	batch := Batch{IDs: [][]int32{{1, 2, 3}, {4, 5}, {6, 7, 8, 9}}}
	all, err := m.Forward(batch, Pass{Predict: true, Last: true, Logits: true})
	require.NoError(t, err)
	some, err := m.Forward(batch, Pass{Predict: true, Last: true, Logits: true, Documents: 2})
	require.NoError(t, err)
	require.Equal(t, all.Loss[:2], some.Loss)
	require.Equal(t, all.Top1[:2], some.Top1)
	require.Equal(t, all.LogitsLast[:2], some.LogitsLast)
	require.Equal(t, all.Logits[:2], some.Logits)
}
