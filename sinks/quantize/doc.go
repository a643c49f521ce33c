// Package quantize measures what few bits cost a model, and how much of that is the sink's: numbers
// are rounded to the grids that 8 or 4 bits have and everything is still computed in float32
// ("fake" or simulated quantisation), so that the loss is that of the rounded numbers and nothing
// else.
//
//	what                definition
//	weights W8          symmetric abs-max per output channel: step = max |W_row| / 127
//	weights W4          the same in groups of 32 along the input, max / 7
//	activations static  one step a layer and site: max |x| over the tokens of calibration texts / 127
//	activations dynamic one step a token: its own max |x| / 127
//	keys and values     one step a token and head
//	SmoothQuant         sⱼ = max|Xⱼ|^α / max|Wⱼ|^(1−α), x/s and W·s (Xiao et al. 2022, arXiv 2211.10438)
//	rotation            the residual stream turned by an orthogonal matrix (QuaRot, Ashkboos et al. 2024, arXiv 2404.00456)
//	tokens kept         tokens of which nothing is rounded, as a prefix in full precision (PrefixQuant, Chen et al. 2024, arXiv
//	                    2410.05265; CushionCache, Son et al. 2024, arXiv 2406.12016)
//
// Rounding is half to even, to ±127 or ±7 steps; what lies beyond a static grid is cut to its end.
// Embedding, norms, scores and output layer stay as they are. Sites are where linear maps read:
// transformer.SiteQKV, SiteOut, SiteMLP, SiteDown.
//
// What static grids break at are outlier tokens: a token whose largest channel is over 64 times the
// median token's (PrefixQuant), at the block's output or at the down projection's input. The first
// token's massive activation (Sun et al. 2024, arXiv 2402.17762), which the sink is made of, is
// one. Kurtosis is E[(h−μ)⁴]/σ⁴ over all entries of a text, not excess.
//
// [Activations] is a condition of a pass, an intervention as any other. [Net] rewrites weights on
// the host; a model is made of it again. Files of 4 bits have been rounded before: the baseline is
// what they dequantise to, and W4 of it is the re-rounding of a grid.
package quantize
