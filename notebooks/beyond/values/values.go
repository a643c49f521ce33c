// Package values holds what notebook 11d measures of a model whose local layers see a window of the
// last W tokens: values alone, which package measure measures and package beyond shows. It depends on
// neither, so that a change of a figure makes no measured value old.
package values

// Epsilon is above what sink score a head has a sink.
const Epsilon = 0.3

// What the model is run under. Texts are the same in all but the last, and so are the targets.
const (
	AsIs   = "as it is"
	Hidden = "⟨bos⟩ hidden"                      // key 1 from all later queries: the same as left out
	Local  = "⟨bos⟩ hidden from local layers"    // only
	Global = "⟨bos⟩ hidden from global layers"   // only
	Wide   = "no windows"                        // local layers see everything, at distances new to them
	Later  = "text begins half a window later"   // right behind ⟨bos⟩
	Second = "massive tokens of the text hidden" // from all later queries; see Massive
	Others = "as many others hidden"             // the nearest of the same token that is not massive
)

// Quantities of rows, means over heads and rows.
const (
	First    = "⟨bos⟩"                      // attention to key 1, a share
	Oldest   = "oldest"                     // attention to the key W−1 before, the last that a local row sees
	Largest  = "largest"                    // the row's largest weight
	Entropy  = "entropy"                    // of the row, over that of even attention to all visible keys
	Passed   = "passed"                     // ‖zₜ‖ over the mean ‖vⱼ‖ of the text's keys that row t sees
	Read     = "read"                       // Σⱼ Aₜⱼ‖vⱼ‖ over the same: ‖zₜ‖ if no values pointed apart
	Top      = "top"                        // ‖v‖ of the key of the largest weight, over the same
	Written  = "written"                    // ‖zₜ W_O‖ behind the norm after attention, over ‖xₜ‖ before the block
	OnFirst  = "largest on ⟨bos⟩"           // 1 where the row's largest weight is on key 1
	OnSecond = "largest on a massive token" // 1 where it is on a massive token of the text
)

// Measured is what was measured. Rows count from 0, as in code; a bin is Window/8 rows.
type Measured struct {
	Window, T, Bin int
	Kinds          string   // a letter a layer: L local, G global
	Heads          int      // H, in each layer
	Documents      []string // where the texts are from, one each
	Runs           map[string]Run
	Looks          []Look // of AsIs: the window's second half, and beyond
}

// Run is one condition, of the first of the texts or of all.
type Run struct {
	Loss   [][]float64 // [document][bin] nats, mean over the bin's rows
	Local  Rows        // of heads with a sink at ⟨bos⟩ in the window's first half as it is,
	Global Rows        // by kind of layer; nil where only losses were measured
	// Scores of each head are sink scores by document, [document][layer·H + head]; nil where a
	// condition is not asked for them.
	Early, Late [][]float64 // of ⟨bos⟩ in the window's halves
	Beyond      [][]float64 // of ⟨bos⟩, the rows after it
	Any         [][]float64 // the largest of any key, the rows after it
	Block       int         // after which ⟨bos⟩'s residual stream has its largest number, from 1
	Massive     [][]Massive // [document], in order
	Most        []float64   // [document] the largest Share of a token that is not massive
}

// Rows are means by quantity, [document][bin].
type Rows map[string][][]float64

// Massive is a token of the text that has become what ⟨bos⟩ is: the largest number of its residual
// stream after Run.Block is more than half of ⟨bos⟩'s.
type Massive struct {
	Row   int
	Token string
	Share float64 // of ⟨bos⟩'s largest number
}

// Look is where rows of the local heads followed have their largest weight.
type Look struct {
	From, To int                // rows, To not included
	Lags     map[string]float64 // shares of rows by how far back the key is, named as in OfLag
	Tokens   []Token            // the most frequent, ⟨bos⟩ and the row's own token left out
	Layers   []Layer            // with heads that are followed
}

// Layer is a local layer's part in a Look.
type Layer struct {
	Layer   int     // from 1
	Heads   float64 // followed, a text
	First   float64 // of their rows, those whose largest weight ⟨bos⟩ has,
	Massive float64 // or a massive token of the text,
	Text    string  // or the token that has most of the others, the row's own left out,
	Share   float64 // and how many it has
	Value   float64 // as of a Token
}

// Token is a token as a key.
type Token struct {
	Text  string
	Share float64 // of all rows, those whose largest weight it has
	Base  float64 // of the texts' tokens, those that it is
	Value float64 // its ‖v‖ there, over the mean of the keys seen
}

// OfLag names how far back a key is, in a window W; key 1 is ⟨bos⟩'s however far.
func OfLag(row, key, W int) string {
	switch lag := row - key; {
	case key == 0:
		return First
	case lag == 0:
		return "own token"
	case lag == 1:
		return "token before"
	case lag < 8:
		return "2 – 7 back"
	case lag < 64:
		return "8 – 63 back"
	case lag < W-1:
		return "farther"
	case lag == W-1:
		return Oldest
	}
	return "out of the window"
}

// Lags are its names, but for that of keys that no local row sees.
func Lags() []string {
	return []string{First, "own token", "token before", "2 – 7 back", "8 – 63 back", "farther", Oldest}
}
