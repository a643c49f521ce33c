package transformer

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Kind is what may differ from layer to layer: no weight's shape, so that one compiled
// block serves every kind, with its tables and its window as data. The zero value sees
// all earlier positions and turns as the [Config] says.
type Kind struct {
	Window int `json:"window,omitempty"` // W: a query sees the last W positions, its own included; 0: all
	// RopeBase, if set, takes the place of the configuration's base, scaling and factors,
	// with RopeScale beside it.
	RopeBase  float64      `json:"rope_base,omitempty"`
	RopeScale *RopeScaling `json:"rope_scaling,omitempty"`
	NoRope    bool         `json:"no_rope,omitempty"` // queries and keys are not turned at all
}

// KindOf is the kind of layer l, with the letter that Config.Tile gives it; "" and the
// zero kind where all layers are alike.
func (c *Config) KindOf(l int) (letter string, k Kind) {
	if c.Tile == "" {
		return "", Kind{}
	}
	letter = c.Tile[l%len(c.Tile) : l%len(c.Tile)+1]
	return letter, c.Kinds[letter]
}

// windowed reports whether some kind of layer has a window. If so all blocks read one,
// those without it a window that nothing falls out of.
func (c *Config) windowed() bool {
	for _, k := range c.Kinds {
		if k.Window > 0 {
			return true
		}
	}
	return false
}

// checkKinds says what is wrong with Kinds and Tile.
func (c *Config) checkKinds() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for i := range len(c.Tile) {
		if _, ok := c.Kinds[c.Tile[i:i+1]]; !ok {
			bad("tile = %q: kinds has no %q", c.Tile, c.Tile[i:i+1])
			break
		}
	}
	for _, letter := range slices.Sorted(maps.Keys(c.Kinds)) {
		k := c.Kinds[letter]
		if len(letter) != 1 || !strings.Contains(c.Tile, letter) {
			bad("kinds: %q does not occur in tile = %q: kinds are named by one letter", letter, c.Tile)
		}
		if k.Window < 0 || k.Window > 1<<30 {
			bad("kinds.%s.window = %d: must be between 1 and 2³⁰, or 0 for none", letter, k.Window)
		}
		if k.RopeBase != 0 {
			errs = append(errs, checkRope("kinds."+letter+".", k.RopeBase, k.RopeScale)...)
		} else if k.RopeScale != nil {
			bad("kinds.%s.rope_scaling needs a rope_base beside it", letter)
		}
		if k.NoRope && k.RopeBase != 0 {
			bad("kinds.%s has no_rope and a rope_base: one of them is meant", letter)
		}
	}
	return errs
}

// checkRope says what is wrong with a rotary base and its scaling.
func checkRope(where string, base float64, s *RopeScaling) (errs []error) {
	if !(base > 1) || math.IsInf(base, 0) {
		errs = append(errs, fmt.Errorf("%srope_base = %g: must be above 1 and finite", where, base))
	}
	if s == nil || *s == (RopeScaling{Factor: s.Factor}) && s.Factor >= 1 && !math.IsInf(s.Factor, 0) {
		return errs
	}
	if !(s.Factor >= 1) || !(s.LowFreqFactor > 0) || !(s.HighFreqFactor > s.LowFreqFactor) || s.OriginalContext < 1 ||
		math.IsInf(s.Factor, 0) || math.IsInf(s.HighFreqFactor, 0) {
		errs = append(errs, fmt.Errorf("%srope_scaling = %+v: need factor ≥ 1, alone or with 0 < low_freq_factor < high_freq_factor and original_context ≥ 1, all finite", where, *s))
	}
	return errs
}
