package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/gomlx/compute"

	"firsttoken/sinks"
	"firsttoken/sinks/cmd/internal/cli"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/quantize"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/transformer"
)

// result is what is printed of a document.
type result struct {
	MeanLoss      float64      `json:"mean_loss"`      // nats, over all targets
	Outliers      [][3]float64 `json:"outliers"`       // [L] max, ratio, kurtosis at the block's output
	OutlierTokens []int        `json:"outlier_tokens"` // positions, from 1
}

// measure rounds the model and prints what came of each document.
func measure(o *options, stdin io.Reader, stdout io.Writer) error {
	docs, err := documents(o.ids, stdin)
	if err != nil {
		return err
	}
	for i, d := range docs {
		if len(d) < 2 {
			return fmt.Errorf("%s: document %d has %d tokens: a loss needs two", o.ids, i+1, len(d))
		}
	}
	b, _, err := backend.Open()
	if err != nil {
		return err
	}
	loaded, err := pretrained.Load(b, o.model, pretrained.Options{})
	if err != nil {
		return err
	}
	m := loaded.Model
	defer func() { m.Close() }()
	under, err := condition(o, m, stdin)
	if err != nil {
		return err
	}
	if m, err = rounded(b, m, o.weights); err != nil {
		return err
	}
	traces, err := quantize.Traces(m, docs, quantize.Measure{Loss: true, Under: under})
	if err != nil {
		return err
	}
	if !o.json {
		fmt.Fprintf(stdout, "| document | tokens | loss | max | max / median | kurtosis | outlier tokens |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	}
	for i, t := range traces {
		if err := show(o, i, t, stdout); err != nil {
			return fmt.Errorf("document %d: %w", i+1, err)
		}
	}
	return nil
}

// condition is what holds in the pass. Static steps are those of the model as it is loaded, before
// its weights are rounded.
func condition(o *options, m *transformer.Model, stdin io.Reader) ([]probe.Intervention, error) {
	acts := quantize.Activations{KV: o.kv}
	if o.keepFirst {
		acts.Keep = quantize.First()
	}
	if o.acts != "float" {
		acts.Bits = 8
	}
	if o.acts == "static" {
		calibration, err := documents(o.calibration, stdin)
		if err != nil {
			return nil, err
		}
		traces, err := quantize.Traces(m, calibration, quantize.Measure{Under: o.skip})
		if err != nil {
			return nil, err
		}
		if acts.Range, err = quantize.Calibrated(traces, acts.Keep, nil); err != nil {
			return nil, err
		}
	}
	if acts.Bits == 0 && acts.KV == 0 {
		return o.skip, nil
	}
	return append(o.skip, acts), nil
}

// rounded is the model with rounded weights; it takes the place of m, which is closed.
func rounded(b compute.Backend, m *transformer.Model, s quantize.Scheme) (*transformer.Model, error) {
	if s == quantize.Float {
		return m, nil
	}
	net, err := quantize.Read(m)
	if err == nil {
		err = net.Round(s)
	}
	if err != nil {
		return m, err
	}
	r, err := net.Model(b)
	if err != nil {
		return m, err
	}
	m.Close()
	return r, nil
}

func documents(file string, stdin io.Reader) ([][]int32, error) {
	data, err := cli.ReadFile(file, stdin)
	if err != nil {
		return nil, err
	}
	return cli.ParseIDs(file, data)
}

// show prints a document's line: of the outliers' measures the largest of all layers in the table,
// all of them as JSON.
func show(o *options, i int, t *sinks.Trace, stdout io.Writer) error {
	outliers, err := quantize.MeasureOutliers(t, quantize.BlockOutput)
	if err != nil {
		return err
	}
	tokens, err := quantize.OutlierTokens(t)
	if err != nil {
		return err
	}
	r := result{OutlierTokens: []int{}}
	for _, x := range t.Loss {
		r.MeanLoss += float64(x) / float64(len(t.Loss))
	}
	for _, pos := range tokens {
		r.OutlierTokens = append(r.OutlierTokens, pos+1)
	}
	var top quantize.Outliers
	for _, l := range outliers {
		r.Outliers = append(r.Outliers, [3]float64{l.Max, l.Ratio, l.Kurtosis})
		top = quantize.Outliers{Max: max(top.Max, l.Max), Ratio: max(top.Ratio, l.Ratio), Kurtosis: max(top.Kurtosis, l.Kurtosis)}
	}
	if o.json {
		return json.NewEncoder(stdout).Encode(r)
	}
	_, err = fmt.Fprintf(stdout, "| %d | %d | %.4f | %.1f | %.1f | %.0f | %v |\n", i+1, t.T, r.MeanLoss, top.Max, top.Ratio, top.Kurtosis, r.OutlierTokens)
	return err
}
