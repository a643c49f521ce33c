package ifelse_test

import (
	"fmt"

	"firsttoken/sinks/ifelse"
	"firsttoken/sinks/stats"
)

// text is a document of one head that gives 0.9 to the previous token where that
// is an apostrophe, and 0.8 to token 1 where it is not.
func text(tokens ...string) ifelse.Document {
	T := len(tokens)
	row := func() [][][]float32 { return [][][]float32{{make([]float32, T)}} }
	d := ifelse.Document{Tokens: tokens, First: row(), Max: row(), Write: row()}
	pattern := make([][]float32, T)
	for t := range T {
		pattern[t] = make([]float32, T)
		switch {
		case t == 0:
			pattern[t][0] = 1
		case t > 1 && tokens[t-1] == "'":
			pattern[t][0], pattern[t][t-1], pattern[t][t] = 0.05, 0.9, 0.05
			d.Write[0][0][t] = 3
		default:
			pattern[t][0], pattern[t][t] = 0.8, 0.2
			d.Write[0][0][t] = 1
		}
		d.First[0][0][t] = pattern[t][0]
		for _, a := range pattern[t] {
			d.Max[0][0][t] = max(d.Max[0][0][t], a)
		}
	}
	d.Recent = [][][][]float32{{ifelse.Diagonals(pattern, 4)}}
	return d
}

func Example() {
	docs := []ifelse.Document{
		text("It", "'", "s", " what", " it", "'", "s", " for", "."),
		text("We", " don", "'", "t", " know", ",", " do", " we", "?"),
	}
	var triggers []ifelse.Trigger
	for _, class := range ifelse.Classes() {
		triggers = append(triggers, ifelse.Previous(class), ifelse.Within(class, 4))
	}
	found, err := ifelse.Search(docs, triggers, ifelse.Options{Queries: 3, Documents: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	best := found[0]
	r := best.Response
	fmt.Println(best)
	fmt.Printf("%d queries with, %d without\n", r.Present, r.Absent)
	fmt.Printf("sink: %.2f without, %.2f with; apostrophe: %.2f, other tokens there: %.2f\n", r.SinkAbsent, r.SinkPresent, r.Trigger, r.Baseline)
	fmt.Printf("score: %.2f\n", r.Score())
	// Output:
	// layer 1, head 1: "apostrophe" just before
	// 3 queries with, 13 without
	// sink: 0.80 without, 0.05 with; apostrophe: 0.90, other tokens there: 0.00
	// score: 0.75
}

func ExampleEstimate() {
	docs := []ifelse.Document{
		text("It", "'", "s", " what", " it", "'", "s", " for", "."),
		text("We", " don", "'", "t", " know", ",", " do", " we", "?"),
	}
	apostrophe := ifelse.Previous(ifelse.Only("'"))
	moved, err := ifelse.Estimate(docs, 0, 0, apostrophe, ifelse.Response.Moved, stats.Options{Seed: 1})
	fmt.Println(moved, err)
	// Output:
	// 0.75 (n=2) <nil>
}

func ExampleTrigger_Swaps() {
	tokens := []string{"I", " don", "'", "t", " know", " what", " you", " mean"}
	x := ifelse.Previous(ifelse.Classes()[0])
	s := x.Swaps(tokens, 1)
	fmt.Println("remove", tokens[s.Remove[0]], "control", tokens[s.Control[0]], "insert at", len(s.Insert), "place")
	fmt.Println("queries with an apostrophe before them:", x.Places(tokens))
	// Output:
	// remove ' control  don insert at 1 place
	// queries with an apostrophe before them: [{3 [2]}]
}
