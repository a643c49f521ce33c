package collapse_test

import (
	"fmt"

	"firsttoken/sinks"
	"firsttoken/sinks/collapse"
)

// Two layers of a text of three tokens: the second layer has pulled the last two together.
func ExampleByDepth() {
	d, err := collapse.ByDepth([][][]float32{
		{{9, 0}, {0, 2}, {0, -2}},
		{{9, 0}, {0.5, 1}, {-0.5, 1}},
	}, collapse.Rows{Skip: 1}) // token 1 is long and would rule every measure
	if err != nil {
		panic(err)
	}
	for l := range d.Rank {
		fmt.Printf("layer %d: rank %.2f (relative %.2f), last two %.2f apart\n", l, d.Rank[l], d.Relative[l], d.Distance[l])
	}
	// Output:
	// layer 0: rank 2.83 (relative 1.00), last two 4.00 apart
	// layer 1: rank 0.71 (relative 0.45), last two 1.00 apart
}

// The bound is attained, and its converse fails.
func Example_proposition31() {
	sharp, _ := collapse.Attained(5, 4, 1)
	p, _ := sinks.CheckProp31(sharp)
	fmt.Printf("attained: distance %.4f = √2 · %.4f\n", p.Representational, p.Rank)

	V, _ := collapse.Counterexample(5, 4, 1000)
	p, _ = sinks.CheckProp31(V)
	fmt.Printf("counter-example: distance %.0f, rank %.0f\n", p.Representational, p.Rank)
	// Output:
	// attained: distance 1.0000 = √2 · 0.7071
	// counter-example: distance 0, rank 1000
}

func ExampleByLength() {
	// 1 + 2⁻⁹ rounds to 1 in bfloat16, which keeps 8 significant bits.
	l, err := collapse.ByLength([][]float32{{2}, {1}, {1 + 1.0/512}})
	if err != nil {
		panic(err)
	}
	n, ok := l.FirstEqual(2)
	fmt.Println(l.Differing, n, ok)
	// Output: [1 0] 3 true
}
