// Package probes trains the linear probes of package erasure on a model's states and reads other
// documents with them. Sums, products and cosines are XLA's; what is solved is small.
package probes

import (
	"fmt"
	"slices"

	"firsttoken/sinks/erasure"
	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// Config says what is trained and read.
type Config struct {
	Blocks []int // whose states are read: 0 the embedding, l what block l leaves; in order
	To     int   // of these, the last early block
	// Ridge is that of [erasure.Moments.Ridge]; 0 stands for 1e-3.
	Ridge float64
	Under []probe.Intervention
	Seed  uint64                // of the shuffled segmentation
	Token func(id int32) string // as the vocabulary writes it
}

// First is the first token whose state is trained on and read: the three before it are tokens of
// the text, and token 1, whose state is like no other's, is none of them.
const First = 4

// Texts are documents of token ids: the probes' weights are fitted to those of Train; Choose sets
// their sharpness, and the block after which most is read; those of Test are read. None should be
// in two.
type Texts struct{ Train, Choose, Test [][]int32 }

// Measure trains probes for every block and offset and reads Test with them.
func Measure(m *transformer.Model, t Texts, c Config) (*erasure.Outcome, error) {
	if c.Ridge == 0 {
		c.Ridge = 1e-3
	}
	for _, docs := range [][][]int32{t.Train, t.Choose, t.Test} {
		if len(docs) == 0 || slices.ContainsFunc(docs, func(ids []int32) bool { return len(ids) <= First }) {
			return nil, fmt.Errorf("probes: documents to train on, to choose by and to read are needed, each of more than %d tokens", First)
		}
	}
	if c.Token == nil {
		return nil, fmt.Errorf("probes: words are told by tokens: set Token")
	}
	types := typesOf(t)
	g, err := newGraphs(m, types.list)
	if err != nil {
		return nil, fmt.Errorf("probes: %w", err)
	}
	defer g.close()
	weights, err := train(m, g, types, t.Train, c)
	if err != nil {
		return nil, fmt.Errorf("probes: %w", err)
	}
	sharp, err := sharpen(m, g, types, weights, t.Choose, c)
	if err != nil {
		return nil, fmt.Errorf("probes: %w", err)
	}
	choosing, err := read(m, g, types, weights, sharp, t.Choose, c)
	if err != nil {
		return nil, fmt.Errorf("probes: %w", err)
	}
	reads, err := read(m, g, types, weights, sharp, t.Test, c)
	if err != nil {
		return nil, fmt.Errorf("probes: %w", err)
	}
	return erasure.Reduce(reads, c.Blocks, erasure.Best(choosing, c.Blocks, c.To), c.To, c.Seed)
}

// types are the tokens that occur in the texts, by which cosines are taken.
type types struct {
	list []int32
	at   map[int32]int32
	seen map[int32]int // in Train
}

func typesOf(t Texts) types {
	out := types{at: map[int32]int32{}, seen: map[int32]int{}}
	for i, docs := range [][][]int32{t.Train, t.Choose, t.Test} {
		for _, ids := range docs {
			for _, id := range ids {
				if _, ok := out.at[id]; !ok {
					out.at[id] = int32(len(out.list))
					out.list = append(out.list, id)
				}
				if i == 0 {
					out.seen[id]++
				}
			}
		}
	}
	return out
}

// targets are the types [n·Offsets] that are to be read at the tokens from First on.
func (t types) targets(ids []int32) (list []int32) {
	for pos := First; pos < len(ids); pos++ {
		for i := range erasure.Offsets {
			list = append(list, t.at[ids[pos-i]])
		}
	}
	return list
}

// chunkRows is about how many rows a sum is taken over at once: float32 is enough for so many.
const chunkRows = 2048

// train fits weights [D+1][Offsets·D] for each block.
func train(m *transformer.Model, g *graphs, types types, docs [][]int32, c Config) ([][]float32, error) {
	d := m.Config.Width
	moments := make([]*erasure.Moments, len(c.Blocks))
	for b := range moments {
		moments[b] = erasure.NewMoments(d, erasure.Offsets*d)
	}
	err := chunks(m, types, docs, c, func(rows [][]float32, targets []int32, _ []int) error {
		for b := range moments {
			xx, xy, err := g.sums(rows[b], targets)
			if err != nil {
				return err
			}
			moments[b].Add(len(targets)/erasure.Offsets, xx, xy)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	weights := make([][]float32, len(moments))
	for b, mo := range moments {
		w, err := mo.Ridge(c.Ridge)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", c.Blocks[b], err)
		}
		for _, v := range w {
			weights[b] = append(weights[b], float32(v))
		}
		moments[b] = nil
	}
	return weights, nil
}

// chunks gathers documents' rows from First on, by block, with their targets, until there are
// enough for one step.
func chunks(m *transformer.Model, types types, docs [][]int32, c Config, step func(rows [][]float32, targets []int32, docs []int) error) error {
	d := m.Config.Width
	rows := make([][]float32, len(c.Blocks))
	var targets []int32
	var numbers []int
	flush := func() error {
		if len(numbers) == 0 {
			return nil
		}
		err := step(rows, targets, numbers)
		for b := range rows {
			rows[b] = rows[b][:0]
		}
		targets, numbers = nil, nil
		return err
	}
	err := probe.EachStates(m, docs, c.Blocks, c.Under, func(doc int, states [][]float32) error {
		for b := range rows {
			rows[b] = append(rows[b], states[b][First*d:]...)
		}
		targets, numbers = append(targets, types.targets(docs[doc])...), append(numbers, doc)
		if len(targets) >= chunkRows*erasure.Offsets {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// sharpen finds the factor of cosines, of those in sharpnesses, under which the documents' tokens
// are most probable: [blocks][Offsets].
func sharpen(m *transformer.Model, g *graphs, types types, weights [][]float32, docs [][]int32, c Config) ([][]float32, error) {
	cost := make([][]float64, len(c.Blocks)) // [blocks][sharpnesses · Offsets]
	err := chunks(m, types, docs, c, func(rows [][]float32, targets []int32, _ []int) error {
		for b := range cost {
			nll, err := g.cost(rows[b], weights[b], targets)
			if err != nil {
				return err
			}
			if cost[b] == nil {
				cost[b] = make([]float64, len(nll))
			}
			for i, v := range nll {
				cost[b][i] += float64(v)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	sharp := make([][]float32, len(c.Blocks))
	for b := range sharp {
		for i := range erasure.Offsets {
			best := 0
			for s := range sharpnesses {
				if cost[b][s*erasure.Offsets+i] < cost[b][best*erasure.Offsets+i] {
					best = s
				}
			}
			sharp[b] = append(sharp[b], sharpnesses[best])
		}
	}
	return sharp, nil
}

// read reads documents.
func read(m *transformer.Model, g *graphs, types types, weights, sharp [][]float32, docs [][]int32, c Config) ([]erasure.Read, error) {
	out := make([]erasure.Read, len(docs))
	for i, ids := range docs {
		r := &out[i]
		r.First = First
		for _, id := range ids {
			r.Tokens, r.Seen = append(r.Tokens, c.Token(id)), append(r.Seen, types.seen[id])
		}
		r.Hit, r.Prob = make([][][]bool, len(c.Blocks)), make([][][]float32, len(c.Blocks))
		for b := range c.Blocks {
			for range erasure.Offsets {
				r.Hit[b], r.Prob[b] = append(r.Hit[b], make([]bool, len(ids))), append(r.Prob[b], make([]float32, len(ids)))
			}
		}
	}
	err := chunks(m, types, docs, c, func(rows [][]float32, targets []int32, numbers []int) error {
		for b := range c.Blocks {
			hit, prob, err := g.read(rows[b], weights[b], sharp[b], targets)
			if err != nil {
				return err
			}
			at := 0
			for _, doc := range numbers {
				for pos := First; pos < len(docs[doc]); pos++ {
					for i := range erasure.Offsets {
						out[doc].Hit[b][i][pos], out[doc].Prob[b][i][pos] = hit[at] > 0, prob[at]
						at++
					}
				}
			}
		}
		return nil
	})
	return out, err
}
