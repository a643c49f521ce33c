package store

import "os"

// Files lists the files of a finished run that are its result, by name: without its lock and
// checkpoints.
func (r *Run) Files() []string {
	var names []string
	entries, err := os.ReadDir(r.Dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if e.Type().IsRegular() && e.Name() != lockFile && e.Name()[0] != '.' {
			names = append(names, e.Name())
		}
	}
	return names
}
