package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

// Targets of Gemma 3 270M (`make gemma`), which has four times SmolLM2's vocabulary.
const (
	gemmaLoadSeconds = 3
	gemmaMemoryMiB   = 3 * 1024
)

// gemmaText is a fixed text of t tokens behind Gemma's ⟨bos⟩: without it the model amplifies
// rounding, and no two programs would agree.
func gemmaText(t int) []int32 {
	ids := text(t)
	ids[0] = 2
	return ids
}

// measureGemma repeats for Gemma what other rows ask of SmolLM2.
func measureGemma(s *session) ([]row, error) {
	begin := func() (*process, error) { return s.oursWith(gemma3) }
	var loads []float64
	for range s.rounds {
		p, err := begin()
		if err != nil {
			return nil, fmt.Errorf("%w (`make gemma` fetches the weights)", err)
		}
		p.close()
		loads = append(loads, p.LoadSeconds)
	}
	load := median(loads)
	rows := []row{{
		what:   "Gemma 3: loading from GGUF",
		figure: fmt.Sprintf("%.2f s (%.2f–%.2f in %d processes)", load, slices.Min(loads), slices.Max(loads), len(loads)),
		target: "≤ 3 s", met: load <= gemmaLoadSeconds,
	}}

	a, err := begin()
	if err != nil {
		return nil, err
	}
	defer a.close()
	ids := gemmaText(s.short)
	r, d, err := s.alternateOn(side{a, metrics}, side{a, plain}, ids)
	if err != nil {
		return nil, err
	}
	rows = append(rows, row{
		what:   fmt.Sprintf("Gemma 3: time of metrics / plain, T = %d", s.short),
		figure: r.String(), target: "≤ 1.2×", met: r.median <= metricsRatio, diff: d,
	})
	kib, err := peakOf(begin, request{Do: metrics, IDs: ids})
	if err != nil {
		return nil, err
	}
	rows = append(rows, row{
		what:   fmt.Sprintf("Gemma 3: memory with metrics, T = %d", s.short),
		figure: fmt.Sprintf("%d MiB", kib/1024), target: "≤ 3 GiB", met: kib/1024 <= gemmaMemoryMiB,
	})
	against, err := gemmaLlama(s, a, ids)
	if err != nil {
		against = []row{{what: "Gemma 3: plain against llama.cpp", figure: "not measured: " + err.Error()}}
	}
	return append(rows, against...), nil
}

// gemmaLlama compares with llama.cpp on the same float32 weights.
func gemmaLlama(s *session, a *process, ids []int32) ([]row, error) {
	weights := filepath.Join("gemma3", "model.gguf")
	b, err := s.llamaWith(weights)
	if err != nil {
		return nil, errors.Join(err, errors.New("its float32 weights are written by `make bench` once `make gemma` was run"))
	}
	defer b.close()
	var rows []row
	for _, c := range []struct{ what, ours, theirs string }{
		{"logits of all positions", plain, "all"}, {"logits of the last position", last, "last"},
	} {
		r, d, err := s.alternateOn(side{a, c.ours}, side{b, c.theirs}, ids)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{
			what:   fmt.Sprintf("Gemma 3: time of plain / llama.cpp, T = %d, %s", s.short, c.what),
			figure: r.String(), target: "≤ 1×", met: r.median <= 1, diff: d,
		})
	}
	return rows, nil
}
