package streams_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/streams"
)

// two texts of six tokens, two layers of one and of the same KV head, caches of three entries.
func texts() []streams.Text {
	return []streams.Text{
		{Tokens: 6, Loss: []float32{4, 2, 1, 3, 5}, Kept: [][][]int32{{{0, 4, 5}}, {{3, 4, 5}}}},
		{Tokens: 6, Loss: []float32{2, 2, 3, 1, 1}, Kept: [][][]int32{{{0, 1, 5}}, {{0, 4, 5}}}},
	}
}

func ExampleReduce() {
	s := streams.Setting{Policy: "keydiff", Entries: 3, Curve: true, Map: true}
	o, err := streams.Reduce(texts(), s, streams.Options{First: 3, Block: 1, Bin: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s, o.Loss, "holds token 1 in", o.Token1, "by layer", o.ByLayer1)
	fmt.Println("tokens 1 to 4", o.Token4, "by layer", o.ByLayer4)
	fmt.Println("by position", o.Curve)
	fmt.Println("kept", o.Map)
	// Output:
	// keydiff-3 [4 1] holds token 1 in [0.5 1] by layer [1 0.5]
	// tokens 1 to 4 [0.25 0.375] by layer [0.375 0.25]
	// by position [2.5 2 3]
	// kept [191 0 191 64 64 255]
}

func TestRows(t *testing.T) {
	o := &streams.Outcome{Map: []byte{0, 255, 51, 0}}
	require.Equal(t, [][]float64{{0, 1}, {0.2, 0}}, o.Rows(2))
	require.Nil(t, o.Rows(3))
	require.Nil(t, o.Rows(0))
}

// Losses that were not computed do not move those that count.
func TestSkippedLosses(t *testing.T) {
	o := streams.Options{First: 3, Block: 1, Bin: 2}
	want, err := streams.Reduce(texts(), streams.Setting{Policy: streams.All}, o)
	require.NoError(t, err)
	for from := 1; from <= 3; from++ {
		cut := texts()
		for i := range cut {
			cut[i].From, cut[i].Loss = from, cut[i].Loss[from:]
		}
		got, err := streams.Reduce(cut, streams.Setting{Policy: streams.All}, o)
		require.NoError(t, err)
		require.Equal(t, want, got)
		_, err = streams.Reduce(cut, streams.Setting{Policy: streams.All, Curve: true}, o)
		require.ErrorContains(t, err, "too few")
	}
}

func TestRefuses(t *testing.T) {
	good := streams.Options{First: 3, Bin: 2}
	other := texts()
	other[1].Tokens = 7
	for problem, c := range map[string]struct {
		texts []streams.Text
		o     streams.Options
	}{
		"no texts":            {nil, good},
		"bins of 0":           {texts(), streams.Options{First: 3}},
		"from position 5 on":  {texts(), streams.Options{First: 5, Bin: 2}},
		"text 2 has 7 tokens": {other, good},
		"text 1 has 4 losses": {[]streams.Text{{Tokens: 6, Loss: make([]float32, 4), Kept: texts()[0].Kept}}, good},
		"losses count from position -1 on, and t": {texts(), streams.Options{First: -1, Bin: 2}},
	} {
		_, err := streams.Reduce(c.texts, streams.Setting{Policy: "window", Entries: 3}, c.o)
		require.ErrorContains(t, err, problem)
	}
	require.Equal(t, "all", streams.Setting{Policy: streams.All}.String())
	require.Equal(t, "h2o-mean-64-shifted", streams.Setting{Policy: "h2o:mean", Entries: 64, Shifted: true}.String())
}
