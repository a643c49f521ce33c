package eviction

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/train/local/backend"
)

// layer is what a cache holds, in plain slices.
type layer struct {
	keys     [][][]float64   // [K][n][Dh]
	pattern  [][][][]float64 // [K][G][B][n]
	pos      [][]int         // [K][n]
	queryPos []int           // [B]
	mass     [][]float64     // [K][n]
	seen     [][]float64
	index    int
}

const kvHeads, groups, width = 2, 3, 4

// drawn is a layer after a block: empty slots in front, cached entries with gaps, the block,
// padding.
func drawn(rng *rand.Rand, empty, cached, block, padding int) *layer {
	n := empty + cached + block + padding
	start := 3 * cached
	l := &layer{index: 5}
	for q := range block + padding {
		l.queryPos = append(l.queryPos, start+q)
		if q >= block {
			l.queryPos[q] = -1
		}
	}
	for range kvHeads {
		pos := make([]int, n)
		old := rng.Perm(start)[:cached]
		slices.Sort(old)
		for s := range pos {
			switch {
			case s < empty || s >= n-padding:
				pos[s] = -1
			case s < empty+cached:
				pos[s] = old[s-empty]
			default:
				pos[s] = start + s - empty - cached
			}
		}
		l.pos = append(l.pos, pos)
		var keys [][]float64
		mass, seen := make([]float64, n), make([]float64, n)
		for s := range n {
			k := make([]float64, width)
			for d := range k {
				k[d] = rng.NormFloat64() + 1
			}
			keys = append(keys, k)
			if pos[s] >= 0 {
				seen[s] = float64(start + block - pos[s])
				mass[s] = rng.Float64() * seen[s]
			}
		}
		l.keys, l.mass, l.seen = append(l.keys, keys), append(l.mass, mass), append(l.seen, seen)
		var byGroup [][][]float64
		for range groups {
			var rows [][]float64
			for _, q := range l.queryPos {
				row, sum := make([]float64, n), 0.0
				for s := range row {
					if q >= 0 && pos[s] >= 0 && pos[s] <= q {
						row[s] = rng.ExpFloat64()
						sum += row[s]
					}
				}
				for s := range row {
					if sum > 0 {
						row[s] /= sum
					}
				}
				rows = append(rows, row)
			}
			byGroup = append(byGroup, rows)
		}
		l.pattern = append(l.pattern, byGroup)
	}
	return l
}

// scored runs a policy's graph: scores [K][n] and the slots kept [K][N].
func scored(t *testing.T, p Policy, l *layer, budget int) (scores [][]float32, kept [][]int32) {
	t.Helper()
	b, _, err := backend.Open()
	require.NoError(t, err)
	n, block := len(l.pos[0]), len(l.queryPos)
	floats := func(dims []int, each func(add func(float64))) *tensors.Tensor {
		var flat []float32
		each(func(x float64) { flat = append(flat, float32(x)) })
		return tensors.FromFlatDataAndDimensions(flat, dims...)
	}
	keys := floats([]int{1, kvHeads, n, width}, func(add func(float64)) {
		for _, head := range l.keys {
			for _, k := range head {
				for _, x := range k {
					add(x)
				}
			}
		}
	})
	pattern := floats([]int{1, kvHeads, groups, block, n}, func(add func(float64)) {
		for _, head := range l.pattern {
			for _, rows := range head {
				for _, row := range rows {
					for _, x := range row {
						add(x)
					}
				}
			}
		}
	})
	flat := func(rows [][]float64) *tensors.Tensor {
		return floats([]int{1, kvHeads, n}, func(add func(float64)) {
			for _, row := range rows {
				for _, x := range row {
					add(x)
				}
			}
		})
	}
	var pos, queryPos []int32
	for _, row := range l.pos {
		for _, x := range row {
			pos = append(pos, int32(x))
		}
	}
	for _, x := range l.queryPos {
		queryPos = append(queryPos, int32(x))
	}
	e, err := NewExec(b, func(a []*Node) []*Node {
		entries := &Entries{Keys: a[0], Pattern: a[1], Pos: a[2], QueryPos: a[3], Layer: a[6], Received: func() (mass, seen *Node) { return a[4], a[5] }}
		return []*Node{p.Score(entries, budget), Keep(p, entries, budget)}
	})
	require.NoError(t, err)
	defer e.Finalize()
	out, err := e.Call(keys, pattern, tensors.FromFlatDataAndDimensions(pos, 1, kvHeads, n),
		tensors.FromFlatDataAndDimensions(queryPos, 1, block), flat(l.mass), flat(l.seen), tensors.FromScalar(int32(l.index)))
	require.NoError(t, err)
	return out[0].Value().([][][]float32)[0], out[1].Value().([][][]int32)[0]
}

// reference is what a policy's definition gives, in float64; NaN where it says nothing.
func reference(p Policy, l *layer, budget int) [][]float64 {
	last := slices.Max(l.queryPos)
	var all [][]float64
	for k := range kvHeads {
		scores := make([]float64, len(l.pos[k]))
		for s, pos := range l.pos[k] {
			if pos < 0 {
				scores[s] = math.NaN()
				continue
			}
			switch p := p.(type) {
			case Window:
				scores[s] = float64(pos)
			case Streaming:
				scores[s] = float64(pos)
				if pos < p.Sinks {
					scores[s] = always
				}
			case Knorm:
				scores[s] = -norm(l.keys[k][s])
			case KeyDiff:
				scores[s] = -cosine(l.keys[k][s], anchor(l, k))
			case TOVA:
				for kk := range kvHeads {
					for g := range groups {
						scores[s] += l.pattern[kk][g][last-l.queryPos[0]][s] / kvHeads / groups
					}
				}
				if pos == last {
					scores[s] = always
				}
			case H2O:
				scores[s] = l.mass[k][s]
				if p.Mean {
					scores[s] /= l.seen[k][s]
				}
				if pos > last-budget/2 {
					scores[s] = always
				}
			case SnapKV:
				scores[s] = snap(l, k, s, last)
			}
		}
		all = append(all, scores)
	}
	return all
}

func norm(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

func cosine(a, b []float64) float64 {
	dot := 0.0
	for d := range a {
		dot += a[d] * b[d]
	}
	return dot / norm(a) / norm(b)
}

func anchor(l *layer, k int) []float64 {
	mean := make([]float64, width)
	for s, key := range l.keys[k] {
		if l.pos[k][s] < 0 {
			continue
		}
		for d := range key {
			mean[d] += key[d] / norm(key)
		}
	}
	return mean
}

func snap(l *layer, k, at, last int) float64 {
	window := min(snapWindow, len(l.queryPos))
	first := max(last-window+1, l.queryPos[0])
	if l.pos[k][at] >= first {
		return always
	}
	sum, count := 0.0, 0.0
	for s := max(0, at-2); s <= min(len(l.pos[k])-1, at+2); s++ {
		if l.pos[k][s] < 0 || l.pos[k][s] >= first {
			continue
		}
		vote := 0.0
		for g := range groups {
			for q := first; q <= last; q++ {
				vote += l.pattern[k][g][q-l.queryPos[0]][s] / groups / float64(last-first+1)
			}
		}
		sum, count = sum+vote, count+1
	}
	return sum / count
}

// Every policy goes through this: scores as defined, the N best kept in order of position, ties to
// the earlier one, nothing empty while there are entries.
func TestPolicies(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	for _, p := range append(Policies(), Streaming{Sinks: 1}, Random{Seed: 7}) {
		t.Run(p.String(), func(t *testing.T) {
			again, err := Parse(p.String())
			require.NoError(t, err)
			require.Equal(t, p, again)
			for i, size := range [][5]int{ // empty, cached, block, padding, N
				{0, 40, 40, 0, 40}, {7, 33, 40, 0, 40}, {40, 0, 40, 0, 40}, {0, 40, 5, 35, 40}, {0, 1, 1, 0, 1}, {3, 6, 1, 0, 9}, {0, 37, 40, 0, 35},
			} {
				l := drawn(rand.New(rand.NewPCG(1, uint64(i))), size[0], size[1], size[2], size[3])
				budget := size[4]
				if p.Check(budget, size[2]+size[3]) != nil {
					continue
				}
				scores, kept := scored(t, p, l, budget)
				want := reference(p, l, budget)
				for k := range kvHeads {
					if _, random := p.(Random); random {
						for s, x := range scores[k] {
							want[k][s] = float64(x)
						}
					}
					var entries []int
					for s, pos := range l.pos[k] {
						if pos < 0 {
							continue
						}
						entries = append(entries, s)
						if want[k][s] == always {
							require.Equal(t, float32(always), scores[k][s])
						} else {
							require.InDelta(t, want[k][s], float64(scores[k][s]), 1e-5*max(1, math.Abs(want[k][s])), "head %d slot %d", k, s)
						}
					}
					slices.SortStableFunc(entries, func(a, b int) int { // stable: the earlier of equals stays
						switch x, y := scores[k][a], scores[k][b]; {
						case x > y:
							return -1
						case x < y:
							return 1
						}
						return 0
					})
					best := slices.Clone(entries[:min(budget, len(entries))])
					slices.Sort(best)
					require.True(t, slices.IsSorted(kept[k]))
					var real []int
					for _, s := range kept[k] {
						if l.pos[k][s] >= 0 {
							real = append(real, int(s))
						}
					}
					require.Equal(t, best, real)
				}
			}
		})
	}
}

// Of equal scores the earlier position stays.
func TestTies(t *testing.T) {
	l := drawn(rand.New(rand.NewPCG(3, 4)), 0, 6, 2, 0)
	for k := range l.keys {
		for s := range l.keys[k] {
			l.keys[k][s] = []float64{1, 2, 2, 4}
		}
	}
	_, kept := scored(t, Knorm{}, l, 5)
	require.Equal(t, []int32{0, 1, 2, 3, 4}, kept[0])
}

// A draw differs between seeds, layers, heads, and is the same for an entry wherever its slot is.
func TestRandomDraws(t *testing.T) {
	l := drawn(rand.New(rand.NewPCG(5, 6)), 0, 0, 64, 0)
	a, _ := scored(t, Random{}, l, 8)
	b, _ := scored(t, Random{Seed: 1}, l, 8)
	require.NotEqual(t, a, b)
	require.NotEqual(t, a[0], a[1])
	l.index++
	c, _ := scored(t, Random{}, l, 8)
	require.NotEqual(t, a, c)
	seen := map[float32]bool{}
	mean := 0.0
	for _, x := range a[0] {
		require.False(t, seen[x])
		seen[x] = true
		mean += float64(x) / (1 << 24) / float64(len(a[0]))
	}
	require.InDelta(t, 0.5, mean, 0.15)
}

func TestRefusals(t *testing.T) {
	require.ErrorContains(t, Streaming{Sinks: 4}.Check(4, 64), "streaming always keeps 5 entries: a cache of 4 is too small")
	require.ErrorContains(t, SnapKV{}.Check(31, 64), "snapkv always keeps 32 entries")
	require.NoError(t, SnapKV{}.Check(16, 16))
	for name, problem := range map[string]string{
		"lru": `no policy "lru": use one of window, streaming`, "streaming:-1": `"-1" is no number`, "streaming:4x": `"4x" is no number`,
		"h2o:max": `"max" is no number`, "window:3": `no policy "window:3"`,
	} {
		_, err := Parse(name)
		require.ErrorContains(t, err, problem)
	}
}
