package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// shell starts a measured process that is a shell script.
func shell(t *testing.T, script string) (*process, error) {
	t.Helper()
	p, err := start("the peer", nil, "sh", "-c", script)
	if err == nil {
		t.Cleanup(p.close)
	}
	return p, err
}

func TestAsk(t *testing.T) {
	p, err := shell(t, `echo '{"versions": {"peer": "1"}, "load_seconds": 2}'
read -r line
test "$line" = '{"do":"last","ids":[1,2],"full":true}' || exit 1
echo '{"seconds": 0.5, "peak_kib": 3, "logits": [1, 2]}'`)
	require.NoError(t, err)
	require.Equal(t, hello{Versions: map[string]string{"peer": "1"}, LoadSeconds: 2}, p.hello)
	a, err := p.ask(request{Do: "last", IDs: []int32{1, 2}, Full: true})
	require.NoError(t, err)
	require.Equal(t, answer{Seconds: 0.5, PeakKiB: 3, Logits: []float32{1, 2}}, a)
}

func TestProcessThatFails(t *testing.T) {
	_, err := start("the peer", nil, "/no/such/program")
	require.ErrorContains(t, err, "`make bench` sets it up")

	_, err = shell(t, "echo some detail >&2; echo no weights >&2; exit 1")
	require.EqualError(t, err, "the peer: EOF; its last message: no weights")

	_, err = shell(t, "echo Loading...")
	require.ErrorContains(t, err, "the peer: invalid character")

	p, err := shell(t, `echo '{}'; read -r line; echo out of memory >&2`)
	require.NoError(t, err)
	_, err = p.ask(request{Do: "last"})
	require.EqualError(t, err, "the peer: EOF; its last message: out of memory")
}
