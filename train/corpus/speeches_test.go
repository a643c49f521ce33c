package corpus_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
)

func TestOpenSpeeches(t *testing.T) {
	all, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	require.NoError(t, err)
	require.Len(t, names(t, all), 110)
	some, err := corpus.OpenSpeeches(corpus.SpeechesConfig{From: 1960, To: 1961})
	require.NoError(t, err)
	require.Equal(t, []string{"speeches/1960-dwight-d-eisenhower", "speeches/1961-dwight-d-eisenhower", "speeches/1961-john-f-kennedy"}, names(t, some))
	require.Equal(t, `State of the Union addresses {"from":1960,"to":1961}`, some.Recipe())
	docs, err := corpus.Collect(some)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(docs[2].Text, "Mr. Speaker, Mr. Vice President, Members of the Congress: It is a pleasure to return from whence I came."))
	_, err = corpus.OpenSpeeches(corpus.SpeechesConfig{From: 2100})
	require.ErrorContains(t, err, "there are some from 1913 to 2021")
}
