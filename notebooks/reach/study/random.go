package study

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks/squash"
	"firsttoken/sinks/squash/jacobian"
	"firsttoken/train/local/backend"
	"firsttoken/train/transformer"
)

// vocab is that of random models.
const vocab = 64

// random is a model of 8 blocks, 64 wide, weights N(0, 1/64), those that write to the stream divided
// by √(2·8). A silent one has heads and MLPs that write nothing.
func (s Study) random(heads int, silent bool) (*jacobian.Differentiator, func(), error) {
	c := transformer.Config{Vocab: vocab, Width: 64, Layers: 8, Heads: heads, KVHeads: heads, HeadDim: 64 / heads, Hidden: 176,
		Context: 64, NormEps: 1e-5, RopeBase: 10000, TiedOutput: true}
	p, err := transformer.RandomParams(&c, dtypes.Float32, 0.125, s.Seed)
	if err != nil {
		return nil, nil, err
	}
	for l := range p.Layers {
		if w := &p.Layers[l]; silent {
			w.Value, w.Down = tensors.FromShape(w.Value.Shape()), tensors.FromShape(w.Down.Shape())
		}
	}
	b, _, err := backend.Open()
	if err != nil {
		return nil, nil, err
	}
	m, err := transformer.New(b, c, p)
	if err != nil {
		return nil, nil, err
	}
	d, err := jacobian.New(m, jacobian.Options{})
	if err != nil {
		m.Close()
		return nil, nil, err
	}
	return d, func() { d.Close(); m.Close() }, nil
}

// documents draws n documents of t random tokens.
func (s Study) documents(n, t int) [][]int32 {
	rng := rand.New(rand.NewPCG(s.Seed, uint64(t)))
	docs := make([][]int32, n)
	for i := range docs {
		for range t {
			docs[i] = append(docs[i], rng.Int32N(vocab))
		}
	}
	return docs
}

// compare takes exact Jacobians of documents under a condition.
func compare(d *jacobian.Differentiator, docs [][]int32, at jacobian.Condition, outputs ...int) (all []*squash.Comparison, err error) {
	for _, ids := range docs {
		p, err := d.At(ids, at)
		if err != nil {
			return nil, err
		}
		c, err := p.Compare(outputs)
		p.Close()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func (s Study) silent() (squash.Check, error) {
	d, done, err := s.random(4, true)
	if err != nil {
		return squash.Check{}, err
	}
	defer done()
	all, err := compare(d, s.documents(1, s.T), jacobian.Condition{Layers: 4, FirstKeyBias: 30}, s.T-1)
	if err != nil {
		return squash.Check{}, err
	}
	return squash.NewCheck(all...)
}

func (s Study) shapes() (squash.Sweep, error) {
	var sweep gathered
	run := func(d *jacobian.Differentiator, name string, x, layers, t int) {
		sweep.add(name, float64(x), func() ([]*squash.Comparison, error) {
			return compare(d, s.documents(s.Texts/2, t), jacobian.Condition{Layers: layers}, t-1)
		})
	}
	four, done, err := s.random(4, false)
	if err != nil {
		return squash.Sweep{}, err
	}
	defer done()
	for _, layers := range []int{1, 2, 4, 6, 8} {
		run(four, squash.Depth, layers, layers, s.T)
	}
	for _, t := range []int{8, 16, 32, 64} {
		run(four, squash.Context, t, 4, t)
	}
	for _, heads := range []int{1, 2, 4, 8, 16} {
		if heads == 4 {
			run(four, squash.Heads, heads, 4, s.T)
			continue
		}
		d, done, err := s.random(heads, false)
		if err != nil {
			return squash.Sweep{}, err
		}
		run(d, squash.Heads, heads, 4, s.T)
		done()
	}
	return sweep.sweep()
}

func (s Study) randomSink() (squash.Sweep, error) {
	const layers = 6
	d, done, err := s.random(4, false)
	if err != nil {
		return squash.Sweep{}, err
	}
	defer done()
	var sweep gathered
	docs := s.documents(s.Texts, s.T)
	run := func(name string, bias float64) {
		sweep.add(name, -1, func() ([]*squash.Comparison, error) {
			return compare(d, docs, jacobian.Condition{Layers: layers, FirstKeyBias: bias}, s.T/2-1, s.T-1)
		})
	}
	run(squash.AsIs, 0)
	for _, mass := range s.Masses {
		bias, err := d.BiasFor(docs, layers, mass)
		if err != nil {
			return squash.Sweep{}, err
		}
		run(fmt.Sprint(mass), bias)
	}
	return sweep.sweep()
}

// gathered is a sweep as it grows; its first error stays.
type gathered struct {
	settings []squash.Setting
	docs     []*squash.Comparison
	err      error
}

// add measures one setting; x < 0 stands for the mean attention on token 1.
func (g *gathered) add(name string, x float64, measure func() ([]*squash.Comparison, error)) {
	if g.err != nil {
		return
	}
	docs, err := measure()
	if err == nil && x < 0 {
		x = squash.MeanFirstMass(docs)
	}
	var one squash.Setting
	if err == nil {
		one, err = squash.NewSetting(name, x, docs)
	}
	g.settings, g.docs, g.err = append(g.settings, one), append(g.docs, docs...), err
}

// sweep is all that was added, with what its exact documents say of the bound.
func (g *gathered) sweep() (squash.Sweep, error) {
	if g.err != nil {
		return squash.Sweep{}, g.err
	}
	check, err := squash.NewCheck(g.docs...)
	return squash.Sweep{Settings: g.settings, Check: &check}, err
}
