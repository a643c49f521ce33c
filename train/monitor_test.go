package train

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/probe"
	"firsttoken/train/corpus"
	"firsttoken/train/store"
	"firsttoken/train/transformer"
)

// What tells "no sink" from "the mass went elsewhere" equals sums over whole patterns and streams
// in plain Go.
func TestMonitorOfForms(t *testing.T) {
	fullOnly(t, "a training for each form of attention")
	gates := &transformer.Observer{Name: "gates", Observe: func(_ *transformer.Config, n *transformer.Nodes, _ *graph.Node) []*graph.Node {
		return []*graph.Node{n.Gate}
	}}
	for _, kind := range []string{"softmax", "softpick", "sink-logit", "key-bias model.out_gate=element"} {
		t.Run(kind, func(t *testing.T) {
			c, err := task(t).Set(strings.Fields("model.pattern.kind=" + kind)...)
			require.NoError(t, err)
			dir, backend := t.TempDir(), openBackend(t)
			result, err := Run(context.Background(), c, Options{Store: dir, Progress: ProgressNone, Backend: backend})
			require.NoError(t, err)
			m, _, err := LoadModel(backend, dir, result.Run)
			require.NoError(t, err)
			defer m.Close()
			run, err := store.Find(dir, "")
			require.NoError(t, err)
			records, err := run.Curves()
			require.NoError(t, err)
			e := records[len(records)-1].Eval(evalPacked)
			again, err := Measure(context.Background(), backend, dir, result.Run, evalPacked)
			require.NoError(t, err)
			require.Equal(t, *e, again, "a finished run measured again")

			text, err := corpus.Load(context.Background(), c.Data, "")
			require.NoError(t, err)
			windows, err := text.HeldOut(c.Packing, c.Model.Context)
			require.NoError(t, err)
			b, err := windows.Batch(0, e.Texts)
			require.NoError(t, err)
			heads := []probe.Head{{Layer: 0, Head: 0}, {Layer: 0, Head: 1}}
			var rowSum, share, sparse, kurtosis, largest, gate float64
			for i := range b.B {
				ids := b.Row(i).Tokens
				if c.Model.OutGate != "" {
					_, err := m.Forward(transformer.One(ids), transformer.Pass{Observer: gates, OnBlock: func(_ int, outs []*tensors.Tensor) error {
						flat := tensors.MustCopyFlatData[float32](outs[0]) // [1, T, H, Dh]
						for i, g := range flat[:len(ids)*2*8] {
							gate += float64(g) * float64(i/8%2) / float64(len(ids)*8)
						}
						return nil
					}})
					require.NoError(t, err)
				}
				patterns, err := probe.Patterns(m, ids, heads)
				require.NoError(t, err)
				for h, pattern := range patterns {
					zeros, entries := 0.0, 0.0
					for q, row := range pattern {
						sum := sinks.RowSum(row)
						if h == 1 {
							rowSum += sum / float64(len(pattern))
							if sum > 0 {
								share += row[0] / sum / float64(len(pattern))
							}
						}
						for _, a := range row[:q+1] {
							entries++
							if a <= 1e-5 {
								zeros++
							}
						}
					}
					sparse += zeros / entries / float64(len(heads))
				}
				require.NoError(t, probe.EachWired(m, [][]int32{ids}, probe.FullBlock, func(_ int, stream [][][]float32) error {
					mean, n := 0.0, 0.0
					for _, row := range stream[1] {
						for _, x := range row {
							mean, n, largest = mean+float64(x), n+1, max(largest, math.Abs(float64(x)))
						}
					}
					mean /= n
					second, fourth := 0.0, 0.0
					for _, row := range stream[1] {
						for _, x := range row {
							d := float64(x) - mean
							second, fourth = second+d*d/n, fourth+d*d*d*d/n
						}
					}
					kurtosis += fourth / (second * second)
					return nil
				}))
			}
			n := float64(b.B)
			require.InDelta(t, sparse/n, e.Sparsity[0], 1e-5)
			require.InEpsilon(t, kurtosis/n, e.Kurtosis[1], 1e-4)
			require.InEpsilon(t, largest, e.MaxAbs[1], 1e-5)
			if kind == "softmax" {
				require.Nil(t, e.RowSum)
				require.Nil(t, e.NormalisedRate)
				return
			}
			require.Less(t, e.RowSum[0][1], 0.999, "a form that need not attend fully does not")
			require.InDelta(t, rowSum/n, e.RowSum[0][1], 1e-5)
			require.InDelta(t, share/n, e.NormalisedScore[0][1], 1e-5)
			if c.Model.OutGate == "" {
				require.Nil(t, e.Gate)
			} else {
				require.InDelta(t, gate/n, e.Gate[0][1], 1e-5)
				require.NotEqual(t, e.Gate[0][0], e.Gate[0][1])
			}
			require.Len(t, e.NormalisedRate, len(c.Monitor.Epsilons))
			require.GreaterOrEqual(t, e.NormalisedRate[0], e.SinkRate[0])
		})
	}
}

// Forms that once gave NaN elsewhere in bfloat16 do not here, in 1,000 updates at the preset's
// learning rate.
func TestFormsInBFloat16(t *testing.T) {
	fullOnly(t, "a training for each form of attention")
	for _, form := range []string{"softpick", "off-by-one", "sink-logit", "key-bias", "sigmoid", "clipped model.pattern.gamma=-0.03 model.pattern.zeta=1", "softmax model.out_gate=head", "softmax model.out_gate=element"} {
		t.Run(form, func(t *testing.T) {
			c, err := tiny(t).Set(strings.Fields("model.compute=bfloat16 budget_tokens=32000 monitor.steps=1000 checkpoint_steps=1000 model.pattern.kind=" + form)...)
			require.NoError(t, err)
			_, run, err := start(t, context.Background(), c, t.TempDir(), Options{}, nil)
			require.NoError(t, err)
			for name, flat := range weightsOf(t, c, run) {
				for _, x := range flat {
					require.False(t, x-x != 0, name)
				}
			}
			records, err := run.Curves()
			require.NoError(t, err)
			first, last := records[0].Eval(evalPacked), records[len(records)-1].Eval(evalPacked)
			require.Less(t, last.Loss, first.Loss-0.1, "it learns")
		})
	}
}
