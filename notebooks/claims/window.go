package claims

// w1 asks what becomes of sinks in layers that cannot see them for ever.
var w1 = Claim{
	ID:        "W1",
	Model:     Gemma3,
	Statement: "A local layer keeps its sink only as long as ⟨bos⟩ is within its window.",
	Evidence:  "a question of our own to arXiv 2504.02732, whose models see ⟨bos⟩ from every token in every layer.",
}

// W1 judges, on a model trained with ⟨bos⟩ in front, the layers whose queries see the last W tokens
// and no more, in texts of more than W. A head has a sink at a key where the mean attention of the
// queries that see it exceeds ε = 0.3, as everywhere here. For each text the heads followed are those
// that have one at ⟨bos⟩ in the first half of the window, from query W/16 + 1 on, before which even
// attention alone gives ⟨bos⟩ much. That half only selects: all that is judged is of other queries,
// or a head picked for its sink would be credited with it. Of these heads, in % of each text:
//
//  1. in the window's second half more than half still have their sink at ⟨bos⟩. Else distance ends
//     it, and the window has no part in it;
//  2. beyond the window less than half have a sink at any key. Any: a window could as well move the
//     sink as end it. As in sinks.Options a key must be seen by half of the rows that there can be,
//     W/2 here: a head that looks at its own token would else have a sink at the last one;
//  3. as a control, beyond the window more than half of the global layers' heads, chosen by the same
//     queries, have their sink at ⟨bos⟩, which they still see. If they lose it too, the place in the
//     text ends sinks and not the window: mixed.
//
// Half says what most heads do. Where fewer than 5 % of the local layers' heads have a sink in the
// first half, the bound of the other rules, nothing could be kept. It fails if local layers find
// another token to rest on for half a window or longer, or if their sinks are gone before ⟨bos⟩ is.
// Intervals over texts, each of another document.
func W1() Rule {
	return Given(Above(WindowSinks, 5), Specific(
		Every(Above(WindowInView, 50), Below(WindowBeyond, 50)),
		Above(WindowGlobal, 50)))
}

// Figures of W1, in % of heads.
const (
	WindowSinks  = "heads of local layers with a sink at ⟨bos⟩, first half of the window"
	WindowInView = "of these, with a sink at ⟨bos⟩, second half of the window"
	WindowBeyond = "of these, with a sink at any key, beyond the window"
	WindowGlobal = "of those of global layers, with a sink at ⟨bos⟩, beyond the window"
)
