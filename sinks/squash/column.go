package squash

// Column names a number of a [Pair], so that what was said of one can be kept and drawn by name.
type Column string

const (
	FullFrobenius   Column = "full"            // ‖∂v_j/∂v_i‖_F, the model's own derivative
	FrozenFrobenius Column = "frozen"          // the same with patterns and divisors constant
	FullSpectral    Column = "full spectral"   // ‖∂v_j/∂v_i‖₂
	FrozenSpectral  Column = "frozen spectral" // the norm that Theorem 3.2 bounds
	Path            Column = "path product"    // what attention lets through, without C_max
	Local           Column = "local"           // the local bound
)

// sketched are the columns that a sketch has, exact those of an exact comparison.
var (
	sketched = []Column{FullFrobenius, FrozenFrobenius, Path}
	exact    = append(sketched[:len(sketched):len(sketched)], FullSpectral, FrozenSpectral, Local)
)

// Of is the column's number of a pair; 0 for a name that is none of the above.
func (c Column) Of(p Pair) float64 {
	switch c {
	case FullFrobenius:
		return p.Full.Frobenius
	case FrozenFrobenius:
		return p.Frozen.Frobenius
	case FullSpectral:
		return p.Full.Spectral
	case FrozenSpectral:
		return p.Frozen.Spectral
	case Path:
		return p.PathProduct
	case Local:
		return p.Local
	}
	return 0
}

// Each is the column's number of each pair.
func (c Column) Each(pairs []Pair) []float64 {
	out := make([]float64, len(pairs))
	for n, p := range pairs {
		out[n] = c.Of(p)
	}
	return out
}
