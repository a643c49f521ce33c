package study

import (
	"slices"

	"firsttoken/notebooks/collapses/states"
	"firsttoken/notebooks/keep"
	"firsttoken/train/pretrained"
)

// Knobs are what a reader of notebooks 8 and 8b can turn.
type Knobs struct {
	Model   string // what pretrained.Load takes
	Texts   int    // passages, each of another State of the Union address
	T       int    // tokens, where depth is studied
	Lengths []int  // tokens after which texts are cut, where length is
	Repeats int    // tokens of a prompt that repeats one
	Prompts []states.Repeat
	Std     float64 // of random weights
	Seed    uint64  // of random weights
}

// Default are those of the records.
func Default() Knobs {
	return Knobs{Model: "smollm2", Texts: 12, T: 64, Lengths: []int{16, 32, 64, 128, 256, 512}, Repeats: 1024,
		Prompts: []states.Repeat{{Token: " dog"}, {Front: "The", Token: " dog"}, {Front: "What is the last digit of:", Token: "1"}, {Front: "Count:", Token: " the"}},
		Std:     0.02, Seed: 1}
}

// Names of the two models.
const Trained, AtInitialisation = "trained", "at initialisation"

// Run is a model, how it computes, and what of a block acts.
type Run struct{ Name, Which, Compute, Wiring string }

// Runs are those that read prompts which repeat a token.
var Runs = []Run{
	{"trained", Trained, "", "full block"}, {"trained, bfloat16", Trained, "bfloat16", "full block"},
	{"at initialisation", AtInitialisation, "", "full block"}, {"trained, pure attention", Trained, "", "pure attention"},
}

func (k Knobs) of(which, compute string) Model {
	return Model{Name: k.Model, Random: which == AtInitialisation, Std: k.Std, Seed: k.Seed, Compute: compute}
}

// read gives the version of the model and the passages, cut to n tokens; 0: as long as any is read.
func (k Knobs) read(n int) (version []string, docs [][]int32, err error) {
	longest := max(k.T, slices.Max(k.Lengths))
	if n == 0 {
		n = longest
	}
	if docs, err = Documents(k.Model, k.Texts, longest, n); err != nil {
		return nil, nil, err
	}
	version, err = pretrained.Version(k.Model)
	return version, docs, err
}

// Depth measures one of the two models by layer under every wiring, or finds it kept.
func (k Knobs) Depth(which string) (map[string][]states.Layers, error) {
	version, docs, err := k.read(k.T)
	if err != nil {
		return nil, err
	}
	out, _, err := keep.Result("08/depth "+which, []any{version, docs, k.Std, k.Seed}, func() (map[string][]states.Layers, error) { return Depth(k.of(which, ""), docs) })
	return out, err
}

// Length measures the trained model by the length of texts, or finds it kept.
func (k Knobs) Length() (map[int][]states.Layers, error) {
	version, docs, err := k.read(0)
	if err != nil {
		return nil, err
	}
	out, _, err := keep.Result("08/length", []any{version, docs, k.Lengths}, func() (map[int][]states.Layers, error) { return Length(k.of(Trained, ""), docs, k.Lengths) })
	return out, err
}

// Repeated measures prompts that repeat a token, by run, or finds them kept.
func (k Knobs) Repeated() (map[string][]states.Repeated, error) {
	version, err := pretrained.Version(k.Model)
	if err != nil {
		return nil, err
	}
	out := map[string][]states.Repeated{}
	for _, run := range Runs {
		inputs := []any{version, k.Prompts, k.Repeats, run, k.Std, k.Seed}
		out[run.Name], _, err = keep.Result("08/repeat "+run.Name, inputs, func() ([]states.Repeated, error) {
			return Repeats(k.of(run.Which, run.Compute), k.Prompts, k.Repeats, run.Wiring)
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Counterexample is that of [Counterexample] for the first text, or finds it kept.
func (k Knobs) Counterexample() ([]float64, error) {
	version, docs, err := k.read(k.T)
	if err != nil {
		return nil, err
	}
	out, _, err := keep.Result("08/counterexample", []any{version, docs[0]}, func() ([]float64, error) { return Counterexample(k.of(Trained, ""), docs[0]) })
	return out, err
}
