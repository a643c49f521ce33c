package pretrained

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// checkpoint is a file or folder of named tensors.
type checkpoint interface {
	// dims maps each tensor's name to its dimensions, outermost first.
	dims() map[string][]int
	// dtype is the type that read gives.
	dtype(name string) dtypes.DType
	// read loads one tensor, quantised ones as Float32. It belongs to the
	// caller. Safe for concurrent use.
	read(name string) (*tensors.Tensor, error)
}

// assemble reads weights, several at a time, and the vocabulary beside them, and
// makes a model on the backend's first device of them. The first error stops all
// reading; whatever was read by then is freed. rehearse, if not nil, is called between vocabulary
// and weights.
func assemble(backend compute.Backend, c transformer.Config, o Options, ck checkpoint, lay layout,
	vocabulary func() (*tokenizer.Tokenizer, error), rehearse func(*Loaded) error) (*Loaded, error) {
	c.Compute = o.Compute
	p, weights, err := match(&c, ck.dims(), lay)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	var wg sync.WaitGroup
	var tok *tokenizer.Tokenizer
	var warnings []string
	wg.Go(func() {
		t, err := vocabulary()
		if err == nil {
			warnings, err = checkVocabulary(t, c.Vocab)
		}
		if err != nil {
			stop(err)
		}
		tok = t
	})
	var rehearsed *transformer.Rehearsed
	if rehearse != nil {
		wg.Wait()
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		types := map[string]dtypes.DType{}
		for _, w := range weights {
			types[w.role] = w.kept(ck, o.Weights)
		}
		rehearsed, err = transformer.Rehearse(backend, c, func(role string) dtypes.DType { return types[role] },
			func(m *transformer.Model) error { return rehearse(&Loaded{Model: m, Tokenizer: tok, Options: o}) })
		if err != nil {
			return nil, err
		}
	}
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(weights) {
					return
				}
				if err := weights[i].load(backend, &c, ck, o.Weights); err != nil {
					stop(fmt.Errorf("tensor %s: %w", weights[i].tensor, err))
				}
			}
		})
	}
	wg.Wait()
	var m *transformer.Model
	if err = context.Cause(ctx); err == nil {
		m, err = transformer.New(backend, c, p)
	}
	if err == nil && rehearsed != nil {
		err = m.Take(rehearsed)
	}
	if err != nil {
		if rehearsed != nil {
			rehearsed.Free()
		}
		for _, w := range weights {
			free(*w.slot)
		}
		return nil, err
	}
	return &Loaded{Model: m, Tokenizer: tok, Options: o, Warnings: warnings}, nil
}

// match pairs the weights that the configuration asks for with the tensors that
// there are. The error names all that are missing, extra or misshaped.
func match(c *transformer.Config, have map[string][]int, lay layout) (*transformer.Params[*tensors.Tensor], []weight, error) {
	// Else a damaged layer count would be answered by thousands of tensors that
	// are missing.
	if c.Layers > len(have) {
		return nil, nil, fmt.Errorf("the configuration has %d layers, but there are only %d tensors", c.Layers, len(have))
	}
	p := &transformer.Params[*tensors.Tensor]{Layers: make([]transformer.Layer[*tensors.Tensor], c.Layers)}
	var weights []weight
	var problems []error
	lay = lay.under(have)
	used := map[string]bool{}
	p.Each(c, func(role string, slot **tensors.Tensor, dims []int) {
		src, ok := lay.source(role)
		if !ok {
			problems = append(problems, fmt.Errorf("weight %s: no tensor of this family of models is known to hold it", role))
			return
		}
		used[src.tensor] = true
		got, ok := have[src.tensor]
		want := src.stored(dims)
		switch {
		case !ok && role == "output":
			problems = append(problems, fmt.Errorf("tensor %s is missing: where the output is the embedding, set tie_word_embeddings to true in %s", src.tensor, configFile))
		case !ok:
			problems = append(problems, fmt.Errorf("tensor %s is missing", src.tensor))
		case !slices.Equal(got, want):
			problems = append(problems, fmt.Errorf("tensor %s has shape %v: must be %v", src.tensor, got, want))
		default:
			weights = append(weights, weight{source: src, role: role, slot: slot, dims: dims})
		}
	})
	var extra []string
	for name := range have {
		if !used[name] && !lay.ignored(name) {
			extra = append(extra, name)
		}
	}
	slices.Sort(extra)
	for _, name := range extra {
		problems = append(problems, fmt.Errorf("tensor %s is not part of a decoder of this configuration", name))
	}
	if n, limit := len(problems), 10; n > limit {
		more := fmt.Sprintf("… and %d more", n-limit)
		if len(extra) > 0 {
			more += "; there are others, such as " + extra[0]
		}
		problems = append(problems[:limit], errors.New(more))
	}
	return p, weights, errors.Join(problems...)
}
