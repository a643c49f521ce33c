package transformer

import (
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// windowMask is Batch.Visible of one document under a window.
func windowMask(n, window int) []bool {
	mask := make([]bool, n*n)
	for t := range n {
		for s := max(0, t-window+1); s <= t; s++ {
			mask[t*n+s] = true
		}
	}
	return mask
}

// A window is what the mask of the same keys is: W counts the query itself.
func TestWindowIsAMask(t *testing.T) {
	plain := Tiny()
	ids := document(plain, 12, 1)
	for _, w := range []int{1, 4, 12} {
		c := Tiny()
		c.Kinds, c.Tile = map[string]Kind{"L": {Window: w}}, "L"
		want := mustCapture(t, randomModel(t, pureGo(t), plain), Batch{IDs: [][]int32{ids}, Visible: windowMask(12, w)}, nil)
		windowed := randomModel(t, pureGo(t), c)
		requireSame(t, want.document(&c, 0, 12), mustCapture(t, windowed, One(ids), nil).document(&c, 0, 12))
		chunked := captureChunked(t, windowed, One(ids), nil, 5)
		requireClose(t, want.document(&c, 0, 12), chunked.document(&c, 0, 12))
	}
}

// Each layer runs as its kind says, though one compiled block serves them all: a model
// of two kinds is neither of the models that have one of them alone, and the layers
// before the first that differs agree to the last bit.
func TestLayersRunAsTheirKind(t *testing.T) {
	kinds := map[string]Kind{"L": {Window: 3, RopeBase: 100}, "G": {}, "N": {NoRope: true}}
	resid := func(tile string) [][]float32 {
		c := Tiny()
		c.Layers, c.Tile, c.Kinds = 3, tile, map[string]Kind{}
		for i := range tile {
			c.Kinds[tile[i:i+1]] = kinds[tile[i:i+1]]
		}
		return mustCapture(t, randomModel(t, pureGo(t), c), One(document(c, 12, 1)), nil).resid
	}
	plain := Tiny()
	plain.Layers = 3
	require.Equal(t, mustCapture(t, randomModel(t, pureGo(t), plain), One(document(plain, 12, 1)), nil).resid, resid("G"), "the zero kind")
	all := map[string][][]float32{}
	for _, tile := range []string{"L", "G", "N", "LG", "LLG", "GGL", "GN", "GGN"} {
		all[tile] = resid(tile)
	}
	// The streams before layers 1 … 3 and after the last: from which on two tiles differ.
	for _, c := range []struct {
		a, b string
		from int
	}{{"L", "G", 1}, {"LG", "L", 2}, {"LG", "G", 1}, {"LLG", "L", 3}, {"GGL", "G", 3}, {"LG", "LLG", 2}, {"GN", "G", 2}, {"GGN", "G", 3}} {
		for l := range 4 {
			require.Equal(t, l < c.from, slices.Equal(all[c.a][l], all[c.b][l]), "tiles %s and %s, stream %d", c.a, c.b, l)
		}
	}
}

func TestKindsAreChecked(t *testing.T) {
	for want, change := range map[string]func(c *Config){
		`tile = "LX": kinds has no "X"`:                    func(c *Config) { c.Tile = "LX" },
		`kinds: "L" does not occur in tile = ""`:           func(c *Config) { c.Tile = "" },
		`kinds: "GG" does not occur in tile = "L"`:         func(c *Config) { c.Kinds["GG"] = Kind{} },
		"kinds.L.window = -1":                              func(c *Config) { c.Kinds["L"] = Kind{Window: -1} },
		"kinds.L.rope_base = 1: must be above 1":           func(c *Config) { c.Kinds["L"] = Kind{RopeBase: 1} },
		"kinds.L.rope_scaling needs a rope_base":           func(c *Config) { c.Kinds["L"] = Kind{RopeScale: &RopeScaling{Factor: 8}} },
		"kinds.L.rope_scaling = {Factor:0.5":               func(c *Config) { c.Kinds["L"] = Kind{RopeBase: 10, RopeScale: &RopeScaling{Factor: 0.5}} },
		"kinds.L has no_rope and a rope_base":              func(c *Config) { c.Kinds["L"] = Kind{RopeBase: 10, NoRope: true} },
		"rope_scaling = {Factor:8 LowFreqFactor:1 HighFre": func(c *Config) { c.RopeScale = &RopeScaling{Factor: 8, LowFreqFactor: 1} },
	} {
		c := Tiny()
		c.Kinds, c.Tile = map[string]Kind{"L": {Window: 4}}, "L"
		require.NoError(t, c.Validate())
		change(&c)
		require.ErrorContains(t, c.Validate(), want)
	}
}

// slotted is a block's output on a document whose first tokens come as keys and values
// of an earlier pass, in slots of a cache.
type slotted struct {
	slots []int // the position in each slot, −1 for an empty one
}

// run returns what the block makes of the tokens from past on.
func (s slotted) run(t *testing.T, m *Model, resid []float32, n, past int) []float32 {
	t.Helper()
	c := &m.Config
	part := func(from, to int) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(slices.Clone(resid[from*c.Width:to*c.Width]), 1, to-from, c.Width)
	}
	first, err := m.Run(Call{Geometry: c.Geometry(0, Ascending(past)), Args: []*tensors.Tensor{part(0, past)}, Name: "first",
		Build: func(c *Config, a []*Node, w *Layer[*Node], in Inputs) []*Node {
			in.Resid = a[0]
			n := Block(c, w, in)
			return []*Node{n.KeyPlain, n.V}
		}})
	require.NoError(t, err)

	// Slots hold rows of what the first pass kept; what stands in an empty one is rubbish.
	cached := func(x *tensors.Tensor) *tensors.Tensor {
		flat, row := tensors.MustCopyFlatData[float32](x), c.KVHeads*c.HeadDim
		var out []float32
		for _, p := range s.slots {
			if p < 0 {
				out = append(out, slices.Repeat([]float32{99}, row)...)
				continue
			}
			out = append(out, flat[p*row:(p+1)*row]...)
		}
		return tensors.FromFlatDataAndDimensions(out, 1, len(s.slots), c.KVHeads, c.HeadDim)
	}
	queries := Ascending(n)[0][past:]
	keys := make([]int32, 0, len(s.slots)+len(queries))
	for _, p := range s.slots {
		keys = append(keys, int32(p))
	}
	keys = append(keys, queries...)
	geo := c.Geometry(0, [][]int32{queries})
	_, kind := c.KindOf(0)
	cos, sin := c.Rotations(kind, keys)
	geo.KeyCos = tensors.FromFlatDataAndDimensions(cos, 1, len(keys), 1, c.HeadDim/2)
	geo.KeySin = tensors.FromFlatDataAndDimensions(sin, 1, len(keys), 1, c.HeadDim/2)
	geo.QueryPos = tensors.FromFlatDataAndDimensions(queries, 1, len(queries))
	geo.KeyPos = tensors.FromFlatDataAndDimensions(keys, 1, 1, len(keys))
	out, err := m.Run(Call{Geometry: geo, Args: []*tensors.Tensor{part(past, n), cached(first[0]), cached(first[1])}, Name: "rest",
		Build: func(c *Config, a []*Node, w *Layer[*Node], in Inputs) []*Node {
			in.Resid, in.PastKey, in.PastValue, in.QueryChunk = a[0], a[1], a[2], 2
			return []*Node{Block(c, w, in).ResidOut}
		}})
	require.NoError(t, err)
	return tensors.MustCopyFlatData[float32](out[0])
}

// A document in two passes, the first one's keys kept before rotation and in any order
// among empty slots, is the document in one.
func TestKeysOfAnEarlierPass(t *testing.T) {
	const n, past = 11, 6
	for name, kind := range map[string]Kind{"all": {}, "window": {Window: 4}} {
		c := Tiny()
		c.Kinds, c.Tile = map[string]Kind{"L": kind}, "L"
		m := randomModel(t, pureGo(t), c)
		whole := mustCapture(t, m, One(document(c, n, 1)), nil)
		resid, want := whole.resid[0][:n*c.Width], whole.resid[1][past*c.Width:n*c.Width]
		for _, slots := range [][]int{{0, 1, 2, 3, 4, 5}, {3, -1, 0, 5, 1, -1, -1, 4, 2}} {
			got := slotted{slots: slots}.run(t, m, resid, n, past)
			require.InDeltaSlice(t, want, got, 2e-5, "%s, slots %v", name, slots)
		}
		if name == "all" {
			dropped := slotted{slots: []int{0, 1, 2, 4, 5}}.run(t, m, resid, n, past)
			require.NotEqual(t, want, dropped, "a key that is gone is missed")
		}
	}
}
