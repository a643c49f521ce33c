package sinks_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
)

// document is one text before reduction: every pattern, value and state.
type document struct {
	patterns [][][][]float64 // [L][H][T][S]
	values   [][][][]float64 // [L][K][S][Dh]
	writes   [][][]float64   // [L][H][S] ‖v_j W_O^h‖
	hidden   [][][]float64   // [L+1][T][D]
}

const testL, testH, testK, testD, testDh = 3, 4, 2, 5, 3

func randomDocument(seed uint64, T int) document {
	rng := rand.New(rand.NewPCG(seed, 9))
	var d document
	for range testL {
		var heads [][][]float64
		var writes [][]float64
		for range testH {
			heads = append(heads, randomPattern(rng, T))
			writes = append(writes, sinks.Norms(randomStates(rng, T, 2)))
		}
		d.patterns = append(d.patterns, heads)
		d.writes = append(d.writes, writes)
		var values [][][]float64
		for range testK {
			values = append(values, randomStates(rng, T, testDh))
		}
		d.values = append(d.values, values)
	}
	for range testL + 1 {
		h := randomStates(rng, T, testD)
		h[0][1] = 5000
		d.hidden = append(d.hidden, h)
	}
	return d
}

// reduce turns a document into a trace by the definitions of the fields, one
// entry at a time.
func reduce(d document, T int) *sinks.Trace {
	cube := func(heads int) [][][]float32 { return sinks.Cube(testL, heads, T) }
	tr := &sinks.Trace{
		Model: "toy", BOS: sinks.BOSNone, T: T, L: testL, H: testH, K: testK, D: testD,
		FirstMass: cube(testH), KeyMass: cube(testH), Diagonal: cube(testH), RowSum: cube(testH),
		RowMax: cube(testH), RowEntropy: cube(testH), FirstIsMax: cube(testH), EffectiveFirst: cube(testH),
		HeadWrite: cube(testH), ValueWrite: cube(testH), ValueNorm: cube(testK),
		ResidNorm: sinks.Matrix(testL+1, T), ResidMax: sinks.Matrix(testL+1, T), ResidMedian: make([]float32, testL+1),
		AttnWrite: sinks.Matrix(testL, T), MLPWrite: sinks.Matrix(testL, T),
		LogitsLast: []float32{1, -2, 3}, Provenance: map[string]string{"seed": "1"},
	}
	for l := range testL {
		for h := range testH {
			for t := range T {
				row := d.patterns[l][h][t]
				sum, largest, entropy, weighted := 0.0, 0.0, 0.0, 0.0
				for s, a := range row[:t+1] {
					sum += a
					largest = max(largest, a)
					weighted += a * d.writes[l][h][s]
					tr.KeyMass[l][h][s] += float32(a)
				}
				for _, a := range row[:t+1] {
					if a > 0 {
						entropy -= a / sum * math.Log(a/sum)
					}
				}
				tr.FirstMass[l][h][t] = float32(row[0])
				tr.Diagonal[l][h][t] = float32(row[t])
				tr.RowSum[l][h][t] = float32(sum)
				tr.RowMax[l][h][t] = float32(largest)
				tr.RowEntropy[l][h][t] = float32(entropy)
				if row[0] == largest {
					tr.FirstIsMax[l][h][t] = 1
				}
				tr.EffectiveFirst[l][h][t] = float32(row[0] * d.writes[l][h][0] / weighted)
				tr.HeadWrite[l][h][t] = float32(weighted)
				tr.ValueWrite[l][h][t] = float32(d.writes[l][h][t])
			}
		}
		for k := range testK {
			for t := range T {
				tr.ValueNorm[l][k][t] = float32(math.Sqrt(dot(d.values[l][k][t], d.values[l][k][t])))
			}
		}
	}
	for l := range testL + 1 {
		median, _ := sinks.MedianMagnitude(d.hidden[l])
		tr.ResidMedian[l] = float32(median)
		for t := range T {
			tr.ResidNorm[l][t] = float32(math.Sqrt(dot(d.hidden[l][t], d.hidden[l][t])))
			for _, x := range d.hidden[l][t] {
				tr.ResidMax[l][t] = max(tr.ResidMax[l][t], float32(math.Abs(x)))
			}
		}
	}
	for t := range T {
		tr.IDs = append(tr.IDs, int32(100+t))
		tr.Top1 = append(tr.Top1, int32(t))
		tr.Tokens = append(tr.Tokens, fmt.Sprintf("t%d", t))
		if t > 0 {
			tr.Loss = append(tr.Loss, float32(t))
		}
	}
	return tr
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// prefix cuts the document itself, before any reduction.
func prefix(d document, n int) document {
	var out document
	for l := range d.patterns {
		var heads [][][]float64
		var writes [][]float64
		for h, A := range d.patterns[l] {
			var rows [][]float64
			for _, row := range A[:n] {
				rows = append(rows, row[:n])
			}
			heads = append(heads, rows)
			writes = append(writes, d.writes[l][h][:n])
		}
		out.patterns = append(out.patterns, heads)
		out.writes = append(out.writes, writes)
		var values [][][]float64
		for _, v := range d.values[l] {
			values = append(values, v[:n])
		}
		out.values = append(out.values, values)
	}
	for _, h := range d.hidden {
		out.hidden = append(out.hidden, h[:n])
	}
	return out
}

// Every method of a Trace equals the function on the explicit pattern.
func TestTraceEqualsPatterns(t *testing.T) {
	for seed := range uint64(5) {
		T := 2 + 3*int(seed)
		d := randomDocument(seed, T)
		tr := reduce(d, T)
		warnings, err := tr.Check()
		require.NoError(t, err)
		require.Empty(t, warnings)

		for _, exclude := range []bool{false, true} {
			equal := func(name string, got [][]float64, err error, want func(l, h int) (float64, error)) {
				t.Helper()
				require.NoError(t, err, name)
				for l := range testL {
					for h := range testH {
						w, err := want(l, h)
						require.NoError(t, err)
						require.InDelta(t, w, got[l][h], 2e-6, "%s seed %d layer %d head %d", name, seed, l, h)
					}
				}
			}
			for _, normalise := range []bool{false, true} {
				for k := range T {
					o := sinks.Options{Key: k, ExcludeSelf: exclude, Normalise: normalise}
					if (exclude && k == T-1) || (normalise && k > 0) {
						continue
					}
					got, err := tr.SinkScore(o)
					equal("SinkScore", got, err, func(l, h int) (float64, error) { return sinks.SinkScore(d.patterns[l][h], o) })
				}
				o := sinks.Options{ExcludeSelf: exclude, Normalise: normalise}
				share, sink, err := tr.RelaxedSink(o)
				equal("RelaxedSink", share, err, func(l, h int) (float64, error) {
					s, yes, err := sinks.RelaxedSink(d.patterns[l][h], o)
					require.Equal(t, yes, sink[l][h])
					return s, err
				})
			}
			for _, rows := range []int{0, 1} {
				o := sinks.Options{ExcludeSelf: exclude, MinRows: rows}
				got, err := tr.MaxSinkScore(sinks.AllKeys, o)
				equal("MaxSinkScore", got, err, func(l, h int) (float64, error) {
					s, _, err := sinks.MaxSinkScore(d.patterns[l][h], sinks.AllKeys, o)
					return s, err
				})
			}
			got, err := tr.ArgMaxShare(exclude)
			equal("ArgMaxShare", got, err, func(l, h int) (float64, error) { return sinks.ArgMaxShare(d.patterns[l][h], exclude) })

			skip := 0
			if exclude {
				skip = 1
			}
			rowMean := func(f func(l, h, p int) float64) func(l, h int) (float64, error) {
				return func(l, h int) (float64, error) {
					sum := 0.0
					for p := skip; p < T; p++ {
						sum += f(l, h, p)
					}
					return sum / float64(T-skip), nil
				}
			}
			got, err = tr.MeanRowEntropy(exclude)
			equal("entropy", got, err, rowMean(func(l, h, p int) float64 { return sinks.RowEntropy(d.patterns[l][h][p]) }))
			got, err = tr.MeanRowMax(exclude)
			equal("max", got, err, rowMean(func(l, h, p int) float64 { return sinks.RowMax(d.patterns[l][h][p]) }))
			got, err = tr.EffectiveScore(exclude)
			equal("effective", got, err, rowMean(func(l, h, p int) float64 {
				e, err := sinks.EffectiveAttention(d.patterns[l][h], d.writes[l][h])
				require.NoError(t, err)
				return e[p][0]
			}))
			got, err = tr.HeadWriteShare(exclude)
			equal("write", got, err, rowMean(func(l, h, p int) float64 {
				return dot(d.patterns[l][h][p], d.writes[l][h]) / sinks.Norms(d.hidden[l])[p]
			}))
			got, err = tr.ValueWriteRatio()
			equal("value write", got, err, func(l, h int) (float64, error) { return sinks.ValueNormRatio(d.writes[l][h], 0) })
		}

		ratios, err := tr.ValueNormRatio()
		require.NoError(t, err)
		massive, err := tr.Massive(sinks.MassiveOptions{})
		require.NoError(t, err)
		for l := range testL {
			for k := range testK {
				want, err := sinks.ValueNormRatio(sinks.Norms(d.values[l][k]), 0)
				require.NoError(t, err)
				require.InDelta(t, want, ratios[l][k], 2e-6)
			}
			found, err := sinks.MassiveActivations(d.hidden[l], sinks.MassiveOptions{})
			require.NoError(t, err)
			var positions []int
			for _, m := range found {
				positions = append(positions, m.Position)
			}
			require.Equal(t, positions, massive[l])
			require.Equal(t, []int{0}, massive[l])
		}
		loss, err := tr.MeanLoss()
		require.NoError(t, err)
		require.InDelta(t, float64(T)/2, loss, 1e-12)
	}
}

// The trace of a prefix is the prefix of the trace.
func TestAtEqualsAShorterText(t *testing.T) {
	const T, n = 12, 5
	d := randomDocument(3, T)
	whole := reduce(d, T)
	cut, err := whole.At(n)
	require.NoError(t, err)
	want := reduce(prefix(d, n), n)
	want.KeyMass, want.ResidMedian, want.LogitsLast = nil, nil, nil
	require.Equal(t, want, cut)
	_, err = cut.Check()
	require.NoError(t, err)

	same, err := whole.At(T)
	require.NoError(t, err)
	require.Equal(t, whole, same)
	_, err = cut.SinkScore(sinks.Options{Key: 1})
	require.ErrorContains(t, err, `the trace of "toy" holds no KeyMass`)
	for _, bad := range []int{0, T + 1} {
		_, err = whole.At(bad)
		require.ErrorContains(t, err, "no prefix")
	}
}

// Sizes that no data stands behind are not counted through.
func TestCheckOfHugeSizes(t *testing.T) {
	const huge = 1<<31 - 1
	_, err := (&sinks.Trace{T: huge, L: huge, H: huge, K: 1, D: 1}).Check()
	require.NoError(t, err)
}

func TestTraceRefuses(t *testing.T) {
	const T = 6
	empty := &sinks.Trace{Model: "bare", T: T, L: testL, H: testH, K: testK, D: testD}
	full := reduce(randomDocument(1, T), T)
	for want, call := range map[string]func() error{
		"no FirstMass":              func() error { _, err := empty.SinkScore(sinks.Options{}); return err },
		"no FirstMass, RowSum":      func() error { _, err := empty.SinkScore(sinks.Options{Normalise: true}); return err },
		"no KeyMass, Diagonal":      func() error { _, err := empty.SinkScore(sinks.Options{Key: 1, ExcludeSelf: true}); return err },
		"no FirstIsMax":             func() error { _, err := empty.ArgMaxShare(false); return err },
		"no RowEntropy":             func() error { _, err := empty.MeanRowEntropy(false); return err },
		"no RowMax":                 func() error { _, err := empty.MeanRowMax(false); return err },
		"no EffectiveFirst":         func() error { _, err := empty.EffectiveScore(false); return err },
		"no HeadWrite, ResidNorm":   func() error { _, err := empty.HeadWriteShare(false); return err },
		"no ValueNorm:":             func() error { _, err := empty.ValueNormRatio(); return err },
		"no ValueWrite":             func() error { _, err := empty.ValueWriteRatio(); return err },
		"no ResidMax, ResidMedian":  func() error { _, err := empty.Massive(sinks.MassiveOptions{}); return err },
		"no Loss":                   func() error { _, err := empty.MeanLoss(); return err },
		"normalise the score of":    func() error { _, err := full.SinkScore(sinks.Options{Key: 1, Normalise: true}); return err },
		"rows of key 0 only":        func() error { _, _, err := full.RelaxedSink(sinks.Options{Key: 1}); return err },
		"key position 6 is outside": func() error { _, err := full.SinkScore(sinks.Options{Key: T}); return err },
		"cannot search 7 key":       func() error { _, err := full.MaxSinkScore(7, sinks.Options{}); return err },
	} {
		require.ErrorContains(t, call(), want)
	}
}

func TestCheck(t *testing.T) {
	const T = 6
	nan := float32(math.NaN())
	for want, spoil := range map[string]func(*sinks.Trace){
		"FirstMass is NaN at layer 1 head 2 position 3":                 func(tr *sinks.Trace) { tr.FirstMass[1][2][3] = nan },
		"ValueNorm is -1 at layer 0 key/value head 1 position 2":        func(tr *sinks.Trace) { tr.ValueNorm[0][1][2] = -1 },
		"ResidNorm is NaN at layer 3 position 0":                        func(tr *sinks.Trace) { tr.ResidNorm[3][0] = nan },
		"LogitsLast is NaN at index 1":                                  func(tr *sinks.Trace) { tr.LogitsLast[1] = nan },
		"RowMax must be [LHT]: 1 layers instead of 3":                   func(tr *sinks.Trace) { tr.RowMax = sinks.Cube(1, testH, T) },
		"RowMax must be [LHT]: entry 0 has 1 rows instead of 4":         func(tr *sinks.Trace) { tr.RowMax = sinks.Cube(testL, 1, T) },
		"Loss must be [P]: row [0][0] has 1 values instead of 5":        func(tr *sinks.Trace) { tr.Loss = []float32{1} },
		"IDs has 1 entries, T is 6":                                     func(tr *sinks.Trace) { tr.IDs = tr.IDs[:1] },
		"4 query heads cannot share 3":                                  func(tr *sinks.Trace) { tr.K = 3 },
		"each must be at least 1":                                       func(tr *sinks.Trace) { tr.D = 0 },
		"layer 0 head 0: position 0: token 1 sees only itself":          func(tr *sinks.Trace) { tr.FirstMass[0][0][0] = 0.5; tr.KeyMass[0][0][0] -= 0.5 },
		"layer 2 head 1: position 1: an entropy of 0.9 nats needs more": func(tr *sinks.Trace) { tr.RowEntropy[2][1][1] = 0.9 },
		"one key holds more than the row's maximum":                     func(tr *sinks.Trace) { tr.RowMax[0][0][0] = 0.1 },
		"the row's maximum 3 exceeds its sum":                           func(tr *sinks.Trace) { tr.RowMax[0][0][4] = 3 },
		"position 5: the last key can be seen by its own row only":      func(tr *sinks.Trace) { tr.KeyMass[0][0][5] += 1 },
		"KeyMass of the first key":                                      func(tr *sinks.Trace) { tr.KeyMass[0][0][0] += 1 },
		"over keys, but RowSum to":                                      func(tr *sinks.Trace) { tr.KeyMass[0][0][3] += 1 },
	} {
		tr := reduce(randomDocument(1, T), T)
		spoil(tr)
		_, err := tr.Check()
		require.ErrorContains(t, err, want)
	}

	d := randomDocument(2, T)
	for l := range d.patterns {
		for h := range d.patterns[l] {
			d.patterns[l][h] = scaled(d.patterns[l][h], 0.5)
		}
	}
	warnings, err := reduce(d, T).Check()
	require.NoError(t, err)
	require.Equal(t, []string{"rows do not sum to 1 (0.5 to 0.5)"}, warnings)
}

func TestSaveLoad(t *testing.T) {
	const T = 6
	path := filepath.Join(t.TempDir(), "x.trace")
	full := reduce(randomDocument(1, T), T)
	full.Tokens[2] = "\xe2\x82" // half a character, as byte-level vocabularies have
	full.Warnings = []string{"<|bos|> & more"}
	bare := &sinks.Trace{Model: "bare", T: 1, L: 1, H: 1, K: 1, D: 1, Loss: []float32{}}
	for _, tr := range []*sinks.Trace{full, bare} {
		require.NoError(t, tr.Save(path))
		got, err := sinks.Load(path)
		require.NoError(t, err)
		require.Equal(t, tr, got)
		first, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, got.Save(path))
		second, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(first, second), "equal traces give equal bytes")
	}

	before, err := os.ReadFile(path)
	require.NoError(t, err)
	full.Loss = full.Loss[:1]
	require.ErrorContains(t, full.Save(path), "Loss must be [P]")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after, "a refused save leaves the old file")

	_, err = sinks.Load(path + ".none")
	require.ErrorIs(t, err, os.ErrNotExist)
}
