package main

import (
	"fmt"
	"time"

	"firsttoken/sinks/eviction"
	"firsttoken/train/transformer"
)

// What this toolkit's process can be asked to do with a cache.
const (
	decode  = "decode"  // the last tokens one by one, the others read before; logits of each
	whole   = "whole"   // the text at once through a cache that keeps it; logits of the last
	prefill = "prefill" // the same in blocks
	short   = "short"   // the same in shorter blocks
	half    = "half"    // llama.cpp's decode with keys and values in half precision
)

// decoded is how many tokens are decoded one by one. Of the others prefillBlock are fed at once, as
// many as a plain pass works on at a time, or shortBlock, as in notebook 12.
const decoded, prefillBlock, shortBlock = 32, 256, 64

// measureDecode compares one token at a time with llama.cpp, and blocks with a plain pass.
func measureDecode(s *session) ([]row, error) {
	a, err := s.ours()
	if err != nil {
		return nil, err
	}
	defer a.close()
	var rows []row
	for _, way := range []struct {
		do    string
		block int
	}{{whole, s.short}, {prefill, prefillBlock}, {short, shortBlock}} {
		r, d, err := s.alternate(side{a, way.do}, side{a, last}, s.short)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{
			what:   fmt.Sprintf("time of reading T = %d through a cache, %d tokens at once / plain", s.short, way.block),
			figure: r.String(), target: "≤ 1.11×", met: r.median <= 1/0.9, diff: d,
		})
	}
	b, err := s.llama()
	if err != nil {
		return append(rows, row{what: "time of decoding against llama.cpp", figure: "not measured: " + err.Error()}), nil
	}
	defer b.close()
	what := "time of decoding %d tokens one by one / llama.cpp, %d tokens in the cache, %s"
	r, d, err := s.alternate(side{a, decode}, side{b, decode}, s.short+decoded)
	if err != nil {
		return nil, err
	}
	rows = append(rows, row{
		what:   fmt.Sprintf(what, decoded, s.short, "float32 in both"),
		figure: r.String(), target: "≤ 1×", met: r.median <= 1, diff: d,
	})
	if r, d, err = s.alternate(side{a, decode}, side{b, half}, s.short+decoded); err != nil {
		return nil, err
	}
	rows = append(rows, row{what: fmt.Sprintf(what, decoded, s.short, "llama.cpp's in half precision"), figure: r.String(), diff: d})
	for _, p := range []*process{a, b} {
		d, err := p.decodingAgainstPlain(text(s.short + decoded))
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{what: "decoding against a plain pass of the same, " + p.name, diff: d})
	}
	return rows, nil
}

// decodingAgainstPlain is how far the last logits of tokens that were read one by one are from those
// of a plain pass, by the same process: what its two ways of computing differ by.
func (p *process) decodingAgainstPlain(ids []int32) (difference, error) {
	var answers [2]answer
	for i, do := range []string{decode, last} {
		var err error
		if answers[i], err = p.ask(request{Do: do, IDs: ids, Full: true}); err != nil {
			return difference{}, err
		}
	}
	return compare(answers[0], answers[1]), nil
}

// throughCache reads a text through a cache that keeps all of it. Of decode, only the tokens that
// are read one by one are timed.
func throughCache(m *transformer.Model, r request) (answer, error) {
	block, single := prefillBlock, 0
	switch r.Do {
	case whole:
		block = len(r.IDs)
	case short:
		block = shortBlock
	case decode:
		single = decoded
	}
	c, err := transformer.NewCache(m, transformer.CacheOptions{Entries: len(r.IDs), Block: block, Keep: eviction.Of(eviction.Window{})})
	if err != nil {
		return answer{}, err
	}
	defer c.Close()
	var fed *transformer.Feed
	feed := func(from, to, step int) error {
		for at := from; at < to && err == nil; at += step {
			end := min(at+step, to)
			fed, err = c.Feed(r.IDs[at:end], nil, end == to || step == 1)
		}
		return err
	}
	started := time.Now()
	if err := feed(0, len(r.IDs)-single, block); err != nil {
		return answer{}, err
	}
	if single > 0 {
		started = time.Now()
		if err := feed(len(r.IDs)-single, len(r.IDs), 1); err != nil {
			return answer{}, err
		}
	}
	return answer{Seconds: time.Since(started).Seconds(), Logits: fed.Logits}, nil
}
