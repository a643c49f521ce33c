package plots

// Numbers and Matrix widen what models and traces hold (float32) to what
// figures take. The result shares no memory with the argument; nil stays nil.

// Numbers widens a slice: values by head, norms by position.
func Numbers[F ~float32 | ~float64](values []F) []float64 {
	if values == nil {
		return nil
	}
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

// Matrix widens a matrix: a pattern [T][S], scores [L][H].
func Matrix[F ~float32 | ~float64](rows [][]F) [][]float64 {
	if rows == nil {
		return nil
	}
	out := make([][]float64, len(rows))
	for i, row := range rows {
		out[i] = Numbers(row)
	}
	return out
}
