package show

import (
	"fmt"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/edits"
	"firsttoken/sinks/stats"
)

// controls are what "sink off" is compared with, by their names in rules.
var controls = []struct{ key, name string }{{"intact", "intact"}, {"noise", "noise of equal loss"}, {"mlps", "MLPs weakened, equal loss"}}

// rates are the effect checks that both rules begin with.
func rates(s edits.Study, f *claims.List, all map[string]edits.Outcome) {
	for _, c := range []struct{ key, name string }{{"intact", "intact"}, {"off", "sink off"}} {
		e, err := stats.Mean(s.Over(all[c.key], "rate above"), stats.Options{Range: stats.Percent})
		f.Add("sink rate of the sink's blocks, "+c.name, "%", e, err)
	}
}

// C1 makes the record of C1: edits spread farther with the sink off, and farther than under
// damage of equal loss.
func C1(s edits.Study, notebook string, all map[string]edits.Outcome) (*claims.Record, error) {
	var f claims.List
	rates(s, &f, all)
	off := all["off"]
	for _, c := range controls {
		loss := f.Paired("loss, sink off − "+c.name, "nats", s.Over(off, "loss"), s.Over(all[c.key], "loss"))
		if c.key != "intact" {
			loss.Exact = "calibrated on the measured texts"
		}
		for _, in := range []string{"relative", "absolute"} {
			e, err := s.Ratio(off, all[c.key], in)
			f.Add(in+" spread, sink off / "+c.name, "", e, err)
		}
	}
	for _, in := range []string{"relative", "absolute"} {
		e, err := s.Ratio(all["intact"], all["bos"], in)
		f.Add(in+" spread, without ⟨bos⟩ / with", "", e, err)
	}
	figures, err := f.Figures()
	if err != nil {
		return nil, err
	}
	r, err := claims.Judge("C1", notebook, figures, claims.C1(claims.AnyFirst))
	if err != nil {
		return nil, err
	}
	r.Warnings = append(r.Warnings, fmt.Sprintf("the rule is about the sink switched off; simply without ⟨bos⟩ edits spread %s times as far as with it, in relative change, over the same tokens of the texts",
		interval(r, "relative spread, without ⟨bos⟩ / with")))
	return provenance(s, r), nil
}

// C2 makes the record of C2: what is left of rows without key 1 is smoother with the sink off.
func C2(s edits.Study, notebook string, all map[string]edits.Outcome) (*claims.Record, error) {
	var f claims.List
	rates(s, &f, all)
	off, intact := all["off"], all["intact"]
	for _, c := range controls { // the first of each decides, the others stand beside
		for _, q := range []struct{ name, quantity, unit string }{{"row entropy without key 1", "entropy without key 1", "nats"},
			{"row entropy", "entropy", "nats"}, {"row maximum", "maximum", ""}} {
			f.Paired(q.name+", sink off − "+c.name, q.unit, s.Over(off, q.quantity), s.Over(all[c.key], q.quantity))
		}
	}
	f.Paired("row entropy, key 1 dropped from the intact rows − intact", "nats", s.Over(intact, "entropy without key 1"), s.Over(intact, "entropy"))
	f.Paired("row entropy, without ⟨bos⟩ − with", "nats", s.Over(intact, "entropy"), s.Over(all["bos"], "entropy"))
	f.Paired(fmt.Sprintf("row entropy without key 1, key 1 masked above block %d − intact", s.Maker), "nats", s.Over(all["hidden"], "entropy without key 1"), s.Over(intact, "entropy without key 1"))
	figures, err := f.Figures()
	if err != nil {
		return nil, err
	}
	r, err := claims.Judge("C2", notebook, figures, claims.C2(claims.AnyFirst))
	if err != nil {
		return nil, err
	}
	r.Warnings = append(r.Warnings, fmt.Sprintf("the paper's Fig. 3 pictures whole rows: a missing large weight makes these smoother by arithmetic, key 1 dropped from the intact rows on paper by %s nats; the sink switched off makes them smoother by %s",
		interval(r, "row entropy, key 1 dropped from the intact rows − intact"), interval(r, "row entropy, sink off − intact")))
	return provenance(s, r), nil
}

// interval writes a figure of the record in words.
func interval(r *claims.Record, name string) string {
	f, err := r.Ours.Get(name)
	if err != nil {
		return "?" // unreachable: it has just been added
	}
	lo, hi := f.Ends()
	return fmt.Sprintf("%.3g [%.3g, %.3g]", f.Value, lo, hi)
}

func provenance(s edits.Study, r *claims.Record) *claims.Record {
	model := s.Model
	if model == "smollm2" {
		model = "SmolLM2-135M-Instruct, Q4_1"
	}
	r.Command = "make reproduce"
	r.Provenance = map[string]string{
		"model":    model,
		"texts":    fmt.Sprintf("%d passages of State of the Union addresses, one a speech, %d tokens, one edit each, seed %d", s.Edits, s.T, s.Seed),
		"sink off": fmt.Sprintf("the MLP of block %d adds nothing at token 1: a model off its distribution", s.Maker),
		"controls": fmt.Sprintf("noise after block %d, %d draws for each text; MLPs of blocks %d to %d weakened; both calibrated on these texts", s.Maker, s.Draws, s.Low(), s.High),
	}
	return r
}
