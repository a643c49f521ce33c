package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train"
)

func TestArguments(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "say what to do"},
		{[]string{"bring"}, "say what to do"},
		{[]string{"fetch", "none.json"}, "none.json"},
		{[]string{"fetch", "zz"}, `no run in`},
		{[]string{"fetch", "-x"}, "not defined"},
	} {
		require.ErrorContains(t, run(context.Background(), c.args, &bytes.Buffer{}), c.want)
	}
}

// Of a run whose weights come with the checkout nothing is fetched.
func TestFetchNothing(t *testing.T) {
	laptop, err := train.Preset("laptop")
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"fetch", laptop.ID()}, &out))
	require.Equal(t, "1 runs: weights of 1 were here, of 0 fetched, of 0 are absent\n", out.String())
}
