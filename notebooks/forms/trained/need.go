package trained

import (
	"context"
	"fmt"

	"firsttoken/notebooks/forms"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/streams"
	"firsttoken/train"
	"firsttoken/train/transformer"
)

// Caches of [Needs]: entries, of which StreamingLLM's keep the first four, and tokens fed at once.
// Positions are those of the cache, or a text could be no longer than the context of 64 tokens.
const needEntries, needBlock = 32, 8

// Needs reads the first n held-out documents of T − 1 tokens or more, cut to T with ⟨bos⟩ in front,
// through a cache of the last entries and one that keeps the first four as well, in the runs of
// each form. Losses count from target first + 1 on. The error wraps local.ErrAbsent if a run, its
// weights or its text are not there.
func Needs(ctx context.Context, names []string, configs map[string][]train.Config, n, T, first int) (map[string][]forms.Need, error) {
	held, err := train.Texts(ctx, "", configs[names[0]][0].ID(), n, T-1)
	if err != nil {
		return nil, err
	}
	var texts [][]int32
	for _, ids := range held.IDs {
		texts = append(texts, append([]int32{held.BOS}, ids...))
	}
	out := map[string][]forms.Need{}
	for _, name := range names {
		for _, c := range configs[name] {
			need := forms.Need{Seed: c.Seed}
			err := withModel(c, func(m *transformer.Model) error { return measureNeed(m, texts, first, &need) })
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out[name] = append(out[name], need)
		}
	}
	return out, nil
}

func measureNeed(m *transformer.Model, texts [][]int32, first int, need *forms.Need) error {
	o := streams.Options{First: first, Block: needBlock, Bin: needBlock}
	for policy, to := range map[string]*float64{"window": &need.Window, "streaming": &need.Firsts} {
		read, err := probe.Streams(m, texts, streams.Setting{Policy: policy, Entries: needEntries, Shifted: true}, o)
		if err != nil {
			return err
		}
		for _, x := range read.Loss {
			*to += x / float64(len(read.Loss))
		}
	}
	return nil
}
