package main

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/gomlx/compute"

	"firsttoken/train/local"
)

// session starts the measured processes and remembers their versions.
type session struct {
	*options
	log      io.Writer
	versions map[string]string
}

// Models that processes load, by the names that pretrained.Load and weights.py take.
const smollm2, gemma3 = "smollm2", "gemma3"

// ours starts a process of this toolkit, with SmolLM2 loaded.
func (s *session) ours() (*process, error) { return s.oursWith(smollm2) }

func (s *session) oursWith(model string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return s.start("this toolkit", onCPU(), self, serveCommand, model)
}

// onCPU is the environment in which this toolkit computes on the CPU, as its peers do, where it
// would take a GPU otherwise.
func onCPU() []string {
	cuda := local.CUDAPlugin()
	if cuda == "" || os.Getenv(compute.ConfigEnvVar) != "" {
		return nil
	}
	return []string{compute.ConfigEnvVar + "=xla:" + local.CPUPlugin()}
}

// peer starts a peer's program on a file or folder.
func (s *session) peer(name, program, path string, args ...string) (*process, error) {
	args = append([]string{filepath.Join(s.code, program), path, strconv.Itoa(runtime.NumCPU())}, args...)
	return s.start(name, nil, filepath.Join(s.peers, "venv", "bin", "python"), args...)
}

func (s *session) llama() (*process, error) { return s.llamaWith("model.gguf") }

func (s *session) llamaWith(weights string) (*process, error) {
	return s.peer("llama.cpp", "llama_peer.py", filepath.Join(s.peers, "weights", weights))
}
func (s *session) torch() (*process, error) {
	return s.peer("PyTorch", "torch_peer.py", filepath.Join(s.peers, "weights"))
}

func (s *session) start(name string, env []string, program string, args ...string) (*process, error) {
	p, err := start(name, env, program, args...)
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

// turns asks each side in turn, a, b, …, a, b, …: once as a warm-up, with the numbers
// computed, and then round by round. It gives the answers of each side, the warm-up's
// first.
func (s *session) turns(sides []side, ids []int32) ([][]answer, error) {
	answers := make([][]answer, len(sides))
	for round := range s.rounds + 1 {
		for i, side := range sides {
			a, err := side.p.ask(request{Do: side.do, IDs: ids, Full: round == 0})
			if err != nil {
				return nil, err
			}
			answers[i] = append(answers[i], a)
		}
	}
	return answers, nil
}

// alternate compares two sides on a text of t tokens: the ratio of their times, and the
// difference of what they compute.
func (s *session) alternate(a, b side, t int) (ratio, difference, error) {
	return s.alternateOn(a, b, text(t))
}

func (s *session) alternateOn(a, b side, ids []int32) (ratio, difference, error) {
	answers, err := s.turns([]side{a, b}, ids)
	if err != nil {
		return ratio{}, difference{}, err
	}
	r, err := pairedRatio(seconds(answers[0]), seconds(answers[1]))
	return r, compare(answers[0][0], answers[1][0]), err
}

// seconds are the times of a side's rounds, its warm-up left out.
func seconds(answers []answer) []float64 {
	var out []float64
	for _, a := range answers[1:] {
		out = append(out, a.Seconds)
	}
	return out
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
