// Package models opens pretrained models for cells that can do without: where the weights are not
// here, what comes with the checkout is shown in place of a measurement (package keep).
package models

import (
	"errors"
	"fmt"

	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
)

// names are those of models in texts, and what fetches them.
var names = map[string][2]string{"smollm2": {"SmolLM2", "make setup"}, "gemma3": {"Gemma 3", "make gemma"}}

// Open loads what pretrained.Load takes; whoever opens it closes it. The error wraps
// local.ErrAbsent, and names what fetches the weights, where these are not here.
func Open(ref string) (*pretrained.Loaded, error) { return OpenWith(ref, pretrained.Options{}) }

// OpenWith is [Open] for a model that is loaded in another way.
func OpenWith(ref string, o pretrained.Options) (*pretrained.Loaded, error) {
	b, _, err := backend.Open()
	if err != nil {
		return nil, err
	}
	m, err := pretrained.Load(b, ref, o)
	if of, known := names[ref]; known && errors.Is(err, local.ErrNotSetUp) {
		return nil, fmt.Errorf("the weights of %s are %w: `%s` fetches them", of[0], local.ErrAbsent, of[1])
	}
	return m, err
}
