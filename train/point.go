package train

import (
	"fmt"

	"firsttoken/train/store"
)

// Points names the finished runs of a sweep by the fields in which they differ, for code that reads
// curves and knows nothing of configurations. A run that is not done is an error.
func Points(states []State) ([]store.Point, error) {
	configs := make([]Config, len(states))
	for i, s := range states {
		configs[i] = s.Config
		if s.Result == nil {
			return nil, fmt.Errorf("run %d of %d, %s, is not done: run the sweep to its end first", i+1, len(states), s.Run)
		}
	}
	names := differing(configs)
	points := make([]store.Point, len(states))
	for i, s := range states {
		run, err := at(s.Config, s.Store)
		if err != nil {
			return nil, err
		}
		points[i] = store.Point{ID: run.ID, Dir: run.Dir, Fields: map[string]string{}}
		fields := s.Config.fields()
		for _, name := range names {
			points[i].Fields[name] = fields[name]
		}
	}
	return points, nil
}
