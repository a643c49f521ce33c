package eviction_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/sinks/eviction"
	"firsttoken/train/transformer"
)

// model is a random one with peaky attention; change makes it another.
func model(t *testing.T, change func(*transformer.Config)) *transformer.Model {
	t.Helper()
	c := transformer.Tiny()
	if change != nil {
		change(&c)
	}
	return tiny.Open(t, c, 0.4, 11)
}

func text(n int) []int32 {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = rng.Int32N(64)
	}
	return ids
}

// read feeds a text block by block and returns its losses, the last logits and the cache.
func read(t *testing.T, m *transformer.Model, ids []int32, o transformer.CacheOptions) ([]float32, []float32, *transformer.Cache) {
	t.Helper()
	c, err := transformer.NewCache(m, o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	var losses, logits []float32
	for at := 0; at < len(ids); at += o.Block {
		end := min(at+o.Block, len(ids))
		out, err := c.Feed(ids[at:end], ids[at+1:min(end+1, len(ids))], end == len(ids))
		require.NoError(t, err)
		losses, logits = append(losses, out.Loss...), out.Logits
		for l := range m.Config.Layers {
			kept, err := c.Kept(l)
			require.NoError(t, err)
			for _, head := range kept {
				require.Len(t, head, min(end, o.Entries))
				require.IsIncreasing(t, append([]int32{-1}, head...))
			}
		}
	}
	require.Equal(t, len(ids), c.Read())
	return losses, logits, c
}

// A cache that holds everything is the plain pass, for every policy, mode, block and kind of layer,
// texts as long as there are heads, and texts that end within a block.
func TestWholeCacheIsThePlainPass(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: compiles many caches")
	}
	windowed := func(c *transformer.Config) {
		c.Tile, c.Kinds = "LG", map[string]transformer.Kind{"L": {Window: 5, RopeBase: 100}, "G": {}}
	}
	for name, m := range map[string]*transformer.Model{"plain": model(t, nil), "windows": model(t, windowed)} {
		for _, n := range []int{1, 2, 4, 8, 23} {
			ids := text(n)
			want, err := m.Forward(transformer.One(ids), transformer.Pass{Predict: true, Last: true})
			require.NoError(t, err)
			for _, p := range []eviction.Policy{eviction.KeyDiff{}, eviction.H2O{}} {
				for _, shifted := range []bool{false, true} {
					for _, block := range []int{1, 8} {
						losses, logits, _ := read(t, m, ids, transformer.CacheOptions{Entries: 32, Block: block, Keep: eviction.Of(p), Shifted: shifted})
						require.InDeltaSlice(t, want.LogitsLast[0], logits, 1e-4, "%s %d tokens, %s, blocks of %d", name, n, p, block)
						if n > 1 {
							require.InDeltaSlice(t, want.Loss[0], losses, 1e-4)
						}
					}
				}
			}
		}
	}
}

// Token by token layers are run several at a time: more of them than that, of kinds whose order
// does not repeat with it.
func TestManyLayersTokenByToken(t *testing.T) {
	m := model(t, func(c *transformer.Config) {
		c.Layers, c.Tile, c.Kinds = 8, "LLGL", map[string]transformer.Kind{"L": {Window: 3, RopeBase: 100}, "G": {}}
	})
	ids := text(9)
	want, err := m.Forward(transformer.One(ids), transformer.Pass{Predict: true, Last: true})
	require.NoError(t, err)
	for _, shifted := range []bool{false, true} {
		losses, logits, _ := read(t, m, ids, transformer.CacheOptions{Entries: 12, Block: 1, Keep: eviction.Of(eviction.KeyDiff{}), Shifted: shifted})
		require.InDeltaSlice(t, want.LogitsLast[0], logits, 1e-4)
		require.InDeltaSlice(t, want.Loss[0], losses, 1e-4)
	}
}

// While a cache fills, blocks look at no more slots than they must: 61 tokens pass every number of
// slots that there is, with a cache that they fill and with larger ones, and a block that ends early
// before others. Nothing of it shows in what the model computes.
func TestFillingCacheIsThePlainPass(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: compiles a cache of each size")
	}
	m := model(t, nil)
	ids := text(61)
	want, err := m.Forward(transformer.One(ids), transformer.Pass{Last: true})
	require.NoError(t, err)
	for _, entries := range []int{61, 67} {
		for _, shifted := range []bool{false, true} {
			c, err := transformer.NewCache(m, transformer.CacheOptions{Entries: entries, Block: 8, Keep: eviction.Of(eviction.H2O{}), Shifted: shifted})
			require.NoError(t, err)
			defer c.Close()
			var out *transformer.Feed
			for at, end := 0, 0; end < len(ids); at = end {
				end = at + 8
				if at == 0 || at >= 59 {
					end = at + 3
				}
				end = min(end, len(ids))
				out, err = c.Feed(ids[at:end], nil, true)
				require.NoError(t, err)
			}
			require.InDeltaSlice(t, want.LogitsLast[0], out.Logits, 1e-4, "%d entries, shifted %t", entries, shifted)
		}
	}
}

// So it is at every token, whether they come one by one or in blocks, whole or short.
func TestFillingCacheAtEveryStep(t *testing.T) {
	m := model(t, nil)
	ids := text(24)
	want, err := m.Forward(transformer.One(ids), transformer.Pass{Logits: true})
	require.NoError(t, err)
	for _, p := range []eviction.Policy{eviction.Window{}, eviction.H2O{}} {
		for _, shifted := range []bool{false, true} {
			for name, steps := range map[string][]int{
				"one by one": {1, 1, 1, 1, 1, 1}, "after blocks": {8, 8, 1, 1, 1}, "after a short block": {8, 5, 1, 1, 1, 1},
				"between blocks": {1, 8, 1, 8, 1, 1}, "to the brim": {8, 8, 1, 1, 1, 1, 1, 1, 1, 1},
			} {
				c, err := transformer.NewCache(m, transformer.CacheOptions{Entries: 24, Block: 8, Keep: eviction.Of(p), Shifted: shifted})
				require.NoError(t, err)
				for _, n := range steps {
					at := c.Read()
					out, err := c.Feed(ids[at:at+n], nil, true)
					require.NoError(t, err)
					require.InDeltaSlice(t, want.Logits[0][at+n-1], out.Logits, 1e-4, "%s, %s, shifted %t, token %d", p, name, shifted, at+n)
				}
				kept, err := c.Kept(1)
				require.NoError(t, err)
				require.Len(t, kept[0], c.Read())
				c.Close()
			}
		}
	}
}

// A window cache of N entries fed token by token is attention to the last N + 1 tokens, which a
// model of one layer shows directly, in either mode.
func TestWindowCacheIsAWindow(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: compiles a model a window")
	}
	one := func(c *transformer.Config) { c.Layers = 1 }
	m := model(t, one)
	ids := text(20)
	for _, n := range []int{1, 3, 7} {
		windowed := model(t, func(c *transformer.Config) {
			one(c)
			c.Tile, c.Kinds = "L", map[string]transformer.Kind{"L": {Window: n + 1}}
		})
		want, err := windowed.Forward(transformer.One(ids), transformer.Pass{Predict: true})
		require.NoError(t, err)
		for _, shifted := range []bool{false, true} {
			losses, _, c := read(t, m, ids, transformer.CacheOptions{Entries: n, Block: 1, Keep: eviction.Of(eviction.Window{}), Shifted: shifted})
			require.InDeltaSlice(t, want.Loss[0], losses, 1e-4)
			kept, err := c.Kept(0)
			require.NoError(t, err)
			require.Equal(t, int32(19), kept[1][n-1])
		}
		off, err := m.Forward(transformer.One(ids), transformer.Pass{Predict: true})
		require.NoError(t, err)
		require.NotEqual(t, off.Loss, want.Loss)
	}
}

// Whatever a policy drops, what it always keeps is there; blocks that end early change nothing
// before.
func TestBoundedCaches(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: every policy")
	}
	m := model(t, nil)
	ids := text(50)
	for _, p := range append(eviction.Policies(), eviction.Random{Seed: 3}) {
		for _, shifted := range []bool{false, true} {
			o := transformer.CacheOptions{Entries: 12, Block: 8, Keep: eviction.Of(p), Shifted: shifted}
			losses, _, c := read(t, m, ids, o)
			shorter, _, _ := read(t, m, ids[:43], o)
			require.Equal(t, losses[:40], shorter[:40], p)
			kept, err := c.Kept(1)
			require.NoError(t, err)
			switch p.(type) {
			case eviction.Window:
				require.Equal(t, int32(38), kept[0][0])
			case eviction.Streaming:
				require.Equal(t, []int32{0, 1, 2, 3, 42}, kept[1][:5])
			case eviction.TOVA:
				require.Equal(t, kept[0], kept[1])
				require.Contains(t, kept[0], int32(49))
			case eviction.H2O:
				require.Equal(t, []int32{44, 45, 46, 47, 48, 49}, kept[0][6:])
			}
		}
	}
}

// Places in a cache know no end of the context.
func TestShiftedReadsOn(t *testing.T) {
	m := model(t, nil)
	losses, _, c := read(t, m, text(300), transformer.CacheOptions{Entries: 24, Block: 16, Keep: eviction.Of(eviction.Streaming{Sinks: 4}), Shifted: true})
	require.Len(t, losses, 299)
	kept, err := c.Kept(1)
	require.NoError(t, err)
	require.Equal(t, []int32{3, 280}, kept[0][3:5])
}

func TestCacheRefuses(t *testing.T) {
	m := model(t, nil)
	window := eviction.Of(eviction.Window{})
	for problem, o := range map[string]transformer.CacheOptions{
		"blocks of 0 tokens":                          {Entries: 4, Keep: window},
		"0 entries":                                   {Block: 4, Keep: window},
		"no choice of the entries":                    {Entries: 4, Block: 4},
		"always keeps 5 entries":                      {Entries: 4, Block: 4, Keep: eviction.Of(eviction.Streaming{Sinks: 4})},
		"more places than the model's context of 128": {Entries: 125, Block: 4, Keep: window, Shifted: true},
	} {
		_, err := transformer.NewCache(m, o)
		require.ErrorContains(t, err, problem)
	}
	c, err := transformer.NewCache(m, transformer.CacheOptions{Entries: 4, Block: 128, Keep: window})
	require.NoError(t, err)
	for _, bad := range [][]int32{nil, text(129), {64}} {
		_, err = c.Feed(bad, nil, false)
		require.Error(t, err)
	}
	_, err = c.Feed(text(100), nil, false)
	require.NoError(t, err)
	_, err = c.Feed(text(29), nil, false)
	require.ErrorContains(t, err, "token 129 is beyond the model's context of 128")
	_, err = c.Kept(2)
	require.ErrorContains(t, err, "no layer 2")
	c.Close()
	_, err = c.Feed(text(1), nil, false)
	require.ErrorContains(t, err, "closed")
}
