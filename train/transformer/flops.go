package transformer

// FLOPsPerToken is what training on a window of t tokens takes for each of them, in floating-point
// operations, forward and backward: 6·N + 12·L·H·Dh·t, with N the weights of the matrices that a
// token is multiplied with (a tied embedding counts once, as the output; a table that is only read
// does not). Each multiplication of a forward pass is 2 operations, and the backward pass takes
// twice as many.
//
// It is the model's work as PaLM defines it for the utilisation of a device (Chowdhery et al. 2022,
// arXiv 2204.02311, App. B): neither what a causal mask could save is taken off, nor what is
// computed twice added.
func (c *Config) FLOPsPerToken(t int) float64 {
	n := c.count(func(name string, dims []int) bool {
		return len(dims) == 2 && name != "position" && (name != "embed" || c.TiedOutput)
	})
	return 6*float64(n) + 12*float64(c.Layers)*float64(c.Heads*c.HeadDim)*float64(t)
}
