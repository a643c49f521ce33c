package plots

import (
	"fmt"
	"math"
)

// Explorer is a page to look around in: every head of a model on one text, or
// under two conditions side by side. A map of the heads leads to the pattern of
// each; pointing at a token shows where it looks and who looks at it; a slider
// moves the threshold ε.
//
// It is one HTML file that opens from a disk, loads nothing, and says so to the
// browser (a Content-Security-Policy), so that it can be sent to a colleague. Text
// in it is shown, never run. The same input gives the same bytes.
type Explorer struct {
	// Title says what is seen; "" is "Where each head looks".
	Title string
	// Conditions are one, or two to be compared, such as with and without ⟨bos⟩.
	Conditions []ExplorerCondition
	// Epsilon is the threshold at the start; 0 is 0.3.
	Epsilon float64
}

// ExplorerCondition is one pass of one model over one text. L layers, H query
// heads, K key/value heads, T tokens.
type ExplorerCondition struct {
	// Name tells it from the other condition, such as "with ⟨bos⟩".
	Name string
	// Tokens are the text's, [T], as they are to be read: "␣Paris".
	Tokens []string
	// Lead is the number of tokens in front of the text, such as 1 for ⟨bos⟩. Two
	// conditions are laid side by side by their texts, token by token.
	Lead int
	// Patterns are [L][H][T][T], row = query; of each row t only keys ≤ t are read.
	// Weights are in [0, 1] and are kept in 8 bits, to within 0.004.
	Patterns [][][][]float64
	// Score is the sink score α₁ of each head, [L][H], kept as it is: the rate is
	// counted on it.
	Score [][]float64
	// Entropy (mean of the rows', in nats), ValueRatio (‖v₁‖ over the mean of all ‖v‖)
	// and Write (mean norm of what the head adds to the residual stream) are [L][H],
	// or nil where they are not known. What is not finite is shown as missing.
	Entropy, ValueRatio, Write [][]float64
	// ValueNorm is ‖v‖₂, [L][K][T]; query head h reads key/value head ⌊h·K/H⌋. Or nil.
	ValueNorm [][][]float64
	// ResidNorm is ‖x‖₂, [L+1][T]: row ℓ is what layer ℓ, counted from 1, hands on. Or nil.
	ResidNorm [][]float64
	// Warnings are what a reader of the numbers must know.
	Warnings []string
	// About is listed at the foot of the page, by key: model, data, versions.
	About map[string]string
}

// explorerBytes is the size that no page exceeds: what mail and chat still take.
const explorerBytes = 8_000_000

// CheckExplorerSize says whether conditions of so many tokens each, of a model of
// layers × heads, fit into a page. It is for asking before a model is run.
func CheckExplorerSize(layers, heads int, tokens ...int) error {
	var extents []explorerExtent
	for _, t := range tokens {
		extents = append(extents, explorerExtent{layers, heads, t})
	}
	return invalid("Explorer", checkExplorerSize(extents))
}

// explorerExtent is the shape of a condition's patterns.
type explorerExtent struct{ layers, heads, tokens int }

// bytes is the size of its patterns in base64.
func (x explorerExtent) bytes() int { return 4 * ((x.layers*x.heads*triangle(x.tokens) + 2) / 3) }

func checkExplorerSize(extents []explorerExtent) error {
	const room = explorerBytes - 150_000 // the rest is about so large where the patterns just fit
	bytes, longest := 0, explorerExtent{}
	for _, x := range extents {
		bytes += x.bytes()
		if x.bytes() > longest.bytes() {
			longest = x
		}
	}
	if bytes <= room {
		return nil
	}
	what := fmt.Sprintf("%d × %d heads on %d tokens", longest.layers, longest.heads, longest.tokens)
	fits := longest
	for fits.tokens > 0 && fits.bytes()*len(extents) > room {
		fits.tokens--
	}
	remedy := fmt.Sprintf("take at most %d tokens", fits.tokens)
	if fits.tokens == 0 {
		remedy = "take a smaller model"
	}
	if len(extents) > 1 {
		what = fmt.Sprintf("%d conditions of %s", len(extents), what)
		remedy += ", or one condition"
	}
	return fmt.Errorf("%s make a file of %.1f MB, above the limit of %d MB; %s", what, float64(bytes)/1e6, explorerBytes/1_000_000, remedy)
}

// triangle is the number of weights of a causal pattern.
func triangle(t int) int { return t * (t + 1) / 2 }

// Validate reports what is wrong with the page's data or options.
func (e Explorer) Validate() error { return invalid("Explorer", e.validate()) }

func (e Explorer) validate() error {
	if n := len(e.Conditions); n < 1 || n > 2 {
		return fmt.Errorf("%d conditions; give one, or two to be compared", n)
	}
	if !(e.Epsilon >= 0 && e.Epsilon < 1) {
		return fmt.Errorf("threshold Epsilon is %g; use one in (0, 1), or 0 for 0.3", e.Epsilon)
	}
	for i, c := range e.Conditions {
		if err := c.validate(); err != nil {
			return fmt.Errorf("condition %d, %q: %w", i+1, c.Name, err)
		}
	}
	if len(e.Conditions) == 2 && e.Conditions[0].Name == e.Conditions[1].Name {
		return fmt.Errorf("both conditions are named %q; give each a Name of its own", e.Conditions[0].Name)
	}
	var extents []explorerExtent
	for _, c := range e.Conditions {
		extents = append(extents, explorerExtent{len(c.Patterns), len(c.Patterns[0]), len(c.Tokens)})
	}
	return checkExplorerSize(extents)
}

func (c ExplorerCondition) validate() error {
	if len(c.Tokens) == 0 {
		return fmt.Errorf("no Tokens; give the text's, one a position")
	}
	if c.Lead < 0 || c.Lead > len(c.Tokens) {
		return fmt.Errorf("the Lead is %d; it counts the tokens in front of the text, 0 to %d here", c.Lead, len(c.Tokens))
	}
	if err := checkMatrix("Patterns", c.Patterns); err != nil {
		return err
	}
	layers, heads, t := len(c.Patterns), len(c.Patterns[0]), len(c.Tokens)
	for l, layer := range c.Patterns {
		for h, pattern := range layer {
			if err := checkCausal(pattern, t); err != nil {
				return fmt.Errorf("pattern of layer %d, head %d: %w", l+1, h+1, err)
			}
		}
	}
	if c.Score == nil {
		return fmt.Errorf("no Score; give the sink score of each head, [%d][%d]", layers, heads)
	}
	for _, m := range []struct {
		name       string
		values     [][]float64
		rows, cols int
	}{
		{"Score", c.Score, layers, heads}, {"Entropy", c.Entropy, layers, heads},
		{"ValueRatio", c.ValueRatio, layers, heads}, {"Write", c.Write, layers, heads},
		{"ResidNorm", c.ResidNorm, layers + 1, t},
	} {
		if m.values == nil {
			continue
		}
		if err := checkShape(m.name, m.values, m.rows, m.cols); err != nil {
			return err
		}
	}
	if c.ValueNorm == nil {
		return nil
	}
	if len(c.ValueNorm) != layers {
		return fmt.Errorf("ValueNorm has %d layers, Patterns %d", len(c.ValueNorm), layers)
	}
	kv := len(c.ValueNorm[0])
	if kv == 0 || heads%kv != 0 {
		return fmt.Errorf("ValueNorm has %d key/value heads, which %d heads cannot share evenly", kv, heads)
	}
	for l, layer := range c.ValueNorm {
		if err := checkShape(fmt.Sprintf("ValueNorm of layer %d", l+1), layer, kv, t); err != nil {
			return err
		}
	}
	return nil
}

// checkCausal reports a pattern that is not [t][t], or not of weights.
func checkCausal(pattern [][]float64, t int) error {
	if err := checkShape("it", pattern, t, t); err != nil {
		return err
	}
	for i, row := range pattern {
		for j, a := range row[:i+1] {
			if !(a >= 0 && a <= 1+1e-5) {
				return fmt.Errorf("query %d gives %g to key %d; weights lie in [0, 1]", i+1, a, j+1)
			}
		}
	}
	return nil
}

func checkShape(name string, values [][]float64, rows, cols int) error {
	if err := checkMatrix(name, values); err != nil {
		return err
	}
	if len(values) != rows || len(values[0]) != cols {
		return fmt.Errorf("%s is %d × %d; it must be %d × %d", name, len(values), len(values[0]), rows, cols)
	}
	return nil
}

// packPatterns writes the lower triangles one after another, layer by layer, row
// by row, a byte a weight: round(255·√A). The root spends the steps where weights
// differ: 0.0001 is still told from 0.
func packPatterns(patterns [][][][]float64) []byte {
	t := len(patterns[0][0])
	out := make([]byte, 0, len(patterns)*len(patterns[0])*triangle(t))
	for _, layer := range patterns {
		for _, pattern := range layer {
			for i, row := range pattern {
				for _, a := range row[:i+1] {
					out = append(out, uint8(math.Round(255*math.Sqrt(min(a, 1)))))
				}
			}
		}
	}
	return out
}
