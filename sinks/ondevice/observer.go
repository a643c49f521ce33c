package ondevice

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"

	"firsttoken/train/transformer"
)

// Metric names one reduction of a block. T query positions, S = T key positions.
type Metric string

const (
	FirstMass      Metric = "FirstMass"      // [B, H, T] A[t, first key]
	FirstIsMax     Metric = "FirstIsMax"     // [B, H, T] 1 where the first key holds the row's maximum
	KeyMass        Metric = "KeyMass"        // [B, H, S] Σ_t A[t, s]
	SelfMass       Metric = "Diagonal"       // [B, H, T] A[t, t]
	RowSum         Metric = "RowSum"         // [B, H, T] Σ_s A[t, s]
	RowMax         Metric = "RowMax"         // [B, H, T] max_s A[t, s]
	RowEntropy     Metric = "RowEntropy"     // [B, H, T] nats, of the row divided by its sum
	EffectiveFirst Metric = "EffectiveFirst" // [B, H, T] α_t1‖v_1W_O‖ / Σ_j α_tj‖v_jW_O‖
	HeadWrite      Metric = "HeadWrite"      // [B, H, T] ‖z_t W_O^h‖₂, through a norm behind attention if there is one
	ValueWrite     Metric = "ValueWrite"     // [B, H, S] ‖v_s W_O^h‖₂
	ValueNorm      Metric = "ValueNorm"      // [B, K, S] ‖v_s‖₂
	ResidNorm      Metric = "ResidNorm"      // [B, T] ‖x_t‖₂ after the block
	ResidMax       Metric = "ResidMax"       // [B, T] max_d |x_td| after the block
	Resid          Metric = "Resid"          // [B, T, D] x after the block, whole: what a median is taken from
	AttnWrite      Metric = "AttnWrite"      // [B, T] norm of what attention adds
	MLPWrite       Metric = "MLPWrite"       // [B, T] norm of what the MLP adds
)

// Observer reduces a block to the chosen metrics; its outputs come in their
// order. No metric chosen means all of them. One that the model does not have, see
// [Defined], is an error of the forward pass.
func Observer(metrics ...Metric) (*transformer.Observer, error) {
	if len(metrics) == 0 {
		metrics = All()
	}
	names := make([]string, len(metrics))
	for i, m := range metrics {
		if !slices.Contains(All(), m) {
			return nil, fmt.Errorf("metric %q is unknown: use one of %v", m, All())
		}
		if slices.Contains(metrics[:i], m) {
			return nil, fmt.Errorf("metric %q is asked for twice", m)
		}
		names[i] = string(m)
	}
	chosen := slices.Clone(metrics)
	return &transformer.Observer{
		Name: strings.Join(names, "+"),
		Observe: func(c *transformer.Config, n *transformer.Nodes, lens *Node) []*Node {
			b := &block{c: c, n: n, lens: lens, done: map[Metric]*Node{}}
			outs := make([]*Node, len(chosen))
			for i, m := range chosen {
				if err := undefined(c, m); err != nil {
					panic(fmt.Errorf("ondevice: %w", err)) // Forward returns it
				}
				outs[i] = b.metric(m)
			}
			return outs
		},
		Embedded: func(_ *transformer.Config, resid, _ *Node) []*Node {
			outs := []*Node{}
			for _, m := range Embedded(chosen) {
				e, _ := find(m)
				outs = append(outs, e.stream(resid))
			}
			return outs
		},
	}, nil
}

// Heads captures whole pattern rows of chosen query heads: one output, float32
// [B, len(heads), T, S] in the order of heads. This is the T×T memory the metrics
// avoid. A head that the model lacks is an error of the forward pass.
func Heads(heads []int) (*transformer.Observer, error) {
	if len(heads) == 0 {
		return nil, errors.New("no heads chosen")
	}
	for i, h := range heads {
		if h < 0 {
			return nil, fmt.Errorf("head %d: heads count from 0", h)
		}
		if slices.Contains(heads[:i], h) {
			return nil, fmt.Errorf("head %d is asked for twice", h)
		}
	}
	chosen := slices.Clone(heads)
	return &transformer.Observer{
		Name: fmt.Sprint("pattern of heads ", chosen),
		Observe: func(c *transformer.Config, n *transformer.Nodes, _ *Node) []*Node {
			keys := n.Key.Shape().Dim(1)
			var all []*Node
			for _, h := range chosen {
				if h < 0 || h >= c.Heads {
					panic(fmt.Errorf("ondevice: head %d: the model has heads 0 to %d", h, c.Heads-1)) // Forward returns it
				}
				var rows []*Node
				for _, r := range n.Rows {
					d := r.Pattern.Shape().Dimensions
					k, g := h/c.Groups(), h%c.Groups()
					p := Slice(r.Pattern, AxisRange(), AxisElem(k), AxisElem(g), AxisRange(), AxisRange())
					p = Reshape(p, d[0], 1, d[3], d[4])
					rows = append(rows, GrowRight(p, 3, keys-d[4], 0))
				}
				all = append(all, concatenate(rows, 2))
			}
			return []*Node{concatenate(all, 1)}
		},
	}, nil
}

// concatenate joins nodes along an axis; one node is returned as it is.
func concatenate(nodes []*Node, axis int) *Node {
	if len(nodes) == 1 {
		return nodes[0]
	}
	return Concatenate(nodes, axis)
}
