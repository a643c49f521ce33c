package prepend

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed frames.txt
var framesText string

// Frame is what a group of sentences is made of. Verbs are in the past, which is their participle
// too; names starting with Other are synonyms.
type Frame struct {
	Subject, OtherSubject string
	Verb, OtherVerb       string
	Infinitive            string
	Object, OtherObject   string
	Place, OtherPlace     string
	Another               string // another object, of another meaning
}

// Frames are those that come with the package.
func Frames() ([]Frame, error) {
	var list []Frame
	for i, line := range strings.Split(strings.TrimSpace(framesText), "\n") {
		f := Frame{}
		slots := []*string{&f.Subject, &f.OtherSubject, &f.Verb, &f.OtherVerb, &f.Infinitive, &f.Object, &f.OtherObject, &f.Place, &f.OtherPlace, &f.Another}
		parts := strings.Split(line, "|")
		if len(parts) != len(slots) {
			return nil, fmt.Errorf("prepend: frame %d has %d parts: must be %d", i+1, len(parts), len(slots))
		}
		for j, p := range parts {
			*slots[j] = p
		}
		list = append(list, f)
	}
	return list, nil
}

// Kind is how the second sentence of a pair comes of the first.
type Kind string

// The kinds, with their grades: those of the STS tasks, where 5 is the same meaning, 4 the same but
// for details, 2 another meaning that shares details, 0 another topic.
const (
	Order    Kind = "word order"     // 5: passive, the place in front
	Synonyms Kind = "synonyms"       // 4: every word of content exchanged
	Exchange Kind = "another object" // 2
	Reversed Kind = "roles reversed" // 2: the same words in another order
	Negation Kind = "negation"       // 2
	Random   Kind = "another frame"  // 0
)

// Kinds lists them in the order in which they are made.
func Kinds() []Kind { return []Kind{Order, Synonyms, Exchange, Reversed, Negation, Random} }

// grades of the kinds.
var grades = map[Kind]float64{Order: 5, Synonyms: 4, Exchange: 2, Reversed: 2, Negation: 2, Random: 0}

// Grade is the similarity of a pair of a kind, 0 to 5.
func (k Kind) Grade() float64 { return grades[k] }

// Pair is two sentences by their numbers, and the frame that they come from: pairs of one frame
// share its first sentence and are no independent units.
type Pair struct {
	A, B  int
	Kind  Kind
	Frame int
}

// Pairs makes six pairs from each frame, one of each kind, with the frame's plain sentence first;
// the last pairs it with that of the next frame. Sentences are [6·frames].
func Pairs(frames []Frame) (sentences []string, pairs []Pair) {
	const each = 6 // a plain sentence and five others
	for i, f := range frames {
		for j, s := range []string{
			fmt.Sprintf("%s %s %s %s", f.Subject, f.Verb, f.Object, f.Place),
			fmt.Sprintf("%s %s was %s by %s", f.Place, f.Object, f.Verb, f.Subject),
			fmt.Sprintf("%s %s %s %s", f.OtherSubject, f.OtherVerb, f.OtherObject, f.OtherPlace),
			fmt.Sprintf("%s %s %s %s", f.Subject, f.Verb, f.Another, f.Place),
			fmt.Sprintf("%s %s %s %s", f.Object, f.Verb, f.Subject, f.Place),
			fmt.Sprintf("%s did not %s %s %s", f.Subject, f.Infinitive, f.Object, f.Place),
		} {
			sentences = append(sentences, strings.ToUpper(s[:1])+s[1:]+".")
			if j > 0 {
				pairs = append(pairs, Pair{A: i * each, B: i*each + j, Kind: Kinds()[j-1], Frame: i})
			}
		}
		pairs = append(pairs, Pair{A: i * each, B: (i + 1) % len(frames) * each, Kind: Random, Frame: i})
	}
	return sentences, pairs
}
