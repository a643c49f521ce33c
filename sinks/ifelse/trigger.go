package ifelse

import (
	"errors"
	"fmt"
)

// Trigger is a pattern that a head may act on: a token of a class, From to To
// positions before the query. Token 1, the sink, never counts as a trigger.
type Trigger struct {
	Class Class `json:"class"`
	From  int   `json:"from"` // smallest lag; 0 is the query's own token
	To    int   `json:"to"`   // largest lag
}

// Previous is the paper's pattern: the token before the query is of the class.
func Previous(c Class) Trigger { return Trigger{c, 1, 1} }

// Within is the pattern that one of the last n tokens before the query is of the class.
func Within(c Class, n int) Trigger { return Trigger{c, 1, n} }

// Itself is the pattern that the query's own token is of the class.
func Itself(c Class) Trigger { return Trigger{c, 0, 0} }

// String says what must be where: "apostrophe just before".
func (x Trigger) String() string { return fmt.Sprintf("%q %s", x.Class.Name, x.Place()) }

// Place says where the token must be: "itself", "just before", "among the last 8",
// or the lags.
func (x Trigger) Place() string {
	switch {
	case x.From == 0 && x.To == 0:
		return "itself"
	case x.From == 1 && x.To == 1:
		return "just before"
	case x.From == 1:
		return fmt.Sprintf("among the last %d", x.To)
	}
	return fmt.Sprintf("%d to %d before", x.From, x.To)
}

// Validate reports a trigger that no document with that window can show.
func (x Trigger) Validate(window int) error {
	if x.Class.Match == nil {
		return fmt.Errorf("ifelse: class %q has no Match", x.Class.Name)
	}
	if x.From < 0 || x.From > x.To {
		return fmt.Errorf("ifelse: trigger %s: lags %d to %d", x, x.From, x.To)
	}
	if x.To > window {
		return fmt.Errorf("ifelse: trigger %s looks %d tokens back, the documents record %d: measure them with a wider window", x, x.To, window)
	}
	return nil
}

// lags has, for each query, bit d set where the token d positions before it is a
// trigger; 0 where the pattern is absent.
func (x Trigger) lags(tokens []string) []uint64 {
	out := make([]uint64, len(tokens))
	for s, token := range tokens {
		if s == 0 || !x.Class.Match(token) {
			continue
		}
		for d := x.From; d <= x.To && s+d < len(tokens); d++ {
			out[s+d] |= 1 << d
		}
	}
	return out
}

// Place is one query that finds the pattern, and the keys that make it, 0-based.
type Place struct {
	Query int   `json:"query"`
	Keys  []int `json:"keys"`
}

// Places lists where the pattern is present, in reading order.
func (x Trigger) Places(tokens []string) []Place {
	var places []Place
	for t, lags := range x.lags(tokens) {
		if lags == 0 {
			continue
		}
		p := Place{Query: t}
		for d := x.To; d >= x.From; d-- {
			if lags>>d&1 == 1 {
				p.Keys = append(p.Keys, t-d)
			}
		}
		places = append(places, p)
	}
	return places
}

// Masses are the mean attention of a head's queries at these places to the sink
// and to the places' keys, whatever tokens are there now.
func (d *Document) Masses(layer, head int, places []Place) (m Masses, err error) {
	if len(places) == 0 {
		return Masses{}, errors.New("ifelse: no places")
	}
	if layer < 0 || layer >= len(d.First) || head < 0 || head >= len(d.First[layer]) {
		return Masses{}, fmt.Errorf("ifelse: no layer %d head %d in the document", layer+1, head+1)
	}
	for _, p := range places {
		if p.Query < 0 || p.Query >= len(d.Tokens) {
			return Masses{}, fmt.Errorf("ifelse: query %d of a document of %d tokens", p.Query+1, len(d.Tokens))
		}
		m.Sink += float64(d.First[layer][head][p.Query])
		for _, s := range p.Keys {
			lag := p.Query - s
			if lag < 0 || lag > d.Window() || s < 0 {
				return Masses{}, fmt.Errorf("ifelse: key %d of query %d: lags 0 to %d are recorded", s+1, p.Query+1, d.Window())
			}
			m.Trigger += float64(d.Recent[layer][head][p.Query][lag])
		}
	}
	m.Sink /= float64(len(places))
	m.Trigger /= float64(len(places))
	return m, nil
}
