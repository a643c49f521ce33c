package transformer

import (
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// copies is the identity, but for what from names: row → whose row it gets.
func copies(t int, from map[int]int32) *Edits {
	rows := Ascending(t)[0]
	for at, s := range from {
		rows[at] = s
	}
	return &Edits{CopyFrom: tensors.FromFlatDataAndDimensions(rows, 1, t)}
}

// logitsUnder are all logits of a batch, by layers' edits. The capture of other tests also predicts.
func logitsUnder(t *testing.T, m *Model, b Batch, edits []*Edits) [][][]float32 {
	t.Helper()
	out, err := m.Forward(b, Pass{Logits: true, Edits: func(l int) *Edits { return edits[l] }})
	require.NoError(t, err)
	return out.Logits
}

// A row that gets itself is what it was, bit for bit.
func TestCopyOfItselfIsNothing(t *testing.T) {
	m := preparedTiny(t)
	c := m.Config
	batch := One(document(c, 9, 1))
	none := mustCapture(t, m, batch, nil)
	itself := mustCapture(t, m, batch, []*Edits{copies(16, nil), copies(16, nil)})
	requireSame(t, none.document(&c, 0, 9), itself.document(&c, 0, 9))
}

// Copied at the input of the first block, a row is another token: nothing else tells tokens apart
// there. From behind as from before, in one document of a batch and not in the other.
func TestCopyBeforeTheFirstBlockIsAnotherToken(t *testing.T) {
	c := Tiny()
	m := randomModel(t, pureGo(t), c)
	ids, other := document(c, 9, 1), document(c, 12, 2)
	exchanged := slices.Clone(ids)
	exchanged[3], exchanged[7] = ids[8], ids[1]
	rows := slices.Concat(Ascending(16)[0], Ascending(16)[0])
	rows[3], rows[7] = 8, 1
	edit := &Edits{CopyFrom: tensors.FromFlatDataAndDimensions(rows, 2, 16)}
	got := logitsUnder(t, m, Batch{IDs: [][]int32{ids, other}}, []*Edits{edit, nil})
	require.Equal(t, logitsUnder(t, m, Batch{IDs: [][]int32{exchanged, other}}, []*Edits{nil, nil}), got)
	require.NotEqual(t, logitsUnder(t, m, Batch{IDs: [][]int32{ids, other}}, []*Edits{nil, nil})[0], got[0])
}

// Between blocks a copy of the last row changes what stands before it, from where it is put.
func TestCopyReachesBack(t *testing.T) {
	c := Tiny()
	m := randomModel(t, pureGo(t), c)
	ids := document(c, 9, 1)
	none := logitsUnder(t, m, One(ids), []*Edits{nil, nil})[0]
	back := logitsUnder(t, m, One(ids), []*Edits{nil, copies(16, map[int]int32{2: 8})})[0]
	require.Equal(t, none[:2], back[:2])
	for pos := 2; pos < 9; pos++ {
		require.NotEqual(t, none[pos], back[pos])
	}
}

func TestCopyRefuses(t *testing.T) {
	c := Tiny()
	m := randomModel(t, pureGo(t), c)
	ids := document(c, 9, 1)
	run := func(e *Edits, p Pass) error {
		p.Edits = func(l int) *Edits { return e }
		_, err := m.Forward(One(ids), p)
		return err
	}
	require.ErrorContains(t, run(copies(16, map[int]int32{2: 8}), Pass{Predict: true}), "layer 1: edit CopyFrom copies row 8 to row 2, which breaks causality")
	require.NoError(t, run(copies(16, map[int]int32{2: 8}), Pass{Last: true}))
	require.NoError(t, run(copies(16, map[int]int32{8: 2}), Pass{Predict: true}))
	require.ErrorContains(t, run(copies(16, map[int]int32{2: 16}), Pass{}), "edit CopyFrom reads row 16: there are 16")
	require.ErrorContains(t, run(copies(16, map[int]int32{2: -1}), Pass{}), "edit CopyFrom reads row -1")
	require.ErrorContains(t, run(copies(8, nil), Pass{}), "edit CopyFrom has shape")
	floats := &Edits{CopyFrom: tensors.FromFlatDataAndDimensions(make([]float32, 16), 1, 16)}
	require.ErrorContains(t, run(floats, Pass{}), "must be (Int32)[1, 16]")
}
