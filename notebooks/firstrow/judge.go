package firstrow

import (
	"fmt"

	"firsttoken/notebooks/claims"
	"firsttoken/sinks/stats"
)

// JudgeEmbedded makes the record of S6a on a model, file being where its weights came from.
func JudgeEmbedded(m Embedded, notebook, file string) (*claims.Record, error) {
	list, err := m.Figures(stats.DefaultOptions())
	if err != nil {
		return nil, err
	}
	var ours []claims.Figure
	for _, f := range list {
		ours = append(ours, claims.Figure{Name: f.Name, Unit: f.Unit, Estimate: f.Estimate})
	}
	frames := len(m.Pairs) / 6
	return record("S6a", m.Name, notebook, file, ours, claims.S6a(), map[string]string{
		"pairs":  fmt.Sprintf("%d, six each of %d frames that chose nothing", len(m.Pairs), frames),
		"chosen": fmt.Sprintf("copies until block %d, embeddings after block %d; after block %d of the prompt alone, %d with the placeholder", m.Until, m.Block["Token Prepending"], m.Block["prompt alone"], m.Block["placeholder, nothing copied"]),
	})
}

// JudgeProbed makes the record of S6b on a model.
func JudgeProbed(m Probed, notebook, file string) (*claims.Record, error) {
	list, err := m.AsIs.Figures(m.Hidden, stats.DefaultOptions())
	if err != nil {
		return nil, err
	}
	var ours []claims.Figure
	for _, f := range list {
		ours = append(ours, claims.Figure{Name: f.Name, Unit: f.Unit, Estimate: f.Estimate})
	}
	words := 0
	for _, n := range m.AsIs.Words {
		words += n
	}
	return record("S6b", m.Name, notebook, file, ours, claims.S6b(), map[string]string{
		"texts":  fmt.Sprintf("%d passages of State of the Union addresses, the richest in words of several tokens, with %d of these", len(m.AsIs.Words), words),
		"blocks": fmt.Sprintf("from %v, by what is read, to %d", m.AsIs.From, m.AsIs.To),
	})
}

func record(id, model, notebook, file string, ours []claims.Figure, rule claims.Rule, provenance map[string]string) (*claims.Record, error) {
	r, err := claims.Judge(id, notebook, ours, rule)
	if err != nil {
		return nil, err
	}
	r.Model, r.Command = model, "make gemma && make reproduce"
	r.Warnings = []string{"the weights had been quantised before (" + file + ")"}
	r.Provenance = provenance
	r.Provenance["model"] = file
	return r, nil
}
