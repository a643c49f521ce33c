package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/local"
)

// golden is testdata/golden.json, which testdata/golden.py computes from the same
// file in NumPy.
type golden struct {
	SHA256    string `json:"sha256"`
	Documents []struct {
		IDs                 []int32            `json:"ids"`
		Top1                []int32            `json:"top1"`
		Loss                float64            `json:"loss"`
		LogitsLastHead      []float64          `json:"logits_last_head"`
		FirstTokenAttention [][]float64        `json:"first_token_attention"`
		SinkRate            map[string]float64 `json:"sink_rate"`
		RowEntropy          [][]float64        `json:"row_entropy"`
		ValueNormFirst      [][]float64        `json:"value_norm_first"`
		ValueNormOthers     [][]float64        `json:"value_norm_others"`
		ResidualNormFirst   []float64          `json:"residual_norm_first"`
		ResidualNormOthers  []float64          `json:"residual_norm_others"`
	} `json:"documents"`
}

// A real model, against an independent implementation.
func TestSmolLM2EqualsNumPy(t *testing.T) {
	if _, err := local.Model("smollm2"); err != nil {
		t.Skip("SmolLM2 is not set up: ", err)
	}
	data, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	require.NoError(t, err)
	var want golden
	require.NoError(t, json.Unmarshal(data, &want))

	lines := succeed(t, "", "-model", "smollm2", "-ids", filepath.Join("testdata", "documents.json"), "-per-document")
	require.Len(t, lines, len(want.Documents))
	for i, w := range want.Documents {
		raw, err := json.Marshal(lines[i])
		require.NoError(t, err)
		var got struct {
			report
			IDs  []int32 `json:"ids"`
			Top1 []int32 `json:"top1"`
		}
		require.NoError(t, json.Unmarshal(raw, &got))
		require.Equal(t, w.IDs, got.IDs)
		require.Equal(t, w.Top1, got.Top1)
		require.InDelta(t, w.Loss, *got.Loss, 1e-4)
		require.Contains(t, got.Provenance["weights"], want.SHA256)
		for j, x := range w.LogitsLastHead {
			require.InDelta(t, x, got.LogitsLast[j], 1e-3)
		}
		for l := range w.FirstTokenAttention {
			require.InDeltaSlice(t, w.FirstTokenAttention[l], got.FirstTokenAttention[l], 1e-4, "layer %d", l+1)
			require.InDeltaSlice(t, w.RowEntropy[l], got.RowEntropy[l], 1e-3, "layer %d", l+1)
			for k, norms := range got.ValueNorms[l] {
				require.InEpsilon(t, w.ValueNormFirst[l][k], norms[0], 1e-4, "layer %d", l+1)
				require.InEpsilon(t, w.ValueNormOthers[l][k], average(norms[1:]), 1e-4, "layer %d", l+1)
			}
		}
		for l, norms := range got.ResidualNorms {
			require.InEpsilon(t, w.ResidualNormFirst[l], norms[0], 1e-4, "stream %d", l)
			require.InEpsilon(t, w.ResidualNormOthers[l], average(norms[1:]), 1e-4, "stream %d", l)
		}
		for eps, rate := range w.SinkRate {
			// A head whose score lies within rounding of ε may fall either way.
			threshold, err := strconv.ParseFloat(eps, 64)
			require.NoError(t, err)
			close := 0.0
			for _, layer := range w.FirstTokenAttention {
				for _, a := range layer {
					if d := a - threshold; d*d < 1e-8 {
						close += 1.0 / 270
					}
				}
			}
			require.InDelta(t, rate, got.SinkRate[eps], close+1e-9, "ε = %s", eps)
		}
	}
}
