package eviction

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The scores of NVIDIA/kvpress on the same keys and attention, by its own code
// (testdata/golden.py), are ours. Where its protocol is another than that of this package:
//
//   - SnapKV: its average over five neighbours counts places beyond the ends as zeros, so that the first and last two entries before
//     the observing queries score less, by a factor of 3/5 and 4/5; ours divides by the neighbours there are.
//   - SnapKV's observing entries and TOVA's last token score one more than the largest where ours are +∞; either way they stay.
//   - It scores once, over a whole prompt whose hidden states come from full attention, and leaves what is kept in the order of scores;
//     here blocks see what the cache holds, and entries stay in order of position.
//   - Its budget is a share of the prompt, ours a number of entries.
//   - What is nearest to H2O there, the mean of observed attention, protects no recent entries.
func TestAgainstKVPress(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	require.NoError(t, err)
	var golden struct {
		Keys      [][][]float64          `json:"keys"`      // [K][n][Dh]
		Attention [][][]float64          `json:"attention"` // [K·G][n][≤ query]
		Scores    map[string][][]float64 `json:"scores"`    // policy → [K][n]
	}
	require.NoError(t, json.Unmarshal(text, &golden))
	n := len(golden.Keys[0])
	l := &layer{keys: golden.Keys}
	for i := range n {
		l.queryPos = append(l.queryPos, i)
	}
	for k := range kvHeads {
		mass, seen := make([]float64, n), make([]float64, n)
		var heads [][][]float64
		for _, rows := range golden.Attention[k*groups : (k+1)*groups] {
			var square [][]float64
			for t, row := range rows {
				square = append(square, append(row, make([]float64, n-1-t)...))
				for s, x := range row {
					mass[s] += x / groups
				}
			}
			heads = append(heads, square)
		}
		for s := range n {
			seen[s] = float64(n - s)
		}
		l.pattern, l.pos = append(l.pattern, heads), append(l.pos, l.queryPos)
		l.mass, l.seen = append(l.mass, mass), append(l.seen, seen)
	}
	require.Len(t, golden.Scores, 5)
	for name, want := range golden.Scores {
		p, err := Parse(name)
		require.NoError(t, err)
		budget := 1 // of which H2O protects none
		if name == "snapkv" {
			budget = snapWindow
		}
		scores, _ := scored(t, p, l, budget)
		for k := range kvHeads {
			for s, x := range want[k] {
				ours := float64(scores[k][s])
				if scores[k][s] == float32(always) {
					require.Greater(t, x, 1.0, "%s, head %d, entry %d", name, k, s)
					continue
				}
				if before := n - snapWindow; name == "snapkv" && s < before {
					neighbours := min(s, 2) + 1 + min(before-1-s, 2)
					ours *= float64(neighbours) / snapKernel
				}
				require.InDelta(t, x, ours, 1e-5*math.Max(1, math.Abs(x)), "%s, head %d, entry %d", name, k, s)
			}
		}
	}
}
