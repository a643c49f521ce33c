package probe

import (
	"fmt"
	"slices"

	"firsttoken/sinks/eviction"
	"firsttoken/train/transformer"
)

// StreamOptions say how a text is read through a bounded cache.
type StreamOptions struct {
	Policy  eviction.Policy // which entries stay
	Entries int             // N, that each key/value head keeps
	Block   int             // B, tokens fed at once; 0 stands for 64
	// Shifted counts positions in the cache; else they are the text's, which end with the context.
	Shifted bool
	// SkipLoss is how many targets at the beginning are of no interest: their losses are not
	// computed.
	SkipLoss int

	// Generate goes on for so many tokens after the text, one by one: the most probable each time,
	// but where Force, by index from 0, says otherwise.
	Generate int
	Force    map[int]int32
	OnToken  func(id int32) error // told of each token that was generated
	// Watch is shown the caches after the text and after each token that was generated.
	Watch func(c *transformer.Cache) error
}

const defaultBlock = 64

// Streamed is what reading a text gave.
type Streamed struct {
	Loss      []float32   // [T−1−SkipLoss] nats, of each token from the second on
	Kept      [][][]int32 // [L][K] positions that the caches hold in the end, 0-based, in order
	Generated []int32
	Logits    []float32 // [V] after the last token
}

// Stream reads one text of token ids, fed as they are, at constant memory and work a token.
func Stream(m *transformer.Model, ids []int32, o StreamOptions) (*Streamed, error) {
	if o.Policy == nil {
		return nil, fmt.Errorf("probe: no policy: see sinks/eviction")
	}
	if o.Block == 0 {
		o.Block = defaultBlock
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("probe: the text is empty: it needs at least one token")
	}
	if all := len(ids) + o.Generate; !o.Shifted && all > m.Config.Context {
		return nil, fmt.Errorf("probe: %d tokens and positions of the text: the model's context ends at %d: count places in the cache instead (shifted), or read less", all, m.Config.Context)
	}
	c, err := transformer.NewCache(m, transformer.CacheOptions{Entries: o.Entries, Block: o.Block, Keep: eviction.Of(o.Policy), Shifted: o.Shifted})
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	defer c.Close()
	out := &Streamed{}
	for at := 0; at < len(ids); at += o.Block {
		end := min(at+o.Block, len(ids))
		targets := ids[at+1 : min(end+1, len(ids))]
		skip := min(max(o.SkipLoss-at, 0), len(targets))
		if skip == len(targets) {
			targets, skip = nil, 0
		}
		fed, err := c.Feed(ids[at:end], targets, end == len(ids))
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		out.Loss, out.Logits = append(out.Loss, fed.Loss[skip:]...), fed.Logits
	}
	if err := o.watch(c); err != nil {
		return nil, err
	}
	for i := range o.Generate {
		id, forced := o.Force[i]
		if !forced {
			id = best(out.Logits)
		}
		out.Generated = append(out.Generated, id)
		if o.OnToken != nil {
			if err := o.OnToken(id); err != nil {
				return nil, err
			}
		}
		fed, err := c.Feed([]int32{id}, nil, true)
		if err != nil {
			return nil, fmt.Errorf("probe: token %d of the continuation: %w", i+1, err)
		}
		out.Logits = fed.Logits
		if err := o.watch(c); err != nil {
			return nil, err
		}
	}
	for l := range m.Config.Layers {
		kept, err := c.Kept(l)
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		out.Kept = append(out.Kept, kept)
	}
	return out, nil
}

// RehearseStream reads as little of a text as it takes for everything to be compiled that Stream
// needs for all of it, but for a continuation in the midst of which the cache is full.
func RehearseStream(m *transformer.Model, ids []int32, o StreamOptions) error {
	if o.Block == 0 {
		o.Block = defaultBlock
	}
	if !o.Shifted && len(ids)+o.Generate > m.Config.Context {
		_, err := Stream(m, ids, o) // refuses what a part of would pass
		return err
	}
	// A full cache, one block more, and an end as long as the text's.
	if n := o.Entries + o.Block; o.Block > 0 && len(ids) > n {
		ids = ids[:n+(len(ids)-n)%o.Block]
	}
	o.Generate, o.OnToken, o.Watch, o.SkipLoss = min(o.Generate, 1), nil, nil, 0
	_, err := Stream(m, ids, o)
	return err
}

// watch shows the caches to whoever asked.
func (o *StreamOptions) watch(c *transformer.Cache) error {
	if o.Watch == nil {
		return nil
	}
	return o.Watch(c)
}

// best is the arg max, the lowest id among equals.
func best(logits []float32) int32 { return int32(slices.Index(logits, slices.Max(logits))) }

// MeanLoss is the mean over all targets, in nats; 0 without any.
func (s *Streamed) MeanLoss() float64 {
	sum := 0.0
	for _, x := range s.Loss {
		sum += float64(x)
	}
	return sum / max(1, float64(len(s.Loss)))
}

// KeptShare is the share of (layer, key/value head, token) of the first n tokens of the text that
// the caches still hold.
func (s *Streamed) KeptShare(n int) float64 {
	kept, all := 0, 0
	for _, heads := range s.Kept {
		for _, positions := range heads {
			all += n
			for _, pos := range positions {
				if int(pos) < n {
					kept++
				}
			}
		}
	}
	return float64(kept) / max(1, float64(all))
}
