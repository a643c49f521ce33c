package sinks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// BOSNone is the BOS of a text without a beginning-of-sequence token.
const BOSNone = "none"

// Trace is what one forward pass over one document is reduced to, small enough
// to keep: nothing in it is [T][S]. Apart from the identity (Model … D) every
// field may be nil, meaning not recorded; a method that needs it says so.
//
// The nested slices of a field share one array (Cube, Matrix), last index fastest.
type Trace struct {
	Model   string   // name of the model, as in its file or configuration
	IDs     []int32  // [T] tokens as fed, ⟨bos⟩ included where there is one
	Tokens  []string // [T] each token as its vocabulary writes it, such as "Ġcapital"
	BOS     string   // ⟨bos⟩ in front, as its vocabulary writes it; BOSNone: none, "": not recorded
	T, L, H int      // query positions, layers, query heads
	K, D    int      // key/value heads, model width
	// Acausal: a row was computed from rows behind it, so there is no loss, and no prefix to cut.
	Acausal bool

	FirstMass  [][][]float32 // [L][H][T] A[t,1]: attention of row t to the first key
	KeyMass    [][][]float32 // [L][H][S] Σ_{t≥s} A[t,s], over all query rows
	Diagonal   [][][]float32 // [L][H][T] A[t,t]
	RowSum     [][][]float32 // [L][H][T] Σ_s A[t,s]
	RowMax     [][][]float32 // [L][H][T] max_s A[t,s]
	RowEntropy [][][]float32 // [L][H][T] nats, of the row divided by its sum
	FirstIsMax [][][]float32 // [L][H][T] 1 where no key has more than the first, else 0

	EffectiveFirst [][][]float32 // [L][H][T] A[t,1]‖v_1 W_O^h‖ / Σ_j A[t,j]‖v_j W_O^h‖
	HeadWrite      [][][]float32 // [L][H][T] ‖z_t^h W_O^h‖₂: what the head adds at row t
	ValueWrite     [][][]float32 // [L][H][S] ‖v_j W_O^h‖₂
	ValueNorm      [][][]float32 // [L][K][S] ‖v_j‖₂

	ResidNorm   [][]float32 // [L+1][T] ‖x_t‖₂; row l enters layer l, row L leaves the last
	ResidMax    [][]float32 // [L+1][T] max_d |x_td|
	ResidMedian []float32   // [L+1] median |x_td| over the whole hidden state
	AttnWrite   [][]float32 // [L][T] ‖·‖₂ of the attention's update of the residual stream
	MLPWrite    [][]float32 // [L][T] ‖·‖₂ of the MLP's update

	Loss       []float32 // [T−1] nats, of predicting token t+1 from the first t
	Top1       []int32   // [T] most likely next token
	LogitsLast []float32 // [V] at the last position

	Own map[string]*Own // quantities of the caller's, by name

	Warnings   []string          // what a reader of any number from here must know
	Provenance map[string]string // data, seed, backend, versions, document
}

// Own is a quantity that this package does not know, such as a metric written in a notebook:
// float32 of dimensions "LHT", "LHS", "LKS" or "LT".
type Own struct {
	Dims   string        `json:"dims"`
	Whole  bool          `json:"whole,omitempty"` // of the whole text: a prefix does not determine it
	Values [][][]float32 `json:"-"`               // [L][H or K][T or S]; of "LT" [1][L][T]
}

// CheckOwn refuses a name that a field of Trace has, and dimensions that an Own cannot have.
func CheckOwn(name, dims string) error {
	for _, f := range (&Trace{}).fields() {
		if f.name == name {
			return fmt.Errorf("sinks: %q is a quantity of every trace: give your own another name", name)
		}
	}
	if name == "" || strings.ContainsAny(name, "/.") {
		return fmt.Errorf("sinks: a quantity of one's own is called %q: use a name without dots and slashes", name)
	}
	switch dims {
	case "LHT", "LHS", "LKS", "LT":
		return nil
	}
	return fmt.Errorf("sinks: the quantity %q has dimensions %q: must be LHT, LHS, LKS or LT", name, dims)
}

// Quantity is what the trace has under a field's or an Own's name, as a list of matrices that share
// its numbers: [L][heads][T], one matrix [L or L+1][T], or one row [L+1]; with the letters of its
// dimensions, M standing for L+1. It is nil where nothing is recorded.
func (t *Trace) Quantity(name string) (dims string, values [][][]float32) {
	for _, f := range t.fields() {
		if f.name == name || f.name == ownPrefix+name {
			if f.absent() {
				return f.dims, nil
			}
			return f.dims, f.matrices()
		}
	}
	return "", nil
}

// Room makes room for a quantity, all zeros: of a field by its name, of an Own that is in t.Own.
func (t *Trace) Room(name string) error {
	for _, f := range t.fields() {
		if f.name != name && f.name != ownPrefix+name {
			continue
		}
		full := []int{1, 1, 1}
		for i, d := range f.dims {
			if full[3-len(f.dims)+i] = t.extent(d); full[3-len(f.dims)+i] < 0 {
				return fmt.Errorf("sinks: room for %s depends on what is put there", name)
			}
		}
		f.assign(Cube(full[0], full[1], full[2]))
		return nil
	}
	return fmt.Errorf("sinks: a trace has no quantity %q", name)
}

// Cube allocates [l][h][t] in one array.
func Cube(l, h, t int) [][][]float32 {
	rows := Matrix(l*h, t)
	cube := make([][][]float32, l)
	for i := range cube {
		cube[i] = rows[i*h : (i+1)*h : (i+1)*h]
	}
	return cube
}

// Matrix allocates [l][t] in one array.
func Matrix(l, t int) [][]float32 {
	data := make([]float32, l*t)
	rows := make([][]float32, l)
	for i := range rows {
		rows[i] = data[i*t : (i+1)*t : (i+1)*t]
	}
	return rows
}

// field describes one recorded float32 quantity of a Trace.
type field struct {
	name string // in files and errors: the Go name
	dims string // one letter a dimension; M is L+1, P is T−1, V is free
	at   any    // *[][][]float32, *[][]float32 or *[]float32, by len(dims)
	// whole marks quantities of the whole text, which a prefix does not determine.
	whole bool
}

// fields lists every float32 quantity: the one table behind Check, At and the file format.
func (t *Trace) fields() []field {
	list := []field{
		{"FirstMass", "LHT", &t.FirstMass, false},
		{"KeyMass", "LHS", &t.KeyMass, true},
		{"Diagonal", "LHT", &t.Diagonal, false},
		{"RowSum", "LHT", &t.RowSum, false},
		{"RowMax", "LHT", &t.RowMax, false},
		{"RowEntropy", "LHT", &t.RowEntropy, false},
		{"FirstIsMax", "LHT", &t.FirstIsMax, false},
		{"EffectiveFirst", "LHT", &t.EffectiveFirst, false},
		{"HeadWrite", "LHT", &t.HeadWrite, false},
		{"ValueWrite", "LHS", &t.ValueWrite, false},
		{"ValueNorm", "LKS", &t.ValueNorm, false},
		{"ResidNorm", "MT", &t.ResidNorm, false},
		{"ResidMax", "MT", &t.ResidMax, false},
		{"ResidMedian", "M", &t.ResidMedian, true},
		{"AttnWrite", "LT", &t.AttnWrite, false},
		{"MLPWrite", "LT", &t.MLPWrite, false},
		{"Loss", "P", &t.Loss, false},
		{"LogitsLast", "V", &t.LogitsLast, true},
	}
	for _, name := range slices.Sorted(maps.Keys(t.Own)) {
		o := t.Own[name]
		list = append(list, field{ownPrefix + name, o.Dims, &o.Values, o.Whole})
	}
	return list
}

// ownPrefix tells an Own's tensor in a file from those of fields.
const ownPrefix = "own."

// extent is the length that dimension letter d has in t, −1 where it is free.
func (t *Trace) extent(d rune) int {
	return map[rune]int{'L': t.L, 'M': t.L + 1, 'H': t.H, 'K': t.K, 'T': t.T, 'S': t.T, 'P': t.T - 1, 'V': -1}[d]
}

// absent tells whether the quantity was not recorded.
func (f field) absent() bool {
	switch p := f.at.(type) {
	case *[][][]float32:
		return *p == nil
	case *[][]float32:
		return *p == nil
	default:
		return *f.at.(*[]float32) == nil
	}
}

// matrices views the quantity as a list of matrices, one for a matrix or vector.
func (f field) matrices() [][][]float32 {
	switch p := f.at.(type) {
	case *[][][]float32:
		return *p
	case *[][]float32:
		return [][][]float32{*p}
	default:
		return [][][]float32{{*f.at.(*[]float32)}}
	}
}

// assign is the inverse of matrices.
func (f field) assign(m [][][]float32) {
	switch p := f.at.(type) {
	case *[][][]float32:
		*p = m
	case *[][]float32:
		*p = m[0]
	default:
		*f.at.(*[]float32) = m[0][0]
	}
}

// needs fails unless the trace has sound shapes and all the named fields.
func (t *Trace) needs(names ...string) error {
	if err := t.checkShapes(); err != nil {
		return err
	}
	var absent []string
	for _, f := range t.fields() {
		if slices.Contains(names, f.name) && f.absent() {
			absent = append(absent, f.name)
		}
	}
	if absent == nil {
		return nil
	}
	return fmt.Errorf("sinks: the trace of %q holds no %s: it was not recorded, or belongs to the whole text and At cut it off",
		t.Model, strings.Join(absent, ", "))
}

// At is the trace of the first n positions, as if the text ended there: under a
// causal mask no row depends on what follows. What belongs to the whole text
// (KeyMass, ResidMedian, LogitsLast) is dropped unless n = T. A trace that is Acausal cannot be cut.
// The result shares its numbers with t.
func (t *Trace) At(n int) (*Trace, error) {
	if n < 1 || n > t.T {
		return nil, fmt.Errorf("sinks: no prefix of %d positions in a trace of %d", n, t.T)
	}
	if err := t.checkShapes(); err != nil {
		return nil, err
	}
	cut := *t
	if n == t.T {
		return &cut, nil
	}
	if t.Acausal {
		return nil, fmt.Errorf("sinks: the trace of %q is not causal: its rows were computed from later ones, so its first %d positions are not those of a shorter text: run that", t.Model, n)
	}
	cut.T = n
	cut.Warnings, cut.Provenance = slices.Clone(t.Warnings), maps.Clone(t.Provenance)
	cut.Own = maps.Clone(t.Own)
	for name, o := range cut.Own {
		cut.Own[name] = &Own{o.Dims, o.Whole, o.Values}
	}
	cut.IDs, cut.Top1, cut.Tokens = head(t.IDs, n), head(t.Top1, n), head(t.Tokens, n)
	for _, f := range cut.fields() {
		switch {
		case f.absent():
		case f.whole:
			f.drop()
		default:
			keep := cut.extent(rune(f.dims[len(f.dims)-1]))
			old := f.matrices()
			m := make([][][]float32, len(old))
			for i, rows := range old {
				m[i] = make([][]float32, len(rows))
				for j, row := range rows {
					m[i][j] = row[:keep:keep]
				}
			}
			f.assign(m)
		}
	}
	return &cut, nil
}

// drop sets the quantity to not recorded.
func (f field) drop() {
	switch p := f.at.(type) {
	case *[][][]float32:
		*p = nil
	case *[][]float32:
		*p = nil
	default:
		*f.at.(*[]float32) = nil
	}
}

// head is the first n of s, nil where there is none.
func head[E any](s []E, n int) []E {
	if s == nil {
		return nil
	}
	return s[:n:n]
}
