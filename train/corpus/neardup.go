package corpus

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

const (
	// shingleLines are the lines of a shingle: long enough that two files which share one share
	// code, not idiom.
	shingleLines = 6
	// commonShingle is the number of documents from which on a shingle says nothing of any two of
	// them: a licence, generated headers.
	commonShingle = 1000
)

// SplitGroups is [Split] by groups of near duplicates: all of a group go to one side. Two documents
// are near duplicates if more than the share above (0 < above < 1) of the shingles of one are in
// the other; a group is what such pairs connect. A shingle is a run of 6 lines, blank ones and the
// space around lines left out; a shorter document is one shingle.
//
// A group's side is drawn from that of its members which comes first by the hash of its normal
// form, and so a document that has no near duplicate is where Split puts it. Adding documents may
// move others here, which they connect. The source is read once now.
func SplitGroups(src Source, heldOut float64, seed uint64, above float64) (training, held Source, err error) {
	if !(heldOut > 0 && heldOut < 1) || !(above > 0 && above < 1) {
		return nil, nil, fmt.Errorf("corpus: held-out share is %v and the share of shingles %v: give fractions between 0 and 1, such as 0.05 and 0.5", heldOut, above)
	}
	isHeld, err := heldOutGroups(src, heldOut, seed, above)
	if err != nil {
		return nil, nil, err
	}
	training, held = sides(src, fmt.Sprintf("%g split by groups of near duplicates above %g, seed %d", heldOut, above, seed), isHeld)
	return training, held, nil
}

// heldOutGroups tells which documents SplitGroups holds out.
func heldOutGroups(src Source, share float64, seed uint64, above float64) (func(Document) bool, error) {
	var places []float64 // of each distinct document in [0, 1): held out below the share
	ids, leaders, err := nearDuplicates(src, above, func(form string) {
		places = append(places, keyed("split", seed, form).unit())
	})
	if err != nil {
		return nil, err
	}
	moved := map[digest]bool{} // those that go where another is
	for i, leader := range leaders {
		if leader != int32(i) {
			moved[ids[i]] = places[leader] < share
		}
	}
	alone := heldOutBy(share, seed)
	return func(d Document) bool {
		if held, ok := moved[sha256.Sum256([]byte(Normalize(d.Text)))]; ok {
			return held
		}
		return alone(d)
	}, nil
}

// nearDuplicates lists the distinct documents of a source, by the digests of their normal forms,
// and for each the one that stands for its group, itself if it is alone. visit gets each normal
// form, in that order.
func nearDuplicates(src Source, above float64, visit func(form string)) (docs []digest, leader []int32, err error) {
	var sizes []int32 // shingles
	known := map[digest]bool{}
	holders := map[uint64][]int32{} // documents by shingle
	for d, err := range src.Documents() {
		if err != nil {
			return nil, nil, err
		}
		form := Normalize(d.Text)
		id := digest(sha256.Sum256([]byte(form)))
		if known[id] {
			continue
		}
		known[id] = true
		visit(form)
		n := int32(len(docs))
		set := shingles(d.Text)
		docs, sizes = append(docs, id), append(sizes, int32(len(set)))
		for s := range set {
			holders[s] = append(holders[s], n)
		}
	}
	shared := map[[2]int32]int32{} // shingles of pairs
	for _, list := range holders {
		if len(list) >= commonShingle {
			continue
		}
		for i, a := range list {
			for _, b := range list[i+1:] {
				shared[[2]int32{a, b}]++ // a < b: lists are in the order of documents
			}
		}
	}
	leader = make([]int32, len(docs)) // union-find, the root being the first by digest
	for i := range leader {
		leader[i] = int32(i)
	}
	var root func(i int32) int32
	root = func(i int32) int32 {
		if leader[i] != i {
			leader[i] = root(leader[i])
		}
		return leader[i]
	}
	for pair, n := range shared {
		if float64(n) <= above*float64(min(sizes[pair[0]], sizes[pair[1]])) {
			continue
		}
		a, b := root(pair[0]), root(pair[1])
		if bytes.Compare(docs[a][:], docs[b][:]) > 0 {
			a, b = b, a
		}
		leader[b] = a
	}
	for i := range leader {
		root(int32(i)) // from here on each names its root
	}
	return docs, leader, nil
}

// shingles hashes the runs of lines of a text.
func shingles(text string) map[uint64]bool {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	set := map[uint64]bool{}
	for i := 0; i == 0 || i+shingleLines <= len(lines); i++ {
		sum := sha256.Sum256([]byte(strings.Join(lines[i:min(i+shingleLines, len(lines))], "\n")))
		set[binary.LittleEndian.Uint64(sum[:])] = true
	}
	return set
}
