// Package edits is the work behind notebooks 6 and 6b: what the exchange of one word does to the
// other tokens of a text, and what rows of attention look like, in a model whose sink is switched
// off, against the model as it is and against damage of another kind that costs the same loss
// (claims C1 and C2; Barbero et al. 2025, arXiv 2504.02732, Figs. 2 and 3). Package measure
// runs the model; this one reduces what it gives and reads what it kept; package show draws it and
// judges.
package edits

import (
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"firsttoken/notebooks/keep"
	"firsttoken/sinks"
	"firsttoken/sinks/perturb"
	"firsttoken/sinks/stats"
)

// Study is a model with a sink that the MLP of one block makes, and texts in each of which one word
// is exchanged. Blocks count from 1.
type Study struct {
	Model  string // what pretrained.Load takes
	Edits  int    // texts, with one edit each
	Draws  int    // of the noise, for each text
	T      int    // tokens of each text
	Seed   uint64 // of texts, edits and noise
	Blocks int    // of the model
	Maker  int    // the block whose MLP makes token 1 massive, as notebook 1 finds it
	// High is the last block with a strong sink; spreads and maps are averaged over those behind
	// Maker up to it.
	High int
}

// Default is what the verdicts are judged on.
func Default() Study {
	return Study{Model: "smollm2", Edits: 50, Draws: 2, T: 64, Seed: 6, Blocks: 30, Maker: 12, High: 28}
}

// Low is the first block with a strong sink.
func (s Study) Low() int { return s.Maker + 1 }

// Validate refuses studies that compare nothing.
func (s Study) Validate() error {
	if s.Edits < 2 || s.Draws < 1 || s.T < 32 {
		return fmt.Errorf("edits: %d edits in texts of %d tokens, %d draws of noise: at least 2, 32 (edits keep 24 away from the ends) and 1", s.Edits, s.T, s.Draws)
	}
	if s.Maker < 1 || s.High < s.Low() || s.High > s.Blocks {
		return fmt.Errorf("edits: the sink is made by block %d and measured in blocks %d to %d of %d: these must ascend", s.Maker, s.Low(), s.High, s.Blocks)
	}
	return nil
}

// Condition is a way in which all texts are read, edited and not.
type Condition struct {
	Key, Label, Short string
	Style             int // of its line, the same in every figure
}

// Conditions are all, in the order of tables.
func Conditions() []Condition {
	return []Condition{
		{"intact", "intact", "intact", 1}, {"bos", "behind ⟨bos⟩", "⟨bos⟩", 2}, {"masked", "key 1 masked", "masked", 3},
		{"hidden", "key 1 masked above", "… above", 4}, {"off", "sink off", "sink off", 5},
		{"noise", "noise of equal loss", "noise", 13}, {"mlps", "MLPs weakened, equal loss", "MLPs", 10},
	}
}

// Outcome is what one condition gives, by quantity: for each text a number, or one a block (for
// heads, one a head of each block). All are over tokens 3 to T − 1 of the text, or those of them
// behind the edit: behind ⟨bos⟩ token T drops out.
type Outcome map[string][][]float64

// Reduce takes from a text, behind lead tokens, and what an edit did to it: sink rates in %, loss
// and spread, and what its rows look like.
func (s Study) Reduce(o Outcome, t *sinks.Trace, m *perturb.Map, lead int) error {
	above := sinks.RateOptions{}
	for l := s.Low(); l <= s.High; l++ {
		above.Layers = append(above.Layers, l-1)
	}
	early := above
	early.Keys = 8
	for name, r := range map[string]sinks.RateOptions{"rate": {}, "rate above": above, "rate above, any": early} {
		rate, err := t.SinkRate(sinks.EpsilonGu, r)
		if err != nil {
			return err
		}
		o.put(name, 100*rate.Value)
	}
	o.put("loss", s.Loss(t.Loss, lead))
	cut := perturb.Map{Pos: m.Pos}
	for l := range m.Delta {
		cut.Delta, cut.Norm = append(cut.Delta, m.Delta[l][:lead+s.T-1]), append(cut.Norm, m.Norm[l][:lead+s.T-1])
	}
	for _, q := range []struct {
		name string
		in   perturb.Measure
		by   perturb.Average
	}{{"relative", perturb.Relative, perturb.Mean}, {"absolute", perturb.Absolute, perturb.Mean}, {"typical", perturb.Relative, perturb.Median}} {
		spread, err := cut.Spread(q.in, q.by)
		if err != nil {
			return err
		}
		o.put(q.name, spread[1:]...) // without the embedding's row
	}
	s.rows(o, t, lead)
	return nil
}

func (o Outcome) put(name string, x ...float64) { o[name] = append(o[name], x) }

// Loss is the mean of a text's losses [T−1] at its tokens 3 to T − 1, if lead tokens stand in
// front: what token 1 predicts is changed directly where its sink is switched off.
func (s Study) Loss(losses []float32, lead int) float64 {
	var x []float64
	for _, l := range losses[lead+1 : lead+s.T-2] {
		x = append(x, float64(l))
	}
	return stat.Mean(x, nil)
}

// rows adds means over rows: entropy, maximum, and entropy without key 1.
func (s Study) rows(o Outcome, t *sinks.Trace, lead int) {
	entropy, largest, without := make([]float64, t.L), make([]float64, t.L), make([]float64, t.L)
	var heads, headsWithout []float64
	n := float64(s.T - 3) // tokens 3 to T − 1
	for l := range t.L {
		for h := range t.H {
			e, w, x := 0.0, 0.0, 0.0
			for q := lead + 2; q < lead+s.T-1; q++ {
				row := float64(t.RowEntropy[l][h][q])
				e, w = e+row/n, w+sinks.EntropyWithout(row, float64(t.FirstMass[l][h][q]))/n
				x += float64(t.RowMax[l][h][q]) / n
			}
			heads, headsWithout = append(heads, e), append(headsWithout, w)
			entropy[l], without[l], largest[l] = entropy[l]+e/float64(t.H), without[l]+w/float64(t.H), largest[l]+x/float64(t.H)
		}
	}
	o.put("entropy", entropy...)
	o.put("maximum", largest...)
	o.put("entropy without key 1", without...)
	o.put("heads", heads...)
	o.put("heads without key 1", headsWithout...)
}

// Mean averages outcomes of the same texts, as those of draws are.
func Mean(all []Outcome) Outcome {
	out := Outcome{}
	for name, texts := range all[0] {
		for i := range texts {
			row := make([]float64, len(texts[i]))
			for _, o := range all {
				floats.AddScaled(row, 1/float64(len(all)), o[name][i])
			}
			out.put(name, row...)
		}
	}
	return out
}

// Load is what a condition gave; noise is the mean over its draws.
func (s Study) Load(key string) (Outcome, error) {
	if key != "noise" {
		return keep.Load[Outcome](Kept(key))
	}
	var all []Outcome
	for draw := range s.Draws {
		o, err := keep.Load[Outcome](Kept(Noise(draw)))
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return Mean(all), nil
}

// LoadAll is [Study.Load] of all conditions.
func (s Study) LoadAll() (map[string]Outcome, error) {
	all := map[string]Outcome{}
	for _, c := range Conditions() {
		o, err := s.Load(c.Key)
		if err != nil {
			return nil, err
		}
		if len(o["loss"]) != s.Edits {
			return nil, fmt.Errorf("edits: %q was measured on %d texts, not on %d: run the cell that measures", c.Label, len(o["loss"]), s.Edits)
		}
		all[c.Key] = o
	}
	return all, nil
}

// Kept is the name under which a condition's outcome is kept, and Noise that of a draw.
func Kept(key string) string { return "06/" + key }
func Noise(draw int) string  { return fmt.Sprintf("noise %d", draw+1) }

// Over is one number a text: a quantity, averaged over the blocks with a strong sink where it has
// one a block.
func (s Study) Over(o Outcome, name string) (x []float64) {
	for _, row := range o[name] {
		if len(row) > 1 {
			row = row[s.Low()-1 : s.High]
		}
		x = append(x, stat.Mean(row, nil))
	}
	return x
}

// Ratio compares the spread of the same edits under two conditions.
func (s Study) Ratio(a, b Outcome, name string) (stats.Estimate, error) {
	return perturb.Ratio(s.Over(a, name), s.Over(b, name), stats.DefaultOptions())
}
