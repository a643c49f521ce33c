package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"firsttoken/train/store"
)

// Measure evaluates the weights of a finished run under one of the conditions that its curves have,
// by name ([EvalName]), on the same held-out text: for runs made before something was measured.
// dir, run and errors are as for [LoadModel] and [Texts].
func Measure(ctx context.Context, backend compute.Backend, dir, run, eval string) (e store.Eval, err error) {
	r, err := find(dir, run)
	if err != nil {
		return e, err
	}
	m, c, err := LoadModel(backend, dir, run)
	if err != nil {
		return e, err
	}
	defer m.Close()
	conditions := c.conditions()
	i := slices.IndexFunc(conditions, func(as condition) bool { return as.name == eval })
	if i < 0 {
		return e, fmt.Errorf("run %s is not measured under %q", r.ID, eval)
	}
	text, err := readAs(ctx, c.Data, r)
	if err != nil {
		return e, err
	}
	defer text.Close()
	stream, err := c.heldOut(text)(conditions[i])
	if err == nil && stream == nil {
		err = fmt.Errorf("run %s: no held-out document is long enough for %q, or there is no ⟨bos⟩", r.ID, eval)
	}
	if err != nil {
		return e, err
	}
	vars := model.NewStore()
	defer vars.Finalize()
	m.Params().Each(&m.Config, func(name string, slot **tensors.Tensor, dims []int) {
		var flat []float32
		if err == nil {
			flat, err = tensors.CopyFlatData[float32](*slot)
		}
		if err == nil { // a copy: model and variables each free their own
			_, err = vars.CreateVariable(modelScope+name, tensors.FromFlatDataAndDimensions(flat, dims...))
		}
	})
	if err != nil {
		return e, fmt.Errorf("run %s: %w", r.ID, err)
	}
	d := &decoder{c: &m.Config, packing: conditions[i].packing}
	monitor, err := newMonitor(backend, vars, conditions[i], d, stream, c.Monitor)
	if err != nil {
		return e, err
	}
	defer monitor.close()
	return monitor.eval()
}
