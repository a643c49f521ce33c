package tokenizer

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestApplyBOS(t *testing.T) {
	tok := NewBytes()
	const bos = 256
	cases := []struct {
		p        BOSPolicy
		in, want []int32
	}{
		{BOSKeep, []int32{1, 2}, []int32{1, 2}},
		{BOSKeep, []int32{bos, bos, 2}, []int32{bos, bos, 2}},
		{BOSNone, []int32{1, bos}, []int32{1, bos}},
		{BOSNone, []int32{bos, 1}, []int32{1}},
		{BOSNone, []int32{bos, bos, 1}, []int32{1}},
		{BOSNone, []int32{}, []int32{}},
		{BOSAdd, []int32{1, 2}, []int32{bos, 1, 2}},
		{BOSAdd, []int32{bos, 1}, []int32{bos, 1}},
		{BOSAdd, []int32{bos, bos, 1, bos}, []int32{bos, 1, bos}},
		{BOSAdd, []int32{}, []int32{bos}},
		{BOSAdd, []int32{bos}, []int32{bos}},
	}
	for _, c := range cases {
		in := slices.Clone(c.in)
		got, err := tok.ApplyBOS(in, c.p)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%s %v", c.p, c.in)
		require.Equal(t, c.in, in, "the input is changed")
		again, err := tok.ApplyBOS(got, c.p)
		require.NoError(t, err)
		require.Equal(t, got, again, "applied twice")
	}
}

func TestApplyBOSWithoutBOS(t *testing.T) {
	ids := []int32{1, 2}
	for _, p := range []BOSPolicy{BOSKeep, BOSNone} {
		got, err := gpt2().ApplyBOS(ids, p)
		require.NoError(t, err)
		require.Equal(t, ids, got)
	}
	_, err := gpt2().ApplyBOS(ids, BOSAdd)
	require.ErrorContains(t, err, "this gpt2 tokenizer names no BOS; set one with WithBOSEOS")
}

func TestParseBOSPolicy(t *testing.T) {
	for _, s := range []string{"keep", "none", "add"} {
		p, err := ParseBOSPolicy(s)
		require.NoError(t, err)
		require.Equal(t, s, string(p))
	}
	for _, s := range []string{"", "Add", "yes"} {
		_, err := ParseBOSPolicy(s)
		require.ErrorContains(t, err, `valid are "keep", "none" and "add"`)
	}
	_, err := NewBytes().ApplyBOS(nil, "")
	require.Error(t, err)
}
