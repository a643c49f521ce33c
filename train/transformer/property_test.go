package transformer

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// rounding is what two float32 computations of the same thing may differ by, for
// values of the order of 1 to 10.
const rounding = 1e-4

func requireClose(t *testing.T, want, got map[string][]float32) {
	t.Helper()
	for name := range want {
		require.InDeltaSlice(t, want[name], got[name], rounding, name)
	}
}

// requireSame wants equality to the last bit.
func requireSame(t *testing.T, want, got map[string][]float32) {
	t.Helper()
	for name := range want {
		require.Len(t, got[name], len(want[name]), name)
		for i, w := range want[name] {
			require.Equal(t, w, got[name][i], "%s[%d]", name, i)
		}
	}
}

func TestPaddingChangesNothing(t *testing.T) {
	c := Tiny()
	m := randomModel(t, pureGo(t), c)
	short, long := document(c, 5, 1), document(c, 70, 2)
	together := mustCapture(t, m, Batch{IDs: [][]int32{long, short}}, nil)
	requireClose(t, mustCapture(t, m, One(short), nil).document(&c, 0, 5), together.document(&c, 1, 5))
	requireClose(t, mustCapture(t, m, One(long), nil).document(&c, 0, 70), together.document(&c, 0, 70))
}

// A mask may leave padded queries without a key; what they compute must not reach
// real ones.
func TestMaskedPaddingChangesNothing(t *testing.T) {
	c := Tiny()
	m := randomModel(t, pureGo(t), c)
	short, long := document(c, 3, 1), document(c, 6, 2)
	visible := make([]bool, 2*6*6)
	for i := range visible {
		visible[i] = i < 6*6 || i%6 < 3 && i < 6*6+3*6
	}
	got := mustCapture(t, m, Batch{IDs: [][]int32{long, short}, Visible: visible}, nil)
	requireClose(t, mustCapture(t, m, One(short), nil).document(&c, 0, 3), got.document(&c, 1, 3))
}

func TestBatchOrderDoesNotMatter(t *testing.T) {
	c := Tiny()
	m := randomModel(t, pureGo(t), c)
	ids := [][]int32{document(c, 4, 1), document(c, 7, 2), document(c, 1, 3)}
	forth := mustCapture(t, m, Batch{IDs: ids}, nil)
	back := mustCapture(t, m, Batch{IDs: [][]int32{ids[2], ids[1], ids[0]}}, nil)
	for d := range ids {
		requireClose(t, forth.document(&c, d, len(ids[d])), back.document(&c, 2-d, len(ids[d])))
		require.Equal(t, forth.Top1[d], back.Top1[2-d])
	}
}

// A head cannot look ahead: changing a token leaves everything before it as it
// was, to the last bit.
func TestCausality(t *testing.T) {
	m := preparedTiny(t)
	c := m.Config
	ids := document(c, 12, 1)
	changed := slices.Clone(ids)
	changed[7] = (changed[7] + 1) % int32(c.Vocab)
	a, b := mustCapture(t, m, One(ids), nil), mustCapture(t, m, One(changed), nil)
	before, after := a.document(&c, 0, 7), b.document(&c, 0, 7)
	requireSame(t, before, after)
	require.NotEqual(t, a.Logits[0][7], b.Logits[0][7])
	for i, x := range a.pattern[1] {
		if query, key := i/a.t%a.t, i%a.t; key > query {
			require.Zero(t, x)
		}
	}
}

// Rotary attention sees distances only.
func TestShiftedPositionsChangeNothing(t *testing.T) {
	c := Tiny()
	m := randomModel(t, pureGo(t), c)
	batch := One(document(c, 6, 1))
	want := mustCapture(t, m, batch, nil)
	batch.Positions = [][]int32{{100, 101, 102, 103, 104, 105}}
	requireClose(t, want.document(&c, 0, 6), mustCapture(t, m, batch, nil).document(&c, 0, 6))
	batch.Positions = [][]int32{{0, 2, 4, 6, 8, 10}}
	require.NotEqual(t, want.Logits[0][5], mustCapture(t, m, batch, nil).Logits[0][5])
}

func TestConcurrentPasses(t *testing.T) {
	m := preparedTiny(t)
	c := m.Config
	want := mustCapture(t, m, One(document(c, 9, 1)), nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got, err := capture(m, One(document(c, 9, 1)), nil)
			if err != nil {
				t.Error(err)
				return
			}
			if !slices.Equal(want.Logits[0][8], got.Logits[0][8]) {
				t.Error("a concurrent pass differs")
			}
		})
	}
	wg.Wait()
}

func TestRandomParamsFollowTheSeed(t *testing.T) {
	c := Tiny()
	c.Pattern.Kind = PatternSinkLogit
	draw := func(dtype dtypes.DType, seed uint64) (all []float32) {
		p, err := RandomParams(&c, dtype, 0.5, seed)
		require.NoError(t, err)
		p.Each(&c, func(name string, slot **tensors.Tensor, dims []int) {
			require.Equal(t, dims, (*slot).Shape().Dimensions, name)
			if dtype == dtypes.BFloat16 {
				for _, x := range tensors.MustCopyFlatData[bfloat16.BFloat16](*slot) {
					all = append(all, x.Float32())
				}
				return
			}
			all = append(all, tensors.MustCopyFlatData[float32](*slot)...)
		})
		return all
	}
	full := draw(dtypes.Float32, 7)
	require.Len(t, full, c.Parameters())
	require.Equal(t, full, draw(dtypes.Float32, 7))
	require.NotEqual(t, full, draw(dtypes.Float32, 8))
	for i, x := range draw(dtypes.BFloat16, 7) {
		require.InDelta(t, full[i], x, math.Abs(float64(full[i]))/256)
	}
}

// What a switch adds is drawn apart: the weights that two configurations share are equal.
// Biases start at 0, gains at 1.
func TestSwitchesLeaveOtherWeights(t *testing.T) {
	draw := func(c Config) map[string][]float32 {
		p, err := RandomParams(&c, dtypes.Float32, 0.5, 7)
		require.NoError(t, err)
		all := map[string][]float32{}
		p.Each(&c, func(name string, slot **tensors.Tensor, _ []int) {
			all[name] = tensors.MustCopyFlatData[float32](*slot)
		})
		return all
	}
	plain, c := draw(Tiny()), Tiny()
	c.Bias, c.QKNorm, c.Norm, c.Placement = Bias{QKV: true, Out: true, MLP: true}, QKNormHead, NormLayer, PlacementSandwich
	c.LearnedPositions, c.Pattern.Kind = c.Context, PatternSinkLogit
	switched := draw(c)
	require.Greater(t, len(switched), len(plain)+20)
	c.Pattern.Kind, c.OutGate = PatternKeyBias, OutGateHead
	maps.Copy(switched, draw(c))
	for name, w := range switched {
		switch {
		case plain[name] != nil:
			require.Equal(t, plain[name], w, name)
		case strings.HasSuffix(name, "_bias"), strings.HasSuffix(name, ".sink"):
			require.Equal(t, make([]float32, len(w)), w, name)
		case strings.HasSuffix(name, "_norm"):
			require.Equal(t, slices.Repeat([]float32{1}, len(w)), w, name)
		default:
			require.Regexp(t, `^position$|\.sink_key$|\.out_gate$`, name)
			require.NotContains(t, plain["embed"], w[0])
		}
	}
}

// std is the standard deviation that the weights of one name were drawn with.
func TestRandomParamsScale(t *testing.T) {
	c := Tiny()
	c.Width, c.Hidden, c.Layers = 64, 64, 8
	p, err := RandomParams(&c, dtypes.Float32, 0.5, 1)
	require.NoError(t, err)
	p.Each(&c, func(name string, slot **tensors.Tensor, dims []int) {
		flat := tensors.MustCopyFlatData[float32](*slot)
		square := 0.0
		for _, x := range flat {
			square += float64(x) * float64(x)
		}
		rms, want := math.Sqrt(square/float64(len(flat))), 0.5
		switch {
		case len(dims) == 1:
			want = 1
		case name[len(name)-3:] == "out" || name[len(name)-4:] == "down":
			want = 0.5 / 4 // √(2L) = 4
		}
		require.InEpsilon(t, want, rms, 0.1, name)
	})
}

func TestBucket(t *testing.T) {
	last := 0
	for n := 1; n <= 10_000; n++ {
		b := Bucket(n)
		require.GreaterOrEqual(t, b, n)
		require.GreaterOrEqual(t, b, last)
		require.Equal(t, b, Bucket(b), "a bucket is its own")
		if n > 64 {
			require.LessOrEqual(t, 4*(b-n), n, "Bucket(%d) = %d", n, b)
		}
		last = b
	}
	require.Equal(t, []int{8, 8, 16, 64, 80, 128, 160, 320, 2048, 2560},
		[]int{Bucket(1), Bucket(8), Bucket(9), Bucket(33), Bucket(65), Bucket(113), Bucket(129), Bucket(300), Bucket(2048), Bucket(2049)})
}

// bfloat16 keeps 8 bits: weights rounded to it, and products taken in it, move the
// logits by a few hundredths of their spread.
func TestBFloat16IsClose(t *testing.T) {
	c := Tiny()
	batch := One(document(c, 10, 1))
	want := mustCapture(t, randomModel(t, pureGo(t), c), batch, nil).document(&c, 0, 10)["logits"]

	p, err := RandomParams(&c, dtypes.BFloat16, 0.4, 1)
	require.NoError(t, err)
	rounded := newModel(t, pureGo(t), c, p)
	c.Compute = "bfloat16"
	computed := randomModel(t, prepared(t), c)
	for name, m := range map[string]*Model{"weights": rounded, "compute": computed} {
		out, err := m.Forward(batch, Pass{Logits: true})
		require.NoError(t, err)
		got := slices.Concat(out.Logits[0]...)
		var square, diff float64
		for i, w := range want {
			square += float64(w) * float64(w)
			diff += float64(got[i]-w) * float64(got[i]-w)
		}
		share := math.Sqrt(diff / square)
		t.Logf("bfloat16 %s: relative difference of the logits %.4f", name, share)
		require.Less(t, share, 0.05, name)
		require.Greater(t, share, 1e-4, "%s: as exact as float32, so not in bfloat16", name)
	}
}

// Each row's loss and arg max agree with its logits, for more rows than one call of
// the output layer takes.
func TestPredictAgreesWithLogits(t *testing.T) {
	c := Tiny()
	c.Context = 400
	rng := rand.New(rand.NewPCG(5, 6))
	ids := document(c, 300, rng.Uint64())
	out, err := randomModel(t, pureGo(t), c).Forward(Batch{IDs: [][]int32{ids, ids[:40]}}, Pass{Predict: true, Logits: true, Last: true})
	require.NoError(t, err)
	for d, n := range []int{300, 40} {
		require.Len(t, out.Loss[d], n-1)
		require.Len(t, out.Top1[d], n)
		require.Equal(t, out.Logits[d][n-1], out.LogitsLast[d])
		for i, row := range out.Logits[d] {
			best, sum := 0, 0.0
			for id, x := range row {
				if x > row[best] {
					best = id
				}
				sum += math.Exp(float64(x))
			}
			require.EqualValues(t, best, out.Top1[d][i])
			if i < n-1 {
				require.InDelta(t, math.Log(sum)-float64(row[ids[i+1]]), out.Loss[d][i], rounding)
			}
		}
	}
}
