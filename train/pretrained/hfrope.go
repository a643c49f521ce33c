package pretrained

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"firsttoken/train/transformer"
)

// hfRope is the object rope_scaling or rope_parameters of a config.json. Pointers
// tell absent from zero.
type hfRope struct {
	Type            *string  `json:"type"` // older name of rope_type
	RopeType        *string  `json:"rope_type"`
	Theta           *float64 `json:"rope_theta"`
	Factor          *float64 `json:"factor"`
	LowFreqFactor   *float64 `json:"low_freq_factor"`
	HighFreqFactor  *float64 `json:"high_freq_factor"`
	OriginalContext *int     `json:"original_max_position_embeddings"`
	Partial         *float64 `json:"partial_rotary_factor"`
}

// rope reads the rotary parameters, in the old form (rope_theta beside
// rope_scaling) or the new one (rope_parameters).
func (h *hfConfig) rope(c *transformer.Config) {
	given := h.get("rope_theta", &c.RopeBase)
	var object json.RawMessage
	field := "rope_scaling"
	if h.get("rope_parameters", &object) {
		field = "rope_parameters"
		if h.get("rope_scaling", new(any)) {
			h.bad("fields rope_scaling and rope_parameters are both given: one of them is meant")
		}
	} else if !h.get("rope_scaling", &object) {
		return
	}
	dec := json.NewDecoder(bytes.NewReader(object))
	dec.DisallowUnknownFields()
	var r hfRope
	if err := dec.Decode(&r); err != nil {
		h.bad("field %s: %w", field, err)
		return
	}
	if r.Theta != nil && given && *r.Theta != c.RopeBase {
		h.bad("field rope_theta = %g differs from %s.rope_theta = %g", c.RopeBase, field, *r.Theta)
	}
	h.partial = r.Partial
	h.ropeOf(field, &r, &c.RopeBase, &c.RopeScale)
}

// ropeOf reads one set of rotary parameters.
func (h *hfConfig) ropeOf(field string, r *hfRope, base *float64, scale **transformer.RopeScaling) {
	if r == nil {
		return
	}
	if r.Theta != nil {
		*base = *r.Theta
	}
	s, err := r.scaling()
	if err != nil {
		h.bad("field %s: %w", field, err)
	}
	*scale = s
}

// scaling returns nil for plain rotary positions.
func (r *hfRope) scaling() (*transformer.RopeScaling, error) {
	kind := "default"
	for _, name := range []*string{r.Type, r.RopeType} {
		if name != nil {
			kind = *name
		}
	}
	if r.Type != nil && r.RopeType != nil && *r.Type != *r.RopeType {
		return nil, fmt.Errorf("type %q differs from rope_type %q", *r.Type, *r.RopeType)
	}
	numbers := 0
	for _, there := range []bool{r.Factor != nil, r.LowFreqFactor != nil, r.HighFreqFactor != nil, r.OriginalContext != nil} {
		if there {
			numbers++
		}
	}
	switch {
	case kind == "default" && numbers == 0:
		return nil, nil
	case kind == "default":
		return nil, errors.New("has numbers of a scaling and no rope_type that says which")
	case kind == "linear" && numbers == 1 && r.Factor != nil:
		return &transformer.RopeScaling{Factor: *r.Factor}, nil
	case kind == "linear":
		return nil, errors.New("linear needs factor, and nothing else")
	case kind != "llama3":
		return nil, fmt.Errorf("rotary scaling %q is not supported: only linear and llama3 are", kind)
	case numbers < 4:
		return nil, errors.New("llama3 needs factor, low_freq_factor, high_freq_factor and original_max_position_embeddings")
	}
	return &transformer.RopeScaling{
		Factor: *r.Factor, LowFreqFactor: *r.LowFreqFactor,
		HighFreqFactor: *r.HighFreqFactor, OriginalContext: *r.OriginalContext,
	}, nil
}
