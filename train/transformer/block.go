package transformer

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Inputs are what a block reads besides its weights.
type Inputs struct {
	Resid           *Node // [B, T, D] float32, the residual stream
	Geometry[*Node]       // where queries and keys stand

	// PastKey and PastValue [B, N, K, Dh] come before the keys and values of this
	// pass's tokens: S = N + T. Keys are those before rotation (Nodes.KeyPlain), and
	// KeyPos, KeyCos and KeySin say where all S stand.
	PastKey, PastValue *Node

	Edits  EditNodes // interventions; the zero value changes nothing
	Wiring Wiring    // which parts of the block act

	// Frozen treats the pattern and the norms' divisors as constants when
	// gradients are taken, as theorems about attention do; what remains is linear
	// but for the MLP's own non-linearity. It changes no value.
	Frozen bool

	// QueryChunk is how many query rows are worked on at a time; 0 stands for
	// 256. Chunking bounds memory by chunk × S and skips keys that no row of a
	// chunk may see. It does not change the result beyond rounding.
	QueryChunk int
}

// Rows is the attention of one chunk of queries, in which chunks partition
// 0..T-1 in order. Where the keys are the queries' own tokens, those beyond the
// chunk's last query are left out: they are hidden to it, so their entries would all
// be 0. The first key is always key 0.
type Rows struct {
	Start   int   // first query of the chunk
	Scores  *Node // [B, K, G, Tc, Sc] q·k/√Dh (or · ScoreScale) and KeyBias, before masking
	Pattern *Node // [B, K, G, Tc, Sc]
	// Query [B or 1, 1, 1, Tc, 1] and Key [B or 1, K or 1, 1, 1, Sc] are their places
	// in the sequence; nil: row t of the chunk is Start + t, and key s is s.
	Query, Key *Node
}

// Nodes are the named intermediates of one block, all after the edits that
// apply to them.
type Nodes struct {
	Resid     *Node // [B, T, D] into the block, rows copied where edits say so
	Q         *Node // [B, T, H, Dh] after rotation
	KeyPlain  *Node // [B, T, K, Dh] before rotation, of this pass's tokens: what a cache keeps
	Key       *Node // [B, S, K, Dh] after rotation
	V         *Node // [B, S, K, Dh]
	OutWeight *Node // [D, H·Dh] the block's output projection, times the gain of a norm behind it
	// OutDivisor [B, T, 1] is what such a norm divides a row by; nil without one. With it
	// counted as a constant a head adds z W_Oᵀ / OutDivisor, and the heads' sum is AttnOut
	// (but for a bias and for LayerNorm, which takes the mean off).
	OutDivisor *Node
	// Read is what the linear maps read at each site, before it is rounded if it is:
	// [B, T, C] with the site's width.
	Read     [Sites]*Node
	Rows     []Rows // the pattern, by chunks of queries
	Gate     *Node  // [B, T, H, 1 or Dh] what it is multiplied by; nil without Config.OutGate
	Z        *Node  // [B, T, H, Dh] heads' outputs before the output projection, gated
	AttnOut  *Node  // [B, T, D] what attention adds to the residual stream
	ResidMid *Node  // [B, T, D] after attention
	MLPOut   *Node  // [B, T, D] what the MLP adds
	ResidOut *Node  // [B, T, D] out of the block
}

// First narrows the intermediates to the first documents of the batch.
func (n *Nodes) First(documents int) *Nodes {
	first := func(x *Node) *Node { return Slice(x, AxisRange(0, documents)) }
	out := &Nodes{
		Resid: first(n.Resid), Q: first(n.Q), KeyPlain: first(n.KeyPlain), Key: first(n.Key), V: first(n.V), OutWeight: n.OutWeight, Z: first(n.Z),
		AttnOut: first(n.AttnOut), ResidMid: first(n.ResidMid), MLPOut: first(n.MLPOut), ResidOut: first(n.ResidOut),
	}
	if n.OutDivisor != nil {
		out.OutDivisor = first(n.OutDivisor)
	}
	if n.Gate != nil {
		out.Gate = first(n.Gate)
	}
	for site, x := range n.Read {
		if x != nil {
			out.Read[site] = first(x)
		}
	}
	for _, r := range n.Rows {
		rows := Rows{Start: r.Start, Scores: first(r.Scores), Pattern: first(r.Pattern), Query: r.Query, Key: r.Key}
		for _, x := range []**Node{&rows.Query, &rows.Key} {
			if *x != nil && (*x).Shape().Dim(0) > 1 {
				*x = first(*x)
			}
		}
		out.Rows = append(out.Rows, rows)
	}
	return out
}

// defaultQueryChunk keeps a chunk's scores small beside the weights for usual S,
// while its matrix products stay large enough to be efficient.
const defaultQueryChunk = 256

// Block builds one decoder block: x + Attn(Norm(x)), then y + MLP(Norm(y)), with the
// norms where Config.Placement has them. Parallel halves both read x.
func Block(c *Config, w *Layer[*Node], in Inputs) *Nodes {
	in.Resid.AssertRank(3)
	in.Resid.AssertDims(-1, -1, c.Width)
	in.Resid = copyRows(&in.Edits, in.Resid)
	n := &Nodes{Resid: in.Resid, OutWeight: w.Out}
	attend(c, w, in, n)
	n.ResidMid = n.AttnOut
	if in.Wiring != PureAttention {
		n.ResidMid = Add(n.Resid, n.AttnOut)
	}

	h := n.ResidMid
	if c.Parallel {
		h = n.Resid
	}
	if c.Placement.pre() {
		h = c.norm(h, w.MLPNorm, w.MLPNormBias, in.Frozen)
	}
	h = in.read(n, SiteMLP, h)
	hidden := c.dot(h, w.Up, w.UpBias)
	if c.PlainMLP {
		hidden = c.Activation.Apply(hidden)
	} else {
		hidden = Mul(c.Activation.Apply(c.dot(h, w.Gate, w.GateBias)), hidden)
	}
	n.MLPOut = c.dot(in.read(n, SiteDown, hidden), w.Down, w.DownBias)
	if c.Placement.post() {
		n.MLPOut = c.norm(n.MLPOut, w.MLPPostNorm, w.MLPPostNormBias, in.Frozen)
	}
	n.MLPOut = scaleUpdate(n.MLPOut, in.Edits.MLPScale)
	n.ResidOut = n.ResidMid
	if in.Wiring == "" || in.Wiring == FullBlock {
		n.ResidOut = Add(n.ResidMid, n.MLPOut)
	}
	if add := in.Edits.ResidAdd; add != nil {
		n.ResidOut = Add(n.ResidOut, add)
	}
	return n
}

// attend fills in the attention half of a block's nodes.
func attend(c *Config, w *Layer[*Node], in Inputs, n *Nodes) {
	b, t := n.Resid.Shape().Dim(0), n.Resid.Shape().Dim(1)
	h := n.Resid
	if c.Placement.pre() {
		h = c.norm(h, w.AttnNorm, w.AttnNormBias, in.Frozen)
	}
	h = in.read(n, SiteQKV, h)
	heads := func(weight, bias, gain *Node, count int) *Node {
		x := c.dot(h, weight, bias)
		if gain != nil && c.QKNorm == QKNormWidth {
			x = rmsNorm(x, gain, c.NormEps, in.Frozen)
		}
		x = Reshape(x, b, t, count, c.HeadDim)
		if gain != nil && c.QKNorm == QKNormHead {
			x = rmsNorm(x, gain, c.NormEps, in.Frozen)
		}
		return x
	}
	n.Q = rotate(heads(w.Query, w.QueryBias, w.QueryNorm, c.Heads), in.Cos, in.Sin)
	n.KeyPlain = heads(w.Key, w.KeyBias, w.KeyNorm, c.KVHeads)
	n.Key = in.roundHeads(rotateKeys(&in, n.KeyPlain))
	n.V = scaleValues(&in.Edits, in.roundHeads(after(in.PastValue, heads(w.Value, w.ValueBias, nil, c.KVHeads))))

	// Heads lead, so that each product is one batched matrix product; query
	// heads that share keys are stacked into its rows.
	scale := c.ScoreScale
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(c.HeadDim))
	}
	q := c.cast(MulScalar(n.Q, scale))
	q = TransposeAllAxes(Reshape(q, b, t, c.KVHeads, c.Groups(), c.HeadDim), 0, 2, 3, 1, 4)
	k := TransposeAllAxes(c.cast(n.Key), 0, 2, 1, 3)
	v := TransposeAllAxes(c.cast(n.V), 0, 2, 1, 3)

	chunk := in.QueryChunk
	if chunk <= 0 {
		chunk = defaultQueryChunk
	}
	var mixed []*Node
	for start := 0; start < t; start += chunk {
		end := min(start+chunk, t)
		keys := end
		rows := Rows{Start: start}
		if !in.ownKeys() {
			keys = k.Shape().Dim(2)
		}
		queries := Slice(q, AxisRange(), AxisRange(), AxisRange(), AxisRange(start, end))
		rows.Scores = scores(queries, Slice(k, AxisRange(), AxisRange(), AxisRange(0, keys)))
		if !in.ownKeys() {
			rows.Query, rows.Key = standing(&in.Geometry, rows.Scores, start)
		}
		rows.Scores = biasKeys(&in, rows.Scores, start)
		rows.Pattern = c.Pattern.apply(rows.Scores, visible(in, rows.Scores, start), c.slotLogits(w, queries))
		if in.Frozen {
			rows.Pattern = StopGradient(rows.Pattern)
		}
		n.Rows = append(n.Rows, rows)
		mixed = append(mixed, mix(c.cast(rows.Pattern), Slice(v, AxisRange(), AxisRange(), AxisRange(0, keys))))
	}
	z := mixed[0]
	if len(mixed) > 1 {
		z = Concatenate(mixed, 3)
	}
	z = TransposeAllAxes(z, 0, 3, 1, 2, 4) // [B, T, K, G, Dh]
	z = Reshape(z, b, t, c.Heads, c.HeadDim)
	if c.OutGate != "" {
		n.Gate = Logistic(Reshape(c.dot(h, w.OutGate, nil), b, t, c.Heads, c.gateWidth()))
		z = Mul(z, n.Gate)
	}
	n.Z = scaleHeads(&in.Edits, z)
	n.AttnOut = c.dot(in.read(n, SiteOut, Reshape(n.Z, b, t, c.Heads*c.HeadDim)), w.Out, w.OutBias)
	if c.Placement.post() {
		n.OutWeight = Mul(ConvertDType(w.Out, dtypes.Float32), InsertAxes(ConvertDType(w.AttnPostNorm, dtypes.Float32), -1))
		n.OutDivisor = Sqrt(AddScalar(ReduceAndKeep(Mul(n.AttnOut, n.AttnOut), ReduceMean, -1), c.NormEps))
		n.AttnOut = c.norm(n.AttnOut, w.AttnPostNorm, w.AttnPostNormBias, in.Frozen)
	}
	n.AttnOut = scaleUpdate(n.AttnOut, in.Edits.AttnScale)
}

// after puts what a block makes of its own tokens behind what it is given, if anything.
func after(past, own *Node) *Node {
	if past == nil {
		return own
	}
	return Concatenate([]*Node{past, own}, 1)
}

// scores are the products of queries [B, K, G, T, Dh], already scaled,
// and keys [B, K, S, Dh]: float32 [B, K, G, T, S]. With both in bfloat16 they stay
// unrounded sums, as in fused attention kernels: around 20, bfloat16 has steps of ⅛,
// so that rounding would move a weight by up to 6 %.
func scores(q, k *Node) *Node {
	d := q.Shape().Dimensions
	flat := Reshape(q, d[0], d[1], d[2]*d[3], d[4])
	s := matmulTo(dtypes.Float32, flat, k, 2, 3)
	return Reshape(s, d[0], d[1], d[2], d[3], k.Shape().Dim(2))
}

// mix sums values [B, K, S, Dh] with the weights of a pattern [B, K, G, T, S]:
// float32 [B, K, G, T, Dh].
func mix(pattern, v *Node) *Node {
	d := pattern.Shape().Dimensions
	flat := Reshape(pattern, d[0], d[1], d[2]*d[3], d[4])
	z := matmul(flat, v, 2, 2)
	return ConvertDType(Reshape(z, d[0], d[1], d[2], d[3], v.Shape().Dim(3)), dtypes.Float32)
}

// slotLogits are the logits of the slot that a pattern drops, shaped for Pattern.apply: [1, K, G,
// 1, 1] if learned, [B, K, G, T, 1] if scores of queries [B, K, G, T, Dh] with a learned key.
func (c *Config) slotLogits(w *Layer[*Node], queries *Node) *Node {
	switch c.Pattern.Kind {
	case PatternSinkLogit:
		return Reshape(ConvertDType(w.Sink, dtypes.Float32), 1, c.KVHeads, c.Groups(), 1, 1)
	case PatternKeyBias:
		key := Reshape(c.cast(w.SinkKey), 1, c.KVHeads, 1, c.HeadDim)
		return scores(queries, BroadcastToDims(key, queries.Shape().Dim(0), c.KVHeads, 1, c.HeadDim))
	}
	return nil
}

// dot is x Wᵀ + bias for x [..., in] and W [out, in]: float32 [..., out], multiplied in
// the compute type. A nil bias adds nothing.
func (c *Config) dot(x, w, bias *Node) *Node {
	x, w = c.cast(x), c.cast(w)
	y := ConvertDType(multiply(x, w), dtypes.Float32)
	if bias == nil {
		return y
	}
	return Add(y, along(bias, y))
}

// cast brings a node to the type matrix products run in.
func (c *Config) cast(x *Node) *Node {
	if c.Compute == "bfloat16" {
		return ConvertDType(x, dtypes.BFloat16)
	}
	return ConvertDType(x, dtypes.Float32)
}

// Logits are the scores of the next token: Norm(x) Wᵀ, float32 [..., V], W the
// embedding when the configuration ties them. It reads Norm, NormBias and Output or Embed.
func Logits(c *Config, p *Params[*Node], x *Node) *Node {
	output := p.Output
	if c.TiedOutput {
		output = p.Embed
	}
	return c.dot(c.norm(x, p.Norm, p.NormBias, false), output, nil)
}
