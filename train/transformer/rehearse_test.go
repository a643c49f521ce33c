package transformer

import (
	"errors"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// counting is newest, and counts how often a graph is made of it: once for each shape and kind.
type counting struct {
	newest
	graphs *int
}

func (k counting) Keep(e *Entries, n int) *Node { *k.graphs++; return k.newest.Keep(e, n) }

// What was rehearsed is not compiled again, and reads as a model does that did not rehearse.
func TestRehearse(t *testing.T) {
	b := prepared(t)
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16} {
		c := Tiny()
		c.Kinds, c.Tile = map[string]Kind{"L": {Window: 5}, "G": {}}, "LG"
		params := func() *Params[*tensors.Tensor] {
			p, err := RandomParams(&c, dtype, 0.4, 1)
			require.NoError(t, err)
			return p
		}
		plain, m := newModel(t, b, c, params()), newModel(t, b, c, params())
		graphs := 0
		read := func(m *Model, n int) (losses, logits []float32) {
			cache, err := NewCache(m, CacheOptions{Entries: 8, Block: 4, Keep: counting{graphs: &graphs}, Shifted: true})
			require.NoError(t, err)
			defer cache.Close()
			ids := document(c, n, 3)
			for at := 0; at+1 < n; at += 4 {
				end := min(at+4, n-1)
				fed, err := cache.Feed(ids[at:end], ids[at+1:end+1], true)
				require.NoError(t, err)
				losses, logits = append(losses, fed.Loss...), fed.Logits
			}
			return losses, logits
		}
		wantLosses, wantLogits := read(plain, 30)
		once := graphs
		require.Positive(t, once)

		r, err := Rehearse(b, c, func(string) dtypes.DType { return dtype }, func(stand *Model) error {
			require.Equal(t, c, stand.Config)
			losses, _ := read(stand, 18)
			require.Len(t, losses, 17)
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, 2*once, graphs, "the rehearsal compiles everything")
		require.NoError(t, m.Take(r))
		losses, logits := read(m, 30)
		require.Equal(t, 2*once, graphs, "and the model nothing")
		require.Equal(t, wantLosses, losses)
		require.Equal(t, wantLogits, logits)

		require.ErrorContains(t, m.Take(r), "another model's by now")
	}
}

func TestRehearseRefuses(t *testing.T) {
	b, c := prepared(t), Tiny()
	single := func(string) dtypes.DType { return dtypes.Float32 }
	embed := func(m *Model) error {
		_, err := m.Forward(One([]int32{1, 2}), Pass{Last: true})
		return err
	}
	r, err := Rehearse(b, c, single, embed)
	require.NoError(t, err)
	defer r.Free()
	other := c
	other.NormEps = 1e-6
	require.ErrorContains(t, randomModel(t, b, other).Take(r), "another configuration")
	require.ErrorContains(t, randomModel(t, pureGo(t), c).Take(r), "another backend")
	used := randomModel(t, b, c)
	require.NoError(t, embed(used))
	require.ErrorContains(t, used.Take(r), "has already computed")
	used.Close()
	require.ErrorContains(t, used.Take(r), "closed")

	_, err = Rehearse(b, c, single, func(m *Model) error {
		require.NoError(t, embed(m))
		return errors.New("forgot the text")
	})
	require.ErrorContains(t, err, "rehearsal: forgot the text")
	_, err = Rehearse(b, c, single, func(m *Model) error {
		require.NoError(t, embed(m))
		m.Close() // which is not use's to do, and freed what was compiled
		return nil
	})
	require.ErrorContains(t, err, "rehearsal: transformer: the model is closed")
	c.Layers = 0
	_, err = Rehearse(b, c, single, embed)
	require.ErrorContains(t, err, "layers")
}
