// Package runs opens the models of trained runs one by one, for cells and packages that measure them
// all alike.
package runs

import (
	"fmt"

	"firsttoken/train"
	"firsttoken/train/local/backend"
	"firsttoken/train/store"
	"firsttoken/train/transformer"
)

// Each opens the model of every run in turn and closes it once it is measured. The error names the
// run; it wraps local.ErrAbsent where weights are not here, before anything is measured.
func Each(points []store.Point, measure func(i int, m *transformer.Model, c train.Config) error) error {
	if err := train.HaveWeights(points); err != nil {
		return err
	}
	b, _, err := backend.Open()
	if err != nil {
		return err
	}
	for i, p := range points {
		m, c, err := train.LoadModel(b, "", p.ID)
		if err != nil {
			return err
		}
		err = measure(i, m, c)
		m.Close()
		if err != nil {
			return fmt.Errorf("run %s: %w", p.ID, err)
		}
	}
	return nil
}
