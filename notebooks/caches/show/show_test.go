package show_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/caches"
	"firsttoken/notebooks/caches/show"
	"firsttoken/notebooks/claims"
	"firsttoken/sinks/streams"
)

// outcome is one of two texts and two layers of two heads; losses lie around a mean.
func outcome(loss float64) *streams.Outcome {
	return &streams.Outcome{
		Loss: []float64{loss * 0.999, loss, loss * 1.001}, Token1: []float64{1, 0.5, 0.75}, Token4: []float64{0.5, 0.5, 0.5},
		ByLayer1: []float32{1, 0.5}, ByLayer4: []float32{0.5, 0.5}, Curve: []float32{float32(loss), float32(loss) + 1},
		Map: []byte{255, 0, 255, 128, 0, 0, 51, 255},
	}
}

// table has a window that breaks, StreamingLLM that mends it where N ≥ 256, and KeyDiff better than
// H2O and worse than StreamingLLM.
func table() caches.Table {
	t := caches.Table{"all": outcome(3)}
	for _, n := range claims.StreamBudgets {
		for policy, cost := range map[string]float64{"window": 4, "streaming": 12.8 / float64(n), "keydiff": 0.3, "h2o": 0.5, "tova": 0.4} {
			t[streams.Setting{Policy: policy, Entries: n}.String()] = outcome(3 + cost)
		}
		t[streams.Setting{Policy: "streaming", Entries: n, Shifted: true}.String()] = outcome(3 + 12.8/float64(n))
	}
	return t
}

// What the rules read is there, under its names, with the right sign.
func TestFiguresOfClaims(t *testing.T) {
	s2, err := show.S2(table())
	require.NoError(t, err)
	r, err := claims.Judge("S2", "notebooks/12.ipynb", s2, claims.S2())
	require.NoError(t, err)
	require.Equal(t, claims.Mixed, r.Verdict, r.Why)
	f, err := r.Ours.Get("loss, KeyDiff − H2O, N = 64")
	require.NoError(t, err)
	require.InDelta(t, -0.2, f.Value, 1e-9)

	s3, err := show.S3(table())
	require.NoError(t, err)
	r, err = claims.Judge("S3", "notebooks/12.ipynb", s3, claims.S3())
	require.NoError(t, err)
	require.Equal(t, claims.Mixed, r.Verdict, r.Why)
	for name, want := range map[string]float64{
		"loss, window − StreamingLLM, N = 128": 3.9, "loss, StreamingLLM − everything kept, N = 256": 0.05, "loss, StreamingLLM − the same shifted, N = 64": 0,
	} {
		f, err := r.Ours.Get(name)
		require.NoError(t, err)
		require.InDelta(t, want, f.Value, 1e-6)
	}
	missing := table()
	delete(missing, "tova-128")
	_, err = show.S2(missing)
	require.ErrorContains(t, err, "was not measured")
	delete(missing, "all")
	_, err = show.S3(missing)
	require.ErrorContains(t, err, "was not measured")
}

func TestTables(t *testing.T) {
	text, err := show.CostTable(table())
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	require.Equal(t, "| kept | N = 64 | N = 128 | N = 256 | N = 512 | token 1 held, N = 64 | tokens 1 – 4 held |", lines[0])
	require.Len(t, lines, 2+5, "policies that were measured")
	for _, line := range lines {
		require.Equal(t, strings.Count(lines[0], "|"), strings.Count(line, "|"), line)
	}
	require.Equal(t, "| window | 4.00 ± 0.01 | 4.00 ± 0.01 | 4.00 ± 0.01 | 4.00 ± 0.01 | 75 % | 50 % |", lines[2])
	text, err = show.ShiftTable(table())
	require.NoError(t, err)
	require.Contains(t, text, "| StreamingLLM, N = 256 | 0.000 |")
	require.NotContains(t, text, "KeyDiff")
}

func TestFigures(t *testing.T) {
	_, err := show.Costs("costs", table())
	require.NoError(t, err)
	_, err = show.Cliff("cliff", table(), 16)
	require.NoError(t, err)
	_, err = show.Maps("maps", table(), 256, 2, 3)
	require.NoError(t, err)
	_, err = show.Firsts("firsts", table(), 64, true)
	require.NoError(t, err)
	flat := table()
	flat["window-64"].Curve = nil
	_, err = show.Cliff("cliff", flat, 16)
	require.ErrorContains(t, err, "window, N = 64 was not measured by position")
}
