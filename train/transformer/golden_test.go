package transformer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/safetensors"
)

// goldenTolerance is how far float32 may be from float64, as a share of a
// tensor's standard deviation. A wrong formula is off by 1e-2 and more.
const goldenTolerance = 1e-4

// goldenFile is testdata/golden.safetensors, which testdata/golden.py writes.
type goldenFile struct {
	header *safetensors.Header
	data   *bytes.Reader
	cases  []goldenCase
}

type goldenCase struct {
	Name      string
	Weights   string
	Config    json.RawMessage
	Documents int
}

func openGolden(t *testing.T) *goldenFile {
	t.Helper()
	raw, err := os.ReadFile("testdata/golden.safetensors")
	require.NoError(t, err)
	g := &goldenFile{data: bytes.NewReader(raw)}
	g.header, err = safetensors.ParseHeader(g.data, g.data.Size())
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(g.header.Metadata["cases"]), &g.cases))
	require.NotEmpty(t, g.cases)
	return g
}

func (g *goldenFile) has(name string) bool {
	_, ok := g.header.Lookup(name)
	return ok
}

// read returns a tensor's numbers and shape.
func read[E float32 | int32 | uint8](t *testing.T, g *goldenFile, name string) ([]E, []int) {
	t.Helper()
	raw, err := g.header.Read(g.data, name)
	require.NoError(t, err)
	info, _ := g.header.Lookup(name)
	out := make([]E, int(info.Size)/info.DType.Size())
	require.NoError(t, binary.Read(bytes.NewReader(raw), binary.LittleEndian, out))
	return out, info.Shape
}

func (g *goldenFile) model(t *testing.T, on compute.Backend, gc goldenCase) *Model {
	t.Helper()
	c, err := ParseConfig(gc.Config)
	require.NoError(t, err)
	p := &Params[*tensors.Tensor]{Layers: make([]Layer[*tensors.Tensor], c.Layers)}
	p.Each(&c, func(name string, slot **tensors.Tensor, _ []int) {
		flat, dims := read[float32](t, g, "weights/"+gc.Weights+"/"+name)
		*slot = tensors.FromFlatDataAndDimensions(flat, dims...)
	})
	return newModel(t, on, c, p)
}

// batch reads a case's documents, and their edits by layer.
func (g *goldenFile) batch(t *testing.T, gc goldenCase, c *Config) (Batch, []*Edits) {
	t.Helper()
	var batch Batch
	for d := range gc.Documents {
		key := fmt.Sprintf("%s/%d/", gc.Name, d)
		ids, _ := read[int32](t, g, key+"ids")
		batch.IDs = append(batch.IDs, ids)
		if g.has(key + "positions") {
			positions, _ := read[int32](t, g, key+"positions")
			batch.Positions = append(batch.Positions, positions)
		}
	}
	longest := batch.longest()
	if g.has(gc.Name + "/0/visible") {
		batch.Visible = make([]bool, gc.Documents*longest*longest)
		for d, ids := range batch.IDs {
			visible, _ := read[uint8](t, g, fmt.Sprintf("%s/%d/visible", gc.Name, d))
			for i, v := range visible {
				batch.Visible[(d*longest+i/len(ids))*longest+i%len(ids)] = v != 0
			}
		}
	}
	var layers []*Edits
	for l := range c.Layers {
		var e Edits
		width := Bucket(longest)
		e.each(c, gc.Documents, width, func(name string, slot **tensors.Tensor, dims []int) {
			key := func(d int) string { return fmt.Sprintf("%s/%d/edits.%d.%s", gc.Name, d, l, name) }
			if !g.has(key(0)) {
				return
			}
			neutral := float32(1)
			if name == "KeyBias" {
				neutral = 0
			}
			flat := slices.Repeat([]float32{neutral}, product(dims))
			rows := product(dims) / gc.Documents / width
			for d, ids := range batch.IDs {
				doc, _ := read[float32](t, g, key(d))
				require.Len(t, doc, rows*len(ids))
				for r := range rows {
					copy(flat[(d*rows+r)*width:], doc[r*len(ids):][:len(ids)])
				}
			}
			*slot = tensors.FromFlatDataAndDimensions(flat, dims...)
		})
		if e != (Edits{}) {
			layers = append(layers, &e)
		}
	}
	return batch, layers
}

// compare logs the largest difference and fails above the tolerance.
func compare(t *testing.T, what string, want, got []float32) {
	t.Helper()
	require.Len(t, got, len(want), what)
	var sum, square, worst float64
	for i, w := range want {
		sum, square = sum+float64(w), square+float64(w)*float64(w)
		d := math.Abs(float64(got[i]) - float64(w))
		if !(d <= worst) { // NaN too
			worst = d
		}
	}
	n := float64(len(want))
	std := math.Sqrt(max(square/n-sum/n*sum/n, 0))
	t.Logf("%-28s max |Δ| %.1e of std %.1e", what, worst, std)
	if !(worst <= goldenTolerance*max(std, 1e-2)) {
		t.Errorf("%s: max |Δ| %g is above %g · std %g", what, worst, goldenTolerance, std)
	}
}

// check holds one way of running a case against the file. The long case keeps no
// more than its logits.
func (g *goldenFile) check(t *testing.T, gc goldenCase, c *Config, batch Batch, got *captured) {
	t.Helper()
	for d, ids := range batch.IDs {
		key := fmt.Sprintf("%s/%d/", gc.Name, d)
		ours := got.document(c, d, len(ids))
		for _, name := range []string{"resid", "pattern", "z", "logits"} {
			if name == "logits" || g.has(key+name) {
				want, _ := read[float32](t, g, key+name)
				compare(t, fmt.Sprintf("document %d %s", d+1, name), want, ours[name])
			}
		}
	}
}

// run runs a case block by block.
func (g *goldenFile) run(t *testing.T, on compute.Backend, gc goldenCase) {
	t.Helper()
	m := g.model(t, on, gc)
	batch, edits := g.batch(t, gc, &m.Config)
	got := mustCapture(t, m, batch, edits)
	g.check(t, gc, &m.Config, batch, got)
	for d, ids := range batch.IDs {
		key := fmt.Sprintf("%s/%d/", gc.Name, d)
		top1, _ := read[int32](t, g, key+"top1")
		require.Equal(t, top1, got.Top1[d])
		// One row and several are products of other shapes, which add up in other orders.
		require.InDeltaSlice(t, got.Logits[d][len(ids)-1], got.LogitsLast[d], 1e-5)
		if loss, _ := read[float32](t, g, key+"loss"); len(ids) > 1 {
			compare(t, fmt.Sprintf("document %d loss", d+1), loss, got.Loss[d])
		} else {
			require.Empty(t, got.Loss[d])
		}
	}
}

func TestGolden(t *testing.T) {
	g := openGolden(t)
	for _, gc := range g.cases {
		t.Run(gc.Name, func(t *testing.T) { g.run(t, pureGo(t), gc) })
	}
}

// TestGoldenChunked runs all blocks in one graph, with so few query rows at a
// time that every case has several chunks, the last of them smaller.
func TestGoldenChunked(t *testing.T) {
	g := openGolden(t)
	for _, gc := range g.cases {
		t.Run(gc.Name, func(t *testing.T) {
			m := g.model(t, pureGo(t), gc)
			batch, edits := g.batch(t, gc, &m.Config)
			got := captureChunked(t, m, batch, edits, max(3, batch.longest()*2/5))
			g.check(t, gc, &m.Config, batch, got)
		})
	}
}

// TestGoldenPrepared runs on the backend of set-up two cases that between them have
// grouped and single keys, unequal lengths, every edit, and two chunks of queries.
func TestGoldenPrepared(t *testing.T) {
	if prepared(t).Name() == pureGo(t).Name() {
		t.Skip("the prepared backend is the pure Go one, which TestGolden covers")
	}
	names := []string{"two query chunks", "all edits"}
	g := openGolden(t)
	for _, gc := range g.cases {
		if i := slices.Index(names, gc.Name); i >= 0 {
			names = slices.Delete(names, i, i+1)
			t.Run(gc.Name, func(t *testing.T) { g.run(t, prepared(t), gc) })
		}
	}
	require.Empty(t, names, "not in the file")
}
