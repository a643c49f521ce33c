package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// benchmark gives one or more rows of the table.
type benchmark struct {
	name, title string
	measure     func(*session) ([]row, error)
}

// benchmarks in the table's order.
var benchmarks = []benchmark{
	{"metrics", "metrics against plain", measureMetrics},
	{"memory", "memory of the metrics", measureMemory},
	{"load", "loading from GGUF", measureLoad},
	{"llama", "plain against llama.cpp", measureLlama},
	{"decode", "a cache against plain and llama.cpp", measureDecode},
	{"stream", "a bounded cache, many tokens against few", measureStream},
	{"gemma", "Gemma 3 270M", measureGemma},
	{"torch", "metrics against PyTorch", measureTorch},
	{"training", "training against PyTorch and JAX", measureTraining},
	{"peak", "share of the machine's own peak", measurePeak},
	{"gpu", "utilisation of a GPU", measureGPU},
}

// The targets.
const (
	metricsRatio     = 1.2
	memoryLimitMiB   = 8 * 1024
	loadSeconds      = 1.5
	torchMemoryRatio = 1.0 / 5
)

// measureMetrics runs both sides in one process.
func measureMetrics(s *session) ([]row, error) {
	p, err := s.ours()
	if err != nil {
		return nil, err
	}
	defer p.close()
	r, d, err := s.alternate(side{p, metrics}, side{p, plain}, s.short)
	if err != nil {
		return nil, err
	}
	return []row{{
		what:   fmt.Sprintf("time of metrics / plain, T = %d, one process", s.short),
		figure: r.String(), target: "≤ 1.2×", met: r.median <= metricsRatio, diff: d,
	}}, nil
}

func measureMemory(s *session) ([]row, error) {
	var with, extra []float64
	var parts []string
	for _, t := range s.memory {
		a, err := s.peakMiB(s.ours, plain, t)
		if err != nil {
			return nil, err
		}
		b, err := s.peakMiB(s.ours, metrics, t)
		if err != nil {
			return nil, err
		}
		with, extra = append(with, b), append(extra, b-a)
		parts = append(parts, fmt.Sprintf("T = %d: %.0f + %.0f MiB", t, a, b-a))
	}
	var kib []string
	for _, g := range perToken(s.memory, extra) {
		kib = append(kib, fmt.Sprintf("%.0f", g*1024))
	}
	n := len(s.memory) - 1
	return []row{
		{
			what:   "memory of plain + what metrics add",
			figure: strings.Join(parts, "; ") + "; added per token, from each T to the next: " + strings.Join(kib, ", ") + " KiB",
			target: "added: linear in T", met: linear(s.memory, extra),
		},
		{
			what:   fmt.Sprintf("memory with metrics, T = %d", s.memory[n]),
			figure: fmt.Sprintf("%.0f MiB", with[n]), target: "≤ 8 GiB", met: with[n] <= memoryLimitMiB,
		},
	}, nil
}

func measureLoad(s *session) ([]row, error) {
	var seconds []float64
	for range s.rounds {
		p, err := s.ours()
		if err != nil {
			return nil, err
		}
		p.close()
		seconds = append(seconds, p.LoadSeconds)
	}
	m := median(seconds)
	return []row{{
		what: "loading from GGUF",
		figure: fmt.Sprintf("%.2f s (%.2f–%.2f in %d processes)",
			m, slices.Min(seconds), slices.Max(seconds), len(seconds)),
		target: "≤ 1.5 s", met: m <= loadSeconds,
	}}, nil
}

func measureLlama(s *session) ([]row, error) {
	a, err := s.ours()
	if err != nil {
		return nil, err
	}
	defer a.close()
	b, err := s.llama()
	if err != nil {
		return nil, err
	}
	defer b.close()
	var rows []row
	for _, c := range []struct{ what, ours, theirs string }{
		{"logits of all positions", plain, "all"},
		{"logits of the last position", last, "last"},
	} {
		r, d, err := s.alternate(side{a, c.ours}, side{b, c.theirs}, s.short)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{
			what:   fmt.Sprintf("time of plain / llama.cpp, T = %d, %s", s.short, c.what),
			figure: r.String(), target: "≤ 1×", met: r.median <= 1, diff: d,
		})
	}
	return rows, nil
}

func measureTorch(s *session) ([]row, error) {
	rows, err := torchTimes(s)
	if err != nil {
		return nil, err
	}
	a, err := s.peakMiB(s.ours, metrics, s.long)
	if err != nil {
		return nil, err
	}
	b, err := s.peakMiB(s.torch, "attend", s.long)
	if err != nil {
		return nil, err
	}
	return append(rows, row{
		what:   fmt.Sprintf("memory of metrics / PyTorch, T = %d", s.long),
		figure: fmt.Sprintf("%.2f×, %.0f MiB against %.0f MiB", a/b, a, b),
		target: "≤ 1/5", met: a/b <= torchMemoryRatio,
	}), nil
}

func torchTimes(s *session) ([]row, error) {
	a, err := s.ours()
	if err != nil {
		return nil, err
	}
	defer a.close()
	b, err := s.torch()
	if err != nil {
		return nil, err
	}
	defer b.close()
	var rows []row
	for _, t := range []int{s.short, s.long} {
		r, d, err := s.alternate(side{a, metrics}, side{b, "attend"}, t)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{
			what:   fmt.Sprintf("time of metrics / PyTorch, T = %d", t),
			figure: r.String(), target: "< 1×", met: r.median < 1, diff: d,
		})
	}
	return rows, nil
}

// peakOf runs one request in a process of its own and gives its peak memory, KiB.
func peakOf(begin func() (*process, error), r request) (int, error) {
	p, err := begin()
	if err != nil {
		return 0, err
	}
	defer p.close()
	a, err := p.ask(r)
	if err == nil && a.PeakKiB == 0 {
		err = errors.New("this system does not tell a process's peak memory in /proc")
	}
	return a.PeakKiB, err
}
