package bits_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/bits"
	"firsttoken/sinks/quantize"
)

// model has every scheme's loss of four texts, more by one nat from scheme to scheme.
func model() bits.Model {
	c := &quantize.Compared{Loss: map[string][]float64{}, Tokens: [][]int{{0}, {0, 2}}, CalibrationTokens: [][]int{{}, {1}},
		Massive: [][]float32{{900, 1, 2}, {800, 1, 3}}, Output: []quantize.Outliers{{Ratio: 90, Kurtosis: 400}, {Ratio: 80, Kurtosis: 500}},
		Down: []quantize.Outliers{{Ratio: 2, Kurtosis: 10}, {Ratio: 100, Kurtosis: 90}}}
	for i, name := range []string{
		quantize.SchemeFloat, quantize.SchemeW8, quantize.SchemeW4, quantize.SchemeKV4, quantize.SchemeDynamic, quantize.SchemeStatic, quantize.SchemeFirst,
		quantize.SchemeOutliers, quantize.SchemeOther, quantize.SchemeOff, quantize.SchemeOffDynamic, quantize.SchemeOffStatic, quantize.SchemeElsewhereD, quantize.SchemeElsewhereS,
	} {
		for text := range 8 {
			c.Loss[name] = append(c.Loss[name], float64(i)+0.001*float64(i*i%7*text))
		}
	}
	c.Rate, c.RateOff = []float64{90, 91, 92}, []float64{5, 6, 7}
	return bits.Model{Name: "a model", Compared: c, Words: []string{"b", "b"}, OffKept: c.Loss[quantize.SchemeOffStatic]}
}

func TestTables(t *testing.T) {
	m := model()
	text, err := bits.Costs(8, m, m)
	require.NoError(t, err)
	require.Contains(t, text, "| scheme | against | a model (nats) | a model (nats) |\n| --- | --- | --- | --- |\n| W8 | float | 1.0")
	require.Contains(t, text, "\n| sink off, static | sink off, dynamic | 1.0")
	require.Contains(t, text, "\n| sink off, static, token 1 kept | sink off, dynamic | 1.0")
	loss := map[string][]float64{}
	for _, name := range []string{"turned, static", "turned, dynamic", "smooth, static", "smooth, dynamic"} {
		loss[name] = m.Loss[quantize.SchemeW4]
	}
	text, err = bits.Rewritten(8, m, loss)
	require.NoError(t, err)
	require.Contains(t, text, "| nothing | 5.0")
	require.Contains(t, text, "\n| smooth | 2.0")
	delete(loss, "smooth, dynamic")
	_, err = bits.Rewritten(8, m, loss)
	require.ErrorContains(t, err, "smooth: ")
	delete(m.Loss, quantize.SchemeOther)
	_, err = bits.Costs(8, m)
	require.ErrorContains(t, err, quantize.SchemeOther)
}

func TestFigures(t *testing.T) {
	m := model()
	for _, draw := range []func() error{
		func() error { _, err := bits.Massive(m, m); return err },
		func() error { _, err := bits.Static(8, m, m); return err },
	} {
		require.NoError(t, draw())
	}
	_, text, err := bits.Outliers(m)
	require.NoError(t, err)
	require.Contains(t, text, "| a model | 2 of 4 | 2 of 4 | \"b\" × 2 | 500 | 90 |")
	delete(m.Loss, quantize.SchemeStatic)
	_, err = bits.Static(8, m)
	require.ErrorContains(t, err, "a model: ")
}

// The figures are those that the rule asks for, and a record comes of them.
func TestJudge(t *testing.T) {
	r, err := bits.Judge(model(), 8, "notebooks/14.ipynb", "a file")
	require.NoError(t, err)
	require.Equal(t, "a model", r.Model)
	require.NoError(t, r.Validate())
	require.Contains(t, r.Provenance["texts"], "in 8 draws")
	m := model()
	m.OffKept = nil
	_, err = bits.Judge(m, 8, "notebooks/14.ipynb", "a file")
	require.ErrorContains(t, err, "token 1 kept against")
}
