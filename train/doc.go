// Package train carries out training runs: decoders on packed windows of text,
// with the metrics of attention sinks measured while they train (Barbero et al.
// 2025, arXiv 2504.02732; Gu et al. 2025, arXiv 2410.10781).
//
// A [Config] says everything that decides a run's weights, and its hash is the
// run's name: [Run] of the same configuration returns the stored result at once,
// one that was stopped goes on from its last checkpoint, and a changed field is
// another run. [Options] say how it is carried out: where, on what, shown how.
//
//	c, err := train.Preset("smoke")
//	…
//	result, err := train.Run(ctx, c, train.Options{})
//	…
//	model, err := train.LoadModel(backend, dir, result.Run)
//
// The loop, the accumulation of gradients, Adam, checkpoints, the progress bar and
// the distribution over devices are GoMLX's. Where they fall short, the way round
// is in one place each, with a test that fails once it is not needed any more:
// package optim (decay of matrices only, clipping, schedules) and saver
// (checkpoints that appear whole or not at all).
package train
