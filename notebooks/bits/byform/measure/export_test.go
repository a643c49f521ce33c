package measure

import "firsttoken/train/transformer"

// Rounded, Lend, Loss and Over are what tests of weights, draws and ratios ask for.
var (
	Rounded = rounded
	Lend    = lend
	Loss    = Plan.loss
	Over    = over
)

// Model measures a model.
func Model(m *transformer.Model, p Plan) (Run, error) {
	var r Run
	err := r.measure(m, p)
	return r, err
}
