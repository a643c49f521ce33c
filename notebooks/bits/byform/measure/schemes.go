package measure

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"firsttoken/sinks/quantize"
	"firsttoken/train/transformer"
)

// Scheme is a way to round a model.
type Scheme struct {
	Weights quantize.Scheme
	Bits    int  // of what linear maps read; 0 leaves it
	Static  bool // one step a layer and site, of calibration texts; else each token has its own
	Keep    int  // the token of which nothing is rounded and that does not calibrate, from 1; 0 for none
	KV      int  // bits of keys and values, a step for each token and head; 0 leaves them
}

// Bits are the numbers of bits of activations behind weights of 8.
var Bits = []int{8, 6, 4}

// Other is the token that is kept in place of token 1, as a control: S4's.
const Other = 20

// Dynamic and Static are the schemes that a cost is the difference of: weights of 8 bits and
// activations of so many; keep as in [Scheme].
func Dynamic(bits int) Scheme { return Scheme{Weights: quantize.W8, Bits: bits} }
func Static(bits, keep int) Scheme {
	return Scheme{Weights: quantize.W8, Bits: bits, Static: true, Keep: keep}
}

// Schemes are all that are measured: weights or keys and values alone, weights of 8 bits with
// activations of [Bits], and weights and activations of 4.
func Schemes() []Scheme {
	list := []Scheme{{Weights: quantize.Float}, {Weights: quantize.Float, KV: 4}, {Weights: quantize.W8}, {Weights: quantize.W4}}
	for _, bits := range Bits {
		list = append(list, Dynamic(bits), Static(bits, 0), Static(bits, 1), Static(bits, Other))
	}
	for _, s := range []Scheme{Dynamic(4), Static(4, 0), Static(4, 1)} {
		s.Weights = quantize.W4
		list = append(list, s)
	}
	return list
}

// String is "W8A4 static, token 1 kept", "W4", "KV4" or "float".
func (s Scheme) String() string {
	name := ""
	if s.Weights != quantize.Float {
		name = strings.ToUpper(string(s.Weights))
	}
	if s.Bits > 0 {
		kind := "dynamic"
		if s.Static {
			kind = "static"
		}
		name += fmt.Sprintf("A%d %s", s.Bits, kind)
	}
	if s.KV > 0 {
		name += fmt.Sprintf("KV%d", s.KV)
	}
	if s.Keep > 0 {
		name += fmt.Sprintf(", token %d kept", s.Keep)
	}
	if name == "" {
		return "float"
	}
	return name
}

func (s Scheme) keep() *quantize.Keep {
	if s.Keep == 0 {
		return nil
	}
	return quantize.Positions(s.Keep - 1)
}

// rounded does something while a model has its weights rounded.
func rounded(m *transformer.Model, s quantize.Scheme, do func() error) error {
	if s == quantize.Float {
		return do()
	}
	net, err := quantize.Read(m)
	if err != nil {
		return err
	}
	if err := net.Round(s); err != nil {
		return err
	}
	r, err := net.Model(m.Backend)
	if err != nil {
		return err
	}
	defer r.Close()
	return lend(m, r, do)
}

// lend does something while model a has the weights of b, which is of the same configuration, and b
// has a's: what takes time is to compile a model, not to run it, and what is compiled for one
// serves for the other.
func lend(a, b *transformer.Model, do func() error) error {
	if !reflect.DeepEqual(a.Config, b.Config) {
		return errors.New("measure: models of two configurations: what is compiled for one does not serve for the other")
	}
	swap := func() { *a.Params(), *b.Params() = *b.Params(), *a.Params() }
	swap()
	defer swap()
	return do()
}
