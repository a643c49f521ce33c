package measure

import (
	"fmt"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/quantize"
	"firsttoken/sinks/security"
	"firsttoken/train/transformer"
)

// Repeated is what runs of one token make of its copies, by token repeated or text, by position.
type Repeated struct {
	// Massive is max |x| of the residual stream in the middle of the sink's blocks.
	Massive [][]float64 `json:"massive"`
	// Share is the attention that queries behind the position give it, mean over heads of the
	// sink's blocks, in %; the last position, which none is behind, is left out.
	Share [][]float64 `json:"share"`
}

// Repeats follows the first lead tokens of texts[i] with copies of tokens[i], as many tokens in all
// as the text has. lead = len(text) leaves the texts as they are.
func Repeats(m *transformer.Model, texts [][]int32, tokens []int32, lead int, sink quantize.Sink) (*Repeated, error) {
	if len(texts) != len(tokens) {
		return nil, fmt.Errorf("measure: %d texts are followed by runs of %d tokens: give one for each", len(texts), len(tokens))
	}
	docs := make([][]int32, len(texts))
	for i, ids := range texts {
		docs[i] = ids
		if lead < len(ids) {
			var err error
			if docs[i], err = security.Repeat(ids, lead, tokens[i], len(ids)); err != nil {
				return nil, err
			}
		}
	}
	traces, err := probe.Run(m, docs, probe.Options{Metrics: append([]ondevice.Metric{ondevice.ResidMax}, metrics...), MetricsOnly: true})
	if err != nil {
		return nil, err
	}
	out := &Repeated{}
	for _, t := range traces {
		var massive []float64
		for _, x := range t.ResidMax[(sink.First+sink.Last+1)/2] {
			massive = append(massive, short(float64(x)))
		}
		share, err := shares(t, sink)
		if err != nil {
			return nil, err
		}
		out.Massive, out.Share = append(out.Massive, massive), append(out.Share, share)
	}
	return out, nil
}

// shares is the mean attention to each position but the last, over heads of the sink's blocks, in %.
func shares(t *sinks.Trace, sink quantize.Sink) ([]float64, error) {
	out := make([]float64, t.T-1)
	for pos := range out {
		scores, err := t.SinkScore(sinks.Options{Key: pos, ExcludeSelf: true})
		if err != nil {
			return nil, err
		}
		n := 0.0
		for _, heads := range scores[sink.First : sink.Last+1] {
			out[pos] += 100 * sinks.RowSum(heads)
			n += float64(len(heads))
		}
		out[pos] = short(out[pos] / n)
	}
	return out, nil
}
