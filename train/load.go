package train

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/internal/safetensors"
	"firsttoken/train/local"
	"firsttoken/train/store"
	"firsttoken/train/transformer"
)

// LoadModel reads the model of a finished run, to be probed like any other. run is the run's name,
// or the beginning of it, in the store's folder dir; with dir "" it is looked for where Run of an
// empty Options.Store leaves it. The weights must be those of the run's result, by their hash. Of a
// run that comes with the checkout they may be absent: the error wraps [local.ErrAbsent] and says
// what brings them.
func LoadModel(backend compute.Backend, dir, run string) (*transformer.Model, Config, error) {
	r, err := find(dir, run)
	if err != nil {
		return nil, Config{}, err
	}
	c, err := configOf(r)
	if err != nil {
		return nil, Config{}, err
	}
	result, err := done(r)
	if err == nil && result == nil {
		err = fmt.Errorf("run %s is not done: train it first", r.ID)
	}
	if err != nil {
		return nil, c, err
	}
	path, err := weights(r, result)
	if err != nil {
		return nil, c, err
	}
	m, err := loadWeights(backend, &c.Model, path)
	if err != nil {
		return nil, c, fmt.Errorf("run %s: %w", r.ID, err)
	}
	return m, c, nil
}

// Version names the weights that [LoadModel] would read, by their hash: see [store.Versions]. dir and
// run are as for it.
func Version(dir, run string) ([]string, error) {
	r, err := find(dir, run)
	if err != nil {
		return nil, err
	}
	return store.Versions([]store.Point{{ID: r.ID, Dir: r.Dir}})
}

// find looks for a run by the beginning of its name.
func find(dir, run string) (*store.Run, error) {
	if dir != "" {
		return store.Find(dir, run)
	}
	own, err := local.RunsDir()
	if err != nil {
		return nil, err
	}
	shipped, err := local.ShippedRuns()
	if err != nil {
		return nil, err
	}
	r, err := store.FindIn([]string{own, shipped}, run)
	if err != nil || r.Dir != store.At(own, r.ID).Dir {
		return r, err
	}
	if result, err := done(r); result != nil || err != nil {
		return r, err
	}
	if other := store.At(shipped, r.ID); other.Done() {
		return other, nil
	}
	return r, nil
}

// configOf is the configuration of a stored run.
func configOf(r *store.Run) (Config, error) {
	text, err := r.Config()
	if err != nil {
		return Config{}, err
	}
	c, err := ParseConfig(bytes.NewReader(text))
	if err != nil {
		return Config{}, fmt.Errorf("run %s: %w", r.ID, err)
	}
	return c, nil
}

// loadWeights reads what export wrote. A vocabulary of 0 is filled in.
func loadWeights(backend compute.Backend, c *transformer.Config, path string) (m *transformer.Model, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	header, err := safetensors.ParseHeader(f, info.Size())
	if err != nil {
		return nil, err
	}
	if embed, ok := header.Lookup("embed"); ok && c.Vocab == 0 && len(embed.Shape) == 2 {
		c.Vocab = embed.Shape[0]
	}
	p := &transformer.Params[*tensors.Tensor]{Layers: make([]transformer.Layer[*tensors.Tensor], c.Layers)}
	defer func() {
		if err != nil {
			p.Each(c, func(_ string, slot **tensors.Tensor, _ []int) {
				if *slot != nil {
					(*slot).MustFinalizeAll()
				}
			})
		}
	}()
	p.Each(c, func(name string, slot **tensors.Tensor, dims []int) {
		if err != nil {
			return
		}
		t, ok := header.Lookup(name)
		if !ok || t.DType != safetensors.F32 {
			err = fmt.Errorf("%s: no float32 weight %s", path, name)
			return
		}
		var raw []byte
		if raw, err = header.Read(f, name); err != nil {
			return
		}
		values := make([]float32, len(raw)/4)
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		*slot = tensors.FromFlatDataAndDimensions(values, t.Shape...)
	})
	if err != nil {
		return nil, err
	}
	return transformer.New(backend, *c, p)
}
