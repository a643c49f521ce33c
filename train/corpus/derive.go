package corpus

import (
	"crypto/sha256"
	"fmt"
	"iter"
	"unicode/utf8"
)

// view is a source that keeps some documents of another.
type view struct {
	Source
	recipe string
	// keep makes the predicate anew for each pass, since it may remember what it has seen.
	keep func() func(Document) bool
}

func (v view) Recipe() string { return v.recipe }

func (v view) Documents() iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		keep := v.keep()
		for d, err := range v.Source.Documents() {
			if err != nil {
				yield(Document{}, err)
				return
			}
			if keep(d) && !yield(d, nil) {
				return
			}
		}
	}
}

// filter is a view whose predicate remembers nothing.
func filter(src Source, operation string, keep func(Document) bool) Source {
	return view{
		Source: src,
		recipe: derived(src, operation),
		keep:   func() func(Document) bool { return keep },
	}
}

// derived is the recipe of a source made from another.
func derived(src Source, operation string) string { return src.Recipe() + " | " + operation }

// MinRunes keeps the documents of at least n characters. Bytes of invalid UTF-8 count one each.
func MinRunes(src Source, n int) Source {
	return filter(src, fmt.Sprintf("at least %d characters", n), func(d Document) bool {
		return utf8.RuneCountInString(d.Text) >= n
	})
}

// MaxRunes keeps the documents of at most n characters. Bytes of invalid UTF-8 count one each.
func MaxRunes(src Source, n int) Source {
	return filter(src, fmt.Sprintf("at most %d characters", n), func(d Document) bool {
		return utf8.RuneCountInString(d.Text) <= n
	})
}

// Dedup keeps the first document of each normal form (see [Normalize]).
func Dedup(src Source) Source {
	return view{
		Source: src,
		recipe: derived(src, "without duplicates"),
		keep: func() func(Document) bool {
			seen := map[digest]bool{}
			return func(d Document) bool {
				k := digest(sha256.Sum256([]byte(Normalize(d.Text))))
				dup := seen[k]
				seen[k] = true
				return !dup
			}
		},
	}
}

// Split divides a source into a training and a held-out part, the latter of about the share heldOut
// of the documents (0 < heldOut < 1). A document's side is drawn from its normal form and the seed
// alone: two documents of the same words are never on different sides, and adding documents to the
// source moves none of the others.
func Split(src Source, heldOut float64, seed uint64) (training, held Source, err error) {
	if !(heldOut > 0 && heldOut < 1) {
		return nil, nil, fmt.Errorf("corpus: held-out share is %v: give a fraction between 0 and 1, such as 0.05", heldOut)
	}
	training, held = sides(src, fmt.Sprintf("%g split, seed %d", heldOut, seed), heldOutBy(heldOut, seed))
	return training, held, nil
}

// sides are the two views that a split makes.
func sides(src Source, split string, isHeld func(Document) bool) (training, held Source) {
	return filter(src, "training side of a "+split, func(d Document) bool { return !isHeld(d) }), filter(src, "held-out side of a "+split, isHeld)
}

// split divides the documents as the spec says, and tells which are held out.
func (s Spec) split(src Source) (training, held Source, isHeld func(Document) bool, err error) {
	if s.NearDuplicates == 0 {
		training, held, err = Split(src, s.HeldOut, s.SplitSeed)
		return training, held, heldOutBy(s.HeldOut, s.SplitSeed), err
	}
	if isHeld, err = heldOutGroups(src, s.HeldOut, s.SplitSeed, s.NearDuplicates); err != nil {
		return nil, nil, nil, err
	}
	training, held = sides(src, fmt.Sprintf("%g split by groups of near duplicates above %g, seed %d", s.HeldOut, s.NearDuplicates, s.SplitSeed), isHeld)
	return training, held, isHeld, nil
}

// heldOutBy tells which documents [Split] holds out.
func heldOutBy(share float64, seed uint64) func(Document) bool {
	return func(d Document) bool { return keyed("split", seed, Normalize(d.Text)).unit() < share }
}
