package quantize

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/transformer"
)

// ChannelMax is max |x| of each channel of each layer and site, over the tokens of calibration
// texts.
type ChannelMax [][transformer.Sites][]float32

// Channels measures it on documents, under no intervention. The first skip tokens of each do not
// count: 1 leaves the sink's massive activation out, 0 nothing.
func Channels(m *transformer.Model, docs [][]int32, skip int) (ChannelMax, error) {
	if len(docs) == 0 {
		return nil, errors.New("quantize: no texts to calibrate on")
	}
	obs := &transformer.Observer{Name: fmt.Sprintf("channels' maxima, first %d tokens left out", skip), Observe: func(_ *transformer.Config, n *transformer.Nodes, lens *graph.Node) []*graph.Node {
		var outs []*graph.Node
		for _, x := range n.Read {
			// [B, T, C]: rows of padding and the first ones count as 0.
			d := x.Shape().Dimensions
			pos := graph.Iota(x.Graph(), shapes.Make(lens.DType(), d[0], d[1], 1), 1)
			counts := graph.LogicalAnd(graph.LessThan(pos, graph.BroadcastToShape(graph.InsertAxes(lens, -1, -1), pos.Shape())),
				graph.GreaterOrEqual(pos, graph.BroadcastToShape(graph.Scalar(x.Graph(), lens.DType(), skip), pos.Shape())))
			x = graph.Where(graph.BroadcastToDims(counts, d...), graph.Abs(x), graph.ZerosLike(x))
			outs = append(outs, graph.ReduceMax(x, 0, 1))
		}
		return outs
	}}
	all := make(ChannelMax, m.Config.Layers)
	for i, ids := range docs {
		_, err := m.Forward(transformer.One(ids), transformer.Pass{Observer: obs, OnBlock: func(l int, outs []*tensors.Tensor) error {
			for site, x := range outs {
				row, err := tensors.CopyFlatData[float32](x)
				if err != nil {
					return err
				}
				if all[l][site] == nil {
					all[l][site] = row
				}
				for c, v := range row {
					all[l][site][c] = max(all[l][site][c], v)
				}
			}
			return nil
		}})
		if err != nil {
			return nil, fmt.Errorf("quantize: calibration text %d: %w", i+1, err)
		}
	}
	return all, nil
}

// Smooth moves part of the channels' range from the inputs of linear maps into their weights
// (SmoothQuant): channel j of a site is divided by sⱼ = max|Xⱼ|^α / max|Wⱼ|^(1−α), and what
// multiplies it is multiplied by the same, so that the model computes what it did. The division
// happens where the channel is made: in the gain of the norm in front, in the rows of W_value
// (there all heads that share a value share one s) and of W_up.
//
// With α = 0 only the weights' ranges are evened, with 1 only the inputs'. A channel that is never
// or always 0 keeps s = 1. Models whose channels are not made by such a factor are refused.
func (n *Net) Smooth(x ChannelMax, alpha float64) error {
	c := &n.Config
	if c.PlainMLP || c.Placement == transformer.PlacementPost {
		return errors.New("quantize: smooth: channels of a model without a gate in its MLP, or without norms in front, cannot be divided before they are read")
	}
	if !(alpha >= 0 && alpha <= 1) {
		return fmt.Errorf("quantize: smooth by α = %g: it must be in [0, 1]", alpha)
	}
	if len(x) != c.Layers {
		return fmt.Errorf("quantize: smooth by channels of %d layers: the model has %d", len(x), c.Layers)
	}
	for l := range n.weights.Layers {
		for site := range transformer.Sites {
			if len(x[l][site]) != site.Width(c) {
				return fmt.Errorf("quantize: smooth: %d channels at %s of layer %d: the model has %d", len(x[l][site]), site, l+1, site.Width(c))
			}
			n.smoothSite(l, site, x[l][site], alpha)
		}
	}
	return nil
}

// smoothSite does so at one site of one layer.
func (n *Net) smoothSite(l int, site transformer.Site, x []float32, alpha float64) {
	width := site.Width(&n.Config)
	w := make([]float32, width) // max |W| by input channel
	n.eachOf(l, func(at transformer.Site, m []float32) {
		for i, v := range m {
			if at == site {
				w[i%width] = max(w[i%width], float32(math.Abs(float64(v))))
			}
		}
	})
	if site == transformer.SiteOut {
		x, w = n.byValue(x), n.byValue(w)
	}
	s := make([]float32, len(x))
	for j := range s {
		s[j] = float32(math.Pow(float64(x[j]), alpha) / math.Pow(float64(w[j]), 1-alpha))
		if !(s[j] > 0) || math.IsInf(float64(s[j]), 0) {
			s[j] = 1
		}
	}
	read := func(j int) float32 { return s[j] } // by channel of the site
	if site == transformer.SiteOut {
		read = func(j int) float32 { return s[n.valueOf(j)] }
	}
	n.eachOf(l, func(at transformer.Site, m []float32) {
		for i := range m {
			if at == site {
				m[i] *= read(i % width)
			}
		}
	})
	for _, made := range n.makers(l, site) {
		rows := len(made) / len(s) // numbers of a row that makes one channel
		for i := range made {
			made[i] /= s[i/rows]
		}
	}
}

// makers are the weights that make the channels of a site, a row each.
func (n *Net) makers(l int, site transformer.Site) [][]float32 {
	w := &n.weights.Layers[l]
	switch site {
	case transformer.SiteQKV:
		return present(w.AttnNorm, w.AttnNormBias)
	case transformer.SiteOut:
		return present(w.Value, w.ValueBias)
	case transformer.SiteMLP:
		return present(w.MLPNorm, w.MLPNormBias)
	}
	return present(w.Up, w.UpBias)
}

// present leaves out weights that the model does without.
func present(list ...[]float32) (out [][]float32) {
	for _, w := range list {
		if len(w) > 0 {
			out = append(out, w)
		}
	}
	return out
}

// valueOf is the channel of values [K·Dh] that channel j of the heads' outputs [H·Dh] is a mean of.
func (n *Net) valueOf(j int) int {
	head := j / n.Config.HeadDim
	return head/n.Config.Groups()*n.Config.HeadDim + j%n.Config.HeadDim
}

// byValue is the maximum over heads that share a value.
func (n *Net) byValue(x []float32) []float32 {
	out := make([]float32, n.Config.KVHeads*n.Config.HeadDim)
	for j, v := range x {
		at := n.valueOf(j)
		out[at] = max(out[at], v)
	}
	return out
}
