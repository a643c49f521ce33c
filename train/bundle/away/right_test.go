package away

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/local/backend"
)

var update = flag.Bool("update", false, "write reference.json")

// The stored reference is what this code computes on a CPU, and bfloat16 there keeps within its
// bounds with room to spare.
func TestReference(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: compiles a model in two types")
	}
	b, _, err := backend.Open()
	require.NoError(t, err)
	got, err := Compute(b, "float32")
	require.NoError(t, err)
	if *update {
		text, err := json.Marshal(got)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile("reference.json", append(text, '\n'), 0o644))
		return
	}
	want, err := reference()
	require.NoError(t, err)
	d := differences(got, want)
	// reference.json is halfway between an AMD EPYC's values and an Intel Xeon's, whose logits differ
	// by 1.0e-5 and losses by 0.9e-5; -update writes this machine's alone.
	require.True(t, d.within(Bounds{1e-5, 1e-5, 1e-5, 1e-5}), "%+v", d)
	require.Greater(t, want.Updates[0]-want.Updates[2], 0.1, "updates that do something")
	half, err := Compute(b, "bfloat16")
	require.NoError(t, err)
	d = differences(half, want)
	t.Logf("bfloat16 on the CPU: %+v", d)
	require.True(t, d.within(bounds["bfloat16"]), "%+v", d)
	require.False(t, d.within(bounds["float32"]), "so the bounds tell the types apart")
}

// What is wrong shows: a number that is off, missing or none.
func TestDifferences(t *testing.T) {
	want, err := reference()
	require.NoError(t, err)
	require.Equal(t, Bounds{}, differences(want, want))
	for _, spoil := range []func(*Values){
		func(v *Values) { v.Loss[1][5] += 2e-4 },
		func(v *Values) { v.Logits[0] = v.Logits[0][1:] },
		func(v *Values) { v.SinkScore[1][3] = math.NaN() },
		func(v *Values) { v.Updates = nil },
	} {
		got, err := reference()
		require.NoError(t, err)
		spoil(&got)
		require.False(t, differences(got, want).within(bounds["float32"]))
	}
}
