package probe

import (
	"fmt"

	"firsttoken/sinks/eviction"
	"firsttoken/sinks/streams"
	"firsttoken/train/transformer"
)

// Streams reads texts of equal length through a cache each and says what came of it.
func Streams(m *transformer.Model, texts [][]int32, s streams.Setting, o streams.Options) (*streams.Outcome, error) {
	so := StreamOptions{Entries: s.Entries, Block: o.Block, Shifted: s.Shifted}
	if s.Policy != streams.All {
		var err error
		if so.Policy, err = eviction.Parse(s.Policy); err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
	}
	if !s.Curve {
		so.SkipLoss = o.First
	}
	var read []streams.Text
	for i, ids := range texts {
		if s.Policy == streams.All {
			so.Policy, so.Entries = eviction.Window{}, len(ids)
		}
		r, err := Stream(m, ids, so)
		if err != nil {
			return nil, fmt.Errorf("text %d, %s: %w", i+1, s, err)
		}
		read = append(read, streams.Text{Tokens: len(ids), From: so.SkipLoss, Loss: r.Loss, Kept: r.Kept})
	}
	return streams.Reduce(read, s, o)
}
