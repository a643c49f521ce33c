package transformer_test

import (
	"fmt"
	"log"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/local/backend"
	"firsttoken/train/transformer"
)

func open(c transformer.Config) *transformer.Model {
	b, _, err := backend.Open()
	if err != nil {
		log.Fatal(err)
	}
	p, err := transformer.RandomParams(&c, dtypes.Float32, 0.02, 1)
	if err != nil {
		log.Fatal(err)
	}
	m, err := transformer.New(b, c, p)
	if err != nil {
		log.Fatal(err)
	}
	return m
}

// A freshly drawn model is as good as guessing: its loss is near log V.
func Example() {
	m := open(transformer.Tiny())
	defer m.Close()
	out, err := m.Forward(transformer.One([]int32{1, 2, 3, 4}), transformer.Pass{Predict: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d weights, %d losses, the first %.1f nats\n", m.Config.Parameters(), len(out.Loss[0]), out.Loss[0][0])
	// Output: 17568 weights, 3 losses, the first 4.2 nats
}

// An observer reduces a block on the device; here to the mean attention of each
// head to the first token, self-attention of the first token included.
func ExampleObserver() {
	m := open(transformer.Tiny())
	defer m.Close()
	toFirst := &transformer.Observer{
		Name: "attention to the first token",
		Observe: func(_ *transformer.Config, n *transformer.Nodes, _ *graph.Node) []*graph.Node {
			a := n.Rows[0].Pattern // [B, K, G, T, S]; a short prompt has one chunk
			first := graph.Slice(a, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(), graph.AxisRange(), graph.AxisElem(0))
			return []*graph.Node{graph.ReduceMean(first, 0, 3, 4)}
		},
	}
	_, err := m.Forward(transformer.One([]int32{1, 2, 3, 4, 5, 6, 7, 8}), transformer.Pass{
		Observer: toFirst,
		OnBlock: func(layer int, outputs []*tensors.Tensor) error {
			fmt.Printf("layer %d: %.2f\n", layer+1, outputs[0].Value())
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// layer 1: [[0.34 0.34] [0.34 0.34]]
	// layer 2: [[0.34 0.34] [0.34 0.34]]
}

// Without attention's and the MLP's writes the residual stream stays the embedding.
func ExampleEdits() {
	c := transformer.Tiny()
	m := open(c)
	defer m.Close()
	ids := []int32{5, 6}
	off := make([]float32, transformer.Bucket(len(ids)))
	edits := &transformer.Edits{
		AttnScale: tensors.FromFlatDataAndDimensions(off, 1, len(off)),
		MLPScale:  tensors.FromFlatDataAndDimensions(off, 1, len(off)),
	}
	out, err := m.Forward(transformer.One(ids), transformer.Pass{
		Predict: true,
		Edits:   func(int) *transformer.Edits { return edits },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("tied embeddings predict the token itself:", out.Top1[0])
	// Output: tied embeddings predict the token itself: [5 6]
}

func ExampleParseConfig() {
	_, err := transformer.ParseConfig([]byte(`{"vocab": 64, "num_heads": 4}`))
	fmt.Println(err)
	// Output: transformer config: json: unknown field "num_heads"
}

func ExampleBucket() {
	for _, t := range []int{5, 60, 65, 1000, 1025} {
		fmt.Print(transformer.Bucket(t), " ")
	}
	// Output: 8 64 80 1024 1280
}
