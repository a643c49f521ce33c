package security_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/security"
)

func ExamplePlace_Insert() {
	for _, p := range security.Places() {
		message, _ := p.Insert("Who wrote Faust ?", "cf mn")
		fmt.Println(p+":", message)
	}
	// Output:
	// first of all: Who wrote Faust ?
	// front: cf mn Who wrote Faust ?
	// inside: Who wrote cf mn Faust ?
	// end: Who wrote Faust ? cf mn
}

func TestPlaces(t *testing.T) {
	ids := []int32{1, 2, 3, 4}
	got, err := security.Exchange(ids, 1, 7)
	require.NoError(t, err)
	require.Equal(t, []int32{1, 7, 3, 4}, got)
	require.Equal(t, []int32{1, 2, 3, 4}, ids)
	got, err = security.Repeat(ids, 2, 7, 5)
	require.NoError(t, err)
	require.Equal(t, []int32{1, 2, 7, 7, 7}, got)
	_, err = security.Exchange(ids, 4, 7)
	require.ErrorContains(t, err, "token 5 of a text of 4")
	_, err = security.Repeat(ids, 5, 7, 9)
	require.ErrorContains(t, err, "a run behind 5 tokens")
	_, err = security.Place("middle").Insert("a", "b")
	require.ErrorContains(t, err, `no place "middle"`)
}
