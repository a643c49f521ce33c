package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks/eviction"
	"firsttoken/train/transformer"
)

// bounded is what this toolkit's process can be asked to do with a cache that forgets.
const bounded = "bounded" // the text in blocks through StreamingLLM's cache; the last blocks are timed

// boundedEntries is N of such a cache, and boundedTimed how many blocks at the end are timed: their
// median stands for each.
const boundedEntries, boundedTimed = 512, 16

// boundedSpare is what reading may take beside weights and entries, in MiB.
const boundedSpare = 200

// measureStream asks whether a token costs the same after many as after few.
func measureStream(s *session) ([]row, error) {
	p, err := s.ours()
	if err != nil {
		return nil, err
	}
	defer p.close()
	ask := func(t int) (answer, error) { return p.ask(request{Do: bounded, IDs: text(t)}) }
	few, many := s.stream[0], s.stream[1]
	var before []float64
	var first answer
	for range s.rounds {
		if first, err = ask(few); err != nil {
			return nil, err
		}
		before = append(before, first.Seconds)
	}
	after, err := ask(many)
	if err != nil {
		return nil, err
	}
	ratio := after.Seconds / median(before)
	grown := float64(after.PeakKiB) / float64(first.PeakKiB)
	what := fmt.Sprintf("token %d / token %d, cache of %d entries, blocks of %d", many, few, boundedEntries, shortBlock)
	spare, err := s.spareMiB(few, first.HeldBytes)
	if err != nil {
		return nil, err
	}
	per := func(seconds float64) float64 { return 1e3 * seconds / shortBlock }
	return []row{{
		what: "time of " + what, figure: fmt.Sprintf("%.2f×, %.2f ms against %.2f ms", ratio, per(after.Seconds), per(median(before))),
		target: "0.9–1.1×", met: ratio >= 0.9 && ratio <= 1.1,
	}, {
		what: "memory of " + what, figure: fmt.Sprintf("%.2f×, %d MiB against %d MiB at their peaks", grown, after.PeakKiB/1024, first.PeakKiB/1024),
		target: "≤ 1.1×", met: grown <= 1.1,
	}, {
		what:   fmt.Sprintf("memory of the command stream, %d tokens, beside weights and %d entries a head", few, boundedEntries),
		figure: fmt.Sprintf("%.0f MiB of %.0f at its peak", spare, spare+mib(first.HeldBytes)),
		target: fmt.Sprintf("≤ %d MiB", boundedSpare), met: spare <= boundedSpare,
	}}, nil
}

// spareMiB is what sinks/cmd/stream takes at its peak beside what it holds all the time, the most of
// a few processes.
func (s *session) spareMiB(t int, held int64) (most float64, err error) {
	ids, err := json.Marshal(text(t))
	if err != nil {
		return 0, err
	}
	for range s.processes {
		cmd := exec.Command("go", "run", "./sinks/cmd/stream", "-ids", "-", "-policy", "streaming", "-mode", "shifted",
			"-cache", strconv.Itoa(boundedEntries), "-block", strconv.Itoa(shortBlock), "-json")
		cmd.Dir, cmd.Env, cmd.Stdin = filepath.Dir(filepath.Dir(s.code)), append(cmd.Environ(), onCPU()...), bytes.NewReader(ids)
		cmd.Stderr = s.log
		out, err := cmd.Output()
		if err != nil {
			return 0, fmt.Errorf("sinks/cmd/stream: %w", err)
		}
		var read struct {
			PeakBytes int64 `json:"peak_bytes"`
		}
		if err := json.Unmarshal(out, &read); err != nil {
			return 0, fmt.Errorf("sinks/cmd/stream: %w", err)
		}
		if read.PeakBytes < held { // Go's share alone
			return 0, errors.New("sinks/cmd/stream: the system does not say what it took")
		}
		most = max(most, mib(read.PeakBytes-held))
	}
	return most, nil
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// held is what weights and entries take, of which the layer that a block passes has more.
func held(m *transformer.Model) (bytes int64) {
	c := &m.Config
	m.Params().Each(c, func(_ string, slot **tensors.Tensor, _ []int) { bytes += int64((*slot).ByteSize()) })
	return bytes + int64(boundedEntries*c.Layers+shortBlock)*int64(c.KVHeads*c.HeadDim*2*4)
}

// throughBounded reads a text through a bounded cache, with positions of the cache. Seconds are
// those of a block.
func throughBounded(m *transformer.Model, r request) (answer, error) {
	c, err := transformer.NewCache(m, transformer.CacheOptions{Entries: boundedEntries, Block: shortBlock, Keep: eviction.Of(eviction.Streaming{Sinks: 4}), Shifted: true})
	if err != nil {
		return answer{}, err
	}
	defer c.Close()
	var timed []float64
	for at := 0; at+shortBlock <= len(r.IDs); at += shortBlock {
		started := time.Now()
		if _, err := c.Feed(r.IDs[at:at+shortBlock], nil, true); err != nil {
			return answer{}, err
		}
		if len(r.IDs)-at <= (boundedTimed+1)*shortBlock {
			timed = append(timed, time.Since(started).Seconds())
		}
	}
	return answer{Seconds: median(timed), HeldBytes: held(m)}, nil
}
