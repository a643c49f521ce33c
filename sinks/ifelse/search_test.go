package ifelse_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/ifelse"
	"firsttoken/sinks/stats"
)

const layers, heads, window = 2, 3, 5

var letters = []string{"a", "b", "c", " d", "'", "("}

// random are documents of random tokens and attention, of various lengths.
func random(n int, seed uint64) []ifelse.Document {
	rng := rand.New(rand.NewPCG(seed, 7))
	docs := make([]ifelse.Document, n)
	for i := range docs {
		d := &docs[i]
		for range 10 + rng.IntN(10) {
			d.Tokens = append(d.Tokens, letters[rng.IntN(len(letters))])
		}
		cube := func() [][][]float32 {
			c := make([][][]float32, layers)
			for l := range c {
				c[l] = make([][]float32, heads)
				for h := range c[l] {
					c[l][h] = make([]float32, len(d.Tokens))
				}
			}
			return c
		}
		d.First, d.Max, d.Write = cube(), cube(), cube()
		d.Recent = make([][][][]float32, layers)
		for l := range layers {
			for h := range heads {
				pattern := make([][]float32, len(d.Tokens))
				for t := range pattern {
					pattern[t] = make([]float32, len(d.Tokens))
					sum := float32(0)
					for s := range t + 1 {
						pattern[t][s] = rng.Float32() * rng.Float32()
						sum += pattern[t][s]
					}
					for s := range t + 1 {
						pattern[t][s] /= sum
						d.Max[l][h][t] = max(d.Max[l][h][t], pattern[t][s])
					}
					d.First[l][h][t] = pattern[t][0]
					d.Write[l][h][t] = rng.Float32()
				}
				d.Recent[l] = append(d.Recent[l], ifelse.Diagonals(pattern, window))
			}
		}
	}
	return docs
}

// naive is the response by its definition, one query after the other.
func naive(docs []ifelse.Document, l, h int, x ifelse.Trigger) ifelse.Response {
	var r ifelse.Response
	var found, mass, queries [window + 1]float64
	for _, d := range docs {
		for t := 1; t < len(d.Tokens); t++ {
			present, isMax := false, false
			for lag := x.From; lag <= x.To && t-lag >= 1; lag++ {
				if x.Class.Match(d.Tokens[t-lag]) {
					present = true
					found[lag]++
					r.Trigger += float64(d.Recent[l][h][t][lag])
					isMax = isMax || d.Recent[l][h][t][lag] == d.Max[l][h][t]
				}
			}
			sink, write := float64(d.First[l][h][t]), float64(d.Write[l][h][t])
			if present {
				r.Present++
				r.SinkPresent += sink
				r.WritePresent += write
				if isMax {
					r.ArgMaxTrigger++
				}
				continue
			}
			r.Absent++
			r.SinkAbsent += sink
			r.WriteAbsent += write
			if d.First[l][h][t] == d.Max[l][h][t] {
				r.ArgMaxSink++
			}
			for lag := x.From; lag <= x.To && t-lag >= 1; lag++ {
				mass[lag] += float64(d.Recent[l][h][t][lag])
				queries[lag]++
			}
		}
	}
	present, absent := float64(r.Present), float64(r.Absent)
	r.SinkPresent /= present
	r.WritePresent /= present
	r.Trigger /= present
	r.ArgMaxTrigger /= present
	r.SinkAbsent /= absent
	r.WriteAbsent /= absent
	r.ArgMaxSink /= absent
	for lag, n := range found {
		if n > 0 {
			r.Baseline += n / present * mass[lag] / queries[lag]
		}
	}
	return r
}

func TestMeasureIsTheDefinition(t *testing.T) {
	docs := random(20, 1)
	for _, x := range []ifelse.Trigger{
		ifelse.Previous(ifelse.Only("'")), ifelse.Within(ifelse.Only("b"), window),
		ifelse.Itself(ifelse.Only("(")), {Class: ifelse.Containing("a or c", "ac"), From: 2, To: 4},
	} {
		for l := range layers {
			for h := range heads {
				got, err := ifelse.Measure(docs, l, h, x)
				require.NoError(t, err)
				want := naive(docs, l, h, x)
				require.Equal(t, want.Present, got.Present)
				require.Equal(t, want.Absent, got.Absent)
				for i, pair := range [][2]float64{
					{want.SinkPresent, got.SinkPresent}, {want.SinkAbsent, got.SinkAbsent},
					{want.Trigger, got.Trigger}, {want.Baseline, got.Baseline},
					{want.ArgMaxSink, got.ArgMaxSink}, {want.ArgMaxTrigger, got.ArgMaxTrigger},
					{want.WritePresent, got.WritePresent}, {want.WriteAbsent, got.WriteAbsent},
				} {
					require.InDelta(t, pair[0], pair[1], 1e-9, "%s, number %d", x, i)
				}
			}
		}
	}
}

// Search is Measure of every trigger and head: no head has a better trigger than
// the one it returns, and what it returns is in order.
func TestSearchFindsTheBest(t *testing.T) {
	docs := random(20, 2)
	var triggers []ifelse.Trigger
	for _, c := range ifelse.Singles(docs, 5) {
		triggers = append(triggers, ifelse.Previous(c), ifelse.Within(c, 3))
	}
	found, err := ifelse.Search(docs, triggers, ifelse.Options{Queries: 5, Documents: 5})
	require.NoError(t, err)
	require.Len(t, found, layers*heads)
	seen := map[[2]int]bool{}
	for i, f := range found {
		seen[[2]int{f.Layer, f.Head}] = true
		if i > 0 {
			require.LessOrEqual(t, f.Response.Score(), found[i-1].Response.Score())
		}
		for _, x := range triggers {
			r, err := ifelse.Measure(docs, f.Layer, f.Head, x)
			require.NoError(t, err)
			require.LessOrEqual(t, r.Score(), f.Response.Score()+1e-9)
		}
	}
	require.Len(t, seen, layers*heads)
}

// Four heads that are no if–else heads, each for another reason.
func TestScoreOfOtherHeads(t *testing.T) {
	perfect := ifelse.Response{SinkAbsent: 1, Trigger: 1, WritePresent: 1}
	require.Equal(t, 1.0, perfect.Score())
	for name, r := range map[string]ifelse.Response{
		"always the sink":      {SinkAbsent: 1, SinkPresent: 1, WritePresent: 1},
		"any previous token":   {Trigger: 0.9, Baseline: 0.9, WritePresent: 1},
		"never the sink":       {Trigger: 0.9, Baseline: 0.1, WritePresent: 1},
		"another sink":         {SinkAbsent: 1, Trigger: 1, WritePresent: 1, WriteAbsent: 1},
		"from elsewhere to X":  {SinkAbsent: 0.2, SinkPresent: 0.3, Trigger: 0.7, WritePresent: 1},
		"from sink to another": {SinkAbsent: 0.9, SinkPresent: 0.1, Trigger: 0.1, Baseline: 0.2, WritePresent: 1},
	} {
		require.Zero(t, r.Score(), name)
	}
}

func TestSearchAsksForEnough(t *testing.T) {
	docs := random(6, 3)
	x := ifelse.Previous(ifelse.Only("a"))
	places, in := 0, 0
	for _, d := range docs {
		n := len(x.Places(d.Tokens))
		places += n
		if n > 0 {
			in++
		}
	}
	require.Positive(t, places)
	_, err := ifelse.Search(docs, []ifelse.Trigger{x}, ifelse.Options{Queries: places, Documents: in})
	require.NoError(t, err)
	for _, o := range []ifelse.Options{{Queries: places + 1, Documents: in}, {Queries: places, Documents: in + 1}} {
		_, err := ifelse.Search(docs, []ifelse.Trigger{x}, o)
		require.ErrorContains(t, err, "none of 1 triggers")
	}
	everything := ifelse.Class{Name: "any", Match: func(string) bool { return true }}
	_, err = ifelse.Search(docs, []ifelse.Trigger{ifelse.Itself(everything)}, ifelse.Options{Queries: 1, Documents: 1})
	require.ErrorContains(t, err, "absent in as many")
}

func TestEstimate(t *testing.T) {
	docs, x := random(30, 4), ifelse.Previous(ifelse.Only("b"))
	number := func(r ifelse.Response) float64 { return r.SinkAbsent }
	e, err := ifelse.Estimate(docs, 1, 2, x, number, stats.Options{})
	require.NoError(t, err)
	r, err := ifelse.Measure(docs, 1, 2, x)
	require.NoError(t, err)
	require.Equal(t, r.SinkAbsent, e.Value)
	require.Equal(t, len(docs), e.N)
	require.Less(t, e.CI.Lo, e.Value)
	require.Less(t, e.Value, e.CI.Hi)
}

// A head held against the documents of a search has the response measured there.
func TestHold(t *testing.T) {
	docs := random(30, 4)
	f := ifelse.Found{Layer: 1, Head: 0, Trigger: ifelse.Previous(ifelse.Only("b"))}
	without := ifelse.Document{Tokens: []string{"a", "c", "a"}} // never looked at: its tokens lack the trigger
	held, err := ifelse.Hold(append([]ifelse.Document{without}, docs...), f, stats.Options{})
	require.NoError(t, err)
	docs = slices.DeleteFunc(docs, func(d ifelse.Document) bool { return len(f.Trigger.Places(d.Tokens)) == 0 })
	require.Equal(t, len(docs), held.Moved.N)
	r, err := ifelse.Measure(docs, 1, 0, f.Trigger)
	require.NoError(t, err)
	require.Equal(t, r, held.Found.Response)
	require.Equal(t, f.Layer, held.Found.Layer)
	for i, pair := range []struct {
		want float64
		got  stats.Estimate
	}{
		{r.SinkAbsent, held.SinkAbsent}, {r.SinkPresent, held.SinkPresent}, {r.Trigger, held.Trigger}, {r.Baseline, held.Baseline},
		{r.ArgMaxSink, held.ArgMaxSink}, {r.ArgMaxTrigger, held.ArgMaxTrigger}, {r.Moved(), held.Moved},
		{r.WritePresent / r.WriteAbsent, held.Write},
	} {
		require.Equal(t, pair.want, pair.got.Value, "number %d", i)
		require.Less(t, pair.got.CI.Lo, pair.got.CI.Hi)
	}
	f.Trigger = ifelse.Previous(ifelse.Only("~"))
	_, err = ifelse.Hold(docs, f, stats.Options{})
	require.ErrorContains(t, err, "is present in none of")
}

// A row of zeros, as softmax-off-by-one and gates allow, has no largest weight. Taking such rows
// out again once made the share of absent queries at the sink −0.25, and that of present queries at
// the trigger 1.
func TestRowsOfZeros(t *testing.T) {
	d := ifelse.Document{Tokens: []string{"a", "b", "x", "b", "x", "b"}}
	zeros := [][][]float32{{make([]float32, 6)}}
	d.First, d.Max, d.Write = zeros, zeros, zeros
	pattern := make([][]float32, 6)
	for t := range pattern {
		pattern[t] = make([]float32, 6)
	}
	d.Recent = [][][][]float32{{ifelse.Diagonals(pattern, 1)}}
	r, err := ifelse.Measure([]ifelse.Document{d}, 0, 0, ifelse.Previous(ifelse.Only("b")))
	require.NoError(t, err)
	require.Equal(t, 2, r.Present)
	require.Equal(t, 3, r.Absent)
	require.Zero(t, r.ArgMaxSink)
	require.Zero(t, r.ArgMaxTrigger)
}

// A mean over no queries is not 0: it would pull the interval to 0.
func TestMeansOverNothing(t *testing.T) {
	docs := random(30, 4)
	r, err := ifelse.Measure(docs, 1, 0, ifelse.Previous(ifelse.Only("~")))
	require.NoError(t, err)
	require.Zero(t, r.Present)
	for _, x := range []float64{r.SinkPresent, r.Trigger, r.ArgMaxTrigger, r.WritePresent} {
		require.True(t, math.IsNaN(x))
	}
	require.Zero(t, r.Score())
	// The trigger is in a single document: draws without it have no such mean.
	docs[0].Tokens[4] = "'"
	for i := range docs[1:] {
		for k, token := range docs[i+1].Tokens {
			if token == "'" {
				docs[i+1].Tokens[k] = "c"
			}
		}
	}
	_, err = ifelse.Estimate(docs, 1, 0, ifelse.Previous(ifelse.Only("'")), func(r ifelse.Response) float64 { return r.Trigger }, stats.Options{})
	require.ErrorContains(t, err, "hangs on one document")
}

func TestRefusals(t *testing.T) {
	docs := random(3, 5)
	x, o := ifelse.Previous(ifelse.Only("a")), ifelse.Options{Queries: 1, Documents: 1}
	search := func(docs []ifelse.Document, x ifelse.Trigger, o ifelse.Options) error {
		_, err := ifelse.Search(docs, []ifelse.Trigger{x}, o)
		return err
	}
	cut := random(3, 5)
	cut[1].Max[1][2] = cut[1].Max[1][2][1:]
	lean := random(3, 5)
	lean[2].Recent[0][1][4] = nil
	short := random(3, 5)
	short[0].Tokens = short[0].Tokens[:1]
	for want, err := range map[string]error{
		"no documents":                        search(nil, x, o),
		"records no attention by lag":         search(make([]ifelse.Document, 1), x, o),
		"Queries = 0":                         search(docs, x, ifelse.Options{Documents: 1}),
		"looks 6 tokens back":                 search(docs, ifelse.Within(x.Class, window+1), o),
		"lags 2 to 1":                         search(docs, ifelse.Trigger{Class: x.Class, From: 2, To: 1}, o),
		"has no Match":                        search(docs, ifelse.Previous(ifelse.Class{Name: "x"}), o),
		"document 2: field Max has":           search(cut, x, o),
		"document 3: field Recent has 0 lags": search(lean, x, o),
		"document 1: a document of 1":         search(short, x, o),
		"none of 0 triggers":                  func() error { _, err := ifelse.Search(docs, nil, o); return err }(),
		"no layer 3 head 1 among 2":           func() error { _, err := ifelse.Measure(docs, 2, 0, x); return err }(),
		"stats: 1 bootstrap draws": func() error {
			_, err := ifelse.Estimate(docs, 0, 0, x, ifelse.Response.Moved, stats.Options{Resamples: 1})
			return err
		}(),
		"no places":         func() error { _, err := docs[0].Masses(0, 0, nil); return err }(),
		"no layer 1 head 4": func() error { _, err := docs[0].Masses(0, 3, []ifelse.Place{{Query: 1}}); return err }(),
		"query 100":         func() error { _, err := docs[0].Masses(0, 0, []ifelse.Place{{Query: 99}}); return err }(),
		fmt.Sprintf("lags 0 to %d", window): func() error {
			_, err := docs[0].Masses(0, 0, []ifelse.Place{{Query: 9, Keys: []int{1}}})
			return err
		}(),
	} {
		require.ErrorContains(t, err, want)
	}
}
