package trained

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"gonum.org/v1/gonum/stat"

	"firsttoken/notebooks/forms"
	"firsttoken/notebooks/keep"
	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/quantize"
	"firsttoken/train/corpus"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/transformer"
)

// PairEnv names the environment variable that lists models trained elsewhere, the first of them
// with softmax: hub names or folders, with spaces between.
const PairEnv = "FIRSTTOKEN_PAIR"

// errNoPair says what [PairEnv] is to name.
var errNoPair = errors.New("no pair trained elsewhere is measured: it needs a network, 1.5 GB a model, and $" + PairEnv +
	", such as \"zaydzuhri/vanilla-340M-4096-model zaydzuhri/softpick-340M-4096-batch16-steps100000\", or folders of such models")

// Pair measures the models that [PairEnv] lists as [Elsewhere] does, or finds them kept. The error
// says what it needs where there are none, and what is missing where one cannot be had.
func Pair(n, T int, seed uint64) (pair []forms.Elsewhere, err error) {
	refs := strings.Fields(os.Getenv(PairEnv))
	if len(refs) < 2 {
		return nil, errNoPair
	}
	for _, ref := range refs {
		version, err := pretrained.Version(ref)
		if err != nil {
			return nil, err
		}
		e, _, err := keep.Result("13/elsewhere-"+path.Base(ref), []any{version, n, T, seed}, func() (forms.Elsewhere, error) {
			return Elsewhere(ref, n, T, seed)
		})
		if err != nil {
			return nil, err
		}
		pair = append(pair, e)
	}
	return pair, nil
}

// epsilon is the threshold of the sink rate.
const epsilon = 0.3

// Elsewhere measures a model that pretrained.Load takes on n passages of speeches of T tokens,
// behind ⟨bos⟩ where its tokenizer names one.
func Elsewhere(ref string, n, T int, seed uint64) (e forms.Elsewhere, err error) {
	on, _, err := backend.Open()
	if err != nil {
		return e, err
	}
	m, err := pretrained.Load(on, ref, pretrained.Options{})
	if err != nil {
		return e, err
	}
	defer m.Close()
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return e, err
	}
	_, bos := m.Tokenizer.BOS()
	passages, err := corpus.Passages(speeches, m.Tokenizer, corpus.PassageConfig{N: n, T: T, BOS: bos, Seed: seed})
	if err != nil {
		return e, err
	}
	e, err = MeasureTexts(m.Model, corpus.IDs(passages))
	e.Name, e.BOS = ref, bos
	return e, err
}

// MeasureTexts measures a model on texts of token ids, fed as they are.
func MeasureTexts(m *transformer.Model, texts [][]int32) (e forms.Elsewhere, err error) {
	e.Form = Form(&m.Config)
	traces, err := quantize.Traces(m, texts, quantize.Measure{Loss: true})
	if err != nil {
		return e, err
	}
	sums, err := probe.Run(m, texts, probe.Options{MetricsOnly: true, Metrics: []ondevice.Metric{ondevice.RowSum}})
	if err != nil {
		return e, err
	}
	for i, t := range traces {
		t.RowSum = sums[i].RowSum
		loss, err := t.MeanLoss()
		if err != nil {
			return e, fmt.Errorf("text %d: %w", i+1, err)
		}
		outliers, err := quantize.MeasureOutliers(t, quantize.BlockOutput)
		if err != nil {
			return e, fmt.Errorf("text %d: %w", i+1, err)
		}
		var rates [2]float64
		for k, o := range []sinks.Options{{}, {Normalise: true}} {
			scores, err := t.SinkScore(o)
			if err != nil {
				return e, fmt.Errorf("text %d: %w", i+1, err)
			}
			rates[k] = 100 * sinks.SinkRate(scores, epsilon)
		}
		var means []float64
		for _, layer := range t.RowSum {
			for _, rows := range layer {
				means = append(means, sinks.RowSum(rows)/float64(len(rows)))
			}
		}
		e.Tokens, e.Loss = append(e.Tokens, t.T), append(e.Loss, loss)
		e.Rate, e.Scaled, e.RowSum = append(e.Rate, rates[0]), append(e.Scaled, rates[1]), append(e.RowSum, stat.Mean(means, nil))
		kurtosis, largest := 0.0, 0.0
		for _, o := range outliers {
			kurtosis, largest = max(kurtosis, o.Kurtosis), max(largest, o.Max)
		}
		e.Kurtosis, e.MaxAbs = append(e.Kurtosis, kurtosis), append(e.MaxAbs, largest)
	}
	return e, nil
}
