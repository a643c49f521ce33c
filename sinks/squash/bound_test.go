package squash_test

import (
	"fmt"
	"math"

	"firsttoken/sinks/squash"
)

// Two layers of two heads on two tokens. Head 1 looks at token 1 only, head 2 spreads.
func ExampleBound() {
	layer := squash.Layer{
		Pattern:     [][][]float64{{{1, 0}, {1, 0}}, {{1, 0}, {0.5, 0.5}}},
		OutputValue: []float64{2, 1},
		RMS:         []float64{1, 2},
		MLP:         []float64{0, 1},
	}
	b := squash.Bound{layer, layer}
	fmt.Println("path product:", b.PathProduct(1))
	fmt.Println("C_max:", b.CMax())
	fmt.Printf("bound on ‖∂v₂/∂v₁‖: %.0f, local %.0f\n", math.Pow(10, b.Log10(1)[1][0]), b.Local(1)[1][0])
	// Output:
	// path product: [[9 0] [6.75 2.25]]
	// C_max: 4
	// bound on ‖∂v₂/∂v₁‖: 108, local 32
}
