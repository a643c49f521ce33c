package corpus

import (
	"testing"

	"github.com/gomlx/go-huggingface/datasets"
	"github.com/stretchr/testify/require"
)

// What the hub itself converted only in part is not taken for the whole.
func TestPartialDatasetIsSaid(t *testing.T) {
	h := hub{cfg: HubConfig{Dataset: "a/b", Config: "default", Split: "train"}}
	for url, want := range map[string]int{"https://x/default/train/0000.parquet": 0, "https://x/default/partial-train/0000.parquet": 1} {
		h.files = []datasets.ParquetFile{{URL: url}}
		require.Len(t, h.Warnings(), want)
	}
}
