package guard

import (
	"fmt"

	"firsttoken/notebooks/claims"
	"firsttoken/sinks/security"
	"firsttoken/sinks/security/measure"
	"firsttoken/sinks/stats"
)

// EditFigures are the figures of S5aEdits: by text, means over tokens.
func EditFigures(m Edits) ([]claims.Figure, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	var f claims.List
	by := make([][]float64, len(m.KL))
	for i, tokens := range m.KL {
		by[i] = mean(tokens)
		f.Mean("KL, "+positionNames[i]+" token", "nats", by[i], stats.Range{})
	}
	for i := 1; i < len(by); i++ {
		f.Mean("KL, first token − "+positionNames[i], "nats", less(by[0], by[i]), stats.Range{})
	}
	f.Mean("sink rate, unedited", "%", m.Whole.Rate, stats.Percent)
	f.Mean("sink rate, first token exchanged − unedited", "%", mean(m.Rate[0]), stats.PercentChange)
	f.Mean("loss, first token exchanged − unedited", "nats", mean(m.Loss[0]), stats.Range{})
	return f.Figures()
}

// TriggerFigures are the others of S5a: by message, means over triggers.
func TriggerFigures(kl [][][]float64) ([]claims.Figure, error) {
	var f claims.List
	by := map[security.Place][]float64{}
	for i, place := range security.Places() {
		by[place] = mean(kl[i])
		name := string(place)
		if place != security.First && place != security.Inside {
			name = "at the " + name
		}
		f.Mean("KL, trigger "+name, "nats", by[place], stats.Range{})
	}
	f.Mean("KL, trigger at the front − inside", "nats", less(by[security.Front], by[security.Inside]), stats.Range{})
	f.Mean("KL, trigger at the front − at the end", "nats", less(by[security.Front], by[security.End]), stats.Range{})
	return f.Figures()
}

// DeclineFigures are those of S5b.
func DeclineFigures(f Forced) ([]claims.Figure, error) {
	var out claims.List
	for _, c := range conditions {
		e, err := f.share(c, false)
		out.Add("mild messages declined, "+c, "%", e, err)
	}
	for _, c := range []string{measure.Free, measure.Safety} {
		e, err := f.share(c, true)
		out.Add("harmless messages declined, "+c, "%", e, err)
	}
	safety := f.declined(measure.Safety, false)
	for _, c := range []string{measure.Free, measure.Neutral} {
		out.Mean("mild messages declined, safety token − "+c, "%", less(safety, f.declined(c, false)), stats.PercentChange)
	}
	out.Mean("declined with the safety token, mild − harmless", "%", less(safety, f.declined(measure.Safety, true)), stats.PercentChange)
	return out.Figures()
}

// ReachFigures are those of S5c, of mild messages: shares of KL are ratios of sums over answers.
func ReachFigures(f Forced) ([]claims.Figure, error) {
	var out claims.List
	out.Mean("sink rate of the sink's blocks, intact", "%", f.Rate, stats.Percent)
	out.Mean("sink rate of the sink's blocks, sink off", "%", f.RateOff, stats.Percent)
	for _, c := range []string{measure.Safety, measure.Neutral, measure.Random} {
		late, soon, err := f.ends(c)
		if err != nil {
			return nil, err
		}
		e, err := stats.Ratio(late, soon, stats.DefaultOptions())
		name := "KL at answer tokens 10 to 12 / at token 2"
		if c != measure.Safety {
			name += ", " + c
		}
		out.Add(name, "", e, err)
	}
	n := f.pairs()
	out.Mean("heads with a sink at the forced token − at the free one", "%", less(f.Second[measure.Safety][:n], f.Second[measure.Free][:n]), stats.PercentChange)
	off, err := f.kl(sinkOff)
	if err != nil {
		return nil, err
	}
	on, err := f.kl(measure.Safety)
	if err != nil {
		return nil, err
	}
	e, err := stats.Ratio(each(off), each(on), stats.DefaultOptions())
	out.Add("KL of the answer, sink off / intact", "", e, err)
	return out.Figures()
}

// ends is KL at answer tokens 10 to 12, mean, and at token 2, of answers that are that long.
func (f Forced) ends(condition string) (late, soon []float64, err error) {
	list, err := f.kl(condition)
	if err != nil {
		return nil, nil, err
	}
	for _, kl := range list {
		if len(kl) >= 11 {
			late, soon = append(late, (kl[8]+kl[9]+kl[10])/3), append(soon, kl[0])
		}
	}
	if len(late) == 0 {
		return nil, nil, fmt.Errorf("guard: no answer of eleven tokens with the %s", condition)
	}
	return late, soon, nil
}

// Judge makes a record.
func Judge(id, model, file string, ours []claims.Figure, rule claims.Rule) (*claims.Record, error) {
	r, err := claims.Judge(id, "notebooks/15-security.ipynb", ours, rule)
	if err != nil {
		return nil, err
	}
	r.Model, r.Command = model, "make reproduce"
	if model == claims.Gemma3 {
		r.Command = "make gemma && make reproduce"
	}
	r.Warnings = []string{"the weights are quantised (" + file + ")"}
	r.Provenance = map[string]string{"weights": file}
	return r, nil
}
