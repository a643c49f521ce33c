package main

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// session starts the measured processes and remembers their versions.
type session struct {
	*options
	log      io.Writer
	versions map[string]string
}

// ours starts a process of this toolkit, with the model loaded.
func (s *session) ours() (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return s.start("this toolkit", self, serveCommand)
}

// peer starts a peer's program on its form of the weights.
func (s *session) peer(name, program, weights string) (*process, error) {
	return s.start(name, filepath.Join(s.peers, "venv", "bin", "python"),
		filepath.Join(s.code, program), filepath.Join(s.peers, "weights", weights), strconv.Itoa(runtime.NumCPU()))
}

func (s *session) llama() (*process, error) {
	return s.peer("llama.cpp", "llama_peer.py", "model.gguf")
}
func (s *session) torch() (*process, error) { return s.peer("PyTorch", "torch_peer.py", "") }

func (s *session) start(name, program string, args ...string) (*process, error) {
	p, err := start(name, program, args...)
	if err == nil {
		maps.Copy(s.versions, p.Versions)
	}
	return p, err
}

// side is one of two things compared: what a process is asked to do.
type side struct {
	p  *process
	do string
}

// alternate runs two sides in turns on a text of t tokens: a, b, a, b, …, each once
// before as a warm-up, whose numbers are compared instead of its time.
func (s *session) alternate(a, b side, t int) (ratio, difference, error) {
	ids := text(t)
	var warm [2]answer
	var times [2][]float64
	for round := range s.rounds + 1 {
		for i, side := range []side{a, b} {
			got, err := side.p.ask(request{Do: side.do, IDs: ids, Full: round == 0})
			if err != nil {
				return ratio{}, difference{}, err
			}
			if round == 0 {
				warm[i] = got
			} else {
				times[i] = append(times[i], got.Seconds)
			}
		}
	}
	r, err := pairedRatio(times[0], times[1])
	return r, compare(warm[0], warm[1]), err
}

// text is a fixed text of t random tokens: ⟨bos⟩, then ids spread over SmolLM2's
// vocabulary of 49,152. What the tokens are changes no figure here.
func text(t int) []int32 {
	ids := make([]int32, t)
	for i := range ids {
		ids[i] = int32(i * 7919 % 49152)
	}
	ids[0] = 1
	return ids
}

// peakMiB is the median over fresh processes of their peak resident memory, each
// running once.
func (s *session) peakMiB(begin func() (*process, error), do string, t int) (float64, error) {
	var peaks []float64
	for range s.processes {
		kib, err := peakOf(begin, request{Do: do, IDs: text(t)})
		if err != nil {
			return 0, err
		}
		peaks = append(peaks, float64(kib)/1024)
	}
	return median(peaks), nil
}
