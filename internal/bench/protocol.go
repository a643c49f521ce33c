package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// hello is the first line of a measured process, once its model is loaded.
type hello struct {
	Versions    map[string]string `json:"versions"`
	LoadSeconds float64           `json:"load_seconds"`

	// Of training only; see train.DevicePeak.
	GPU  string  `json:"gpu"`
	Peak float64 `json:"peak"`
}

// request asks a measured process to run its model once.
type request struct {
	Do   string  `json:"do"`
	IDs  []int32 `json:"ids"`
	Full bool    `json:"full"` // with the numbers computed, not only the time
}

// answer is what a measured process says to a request.
type answer struct {
	Seconds   float64     `json:"seconds"`    // of the measured call
	HeldBytes int64       `json:"held_bytes"` // of weights and entries, of a bounded cache only
	PeakKiB   int         `json:"peak_kib"`   // most resident memory of the process so far; 0: unknown
	Logits    []float32   `json:"logits"`     // [V] after the last token
	FirstMass [][]float32 `json:"first_mass"` // [L][H] mean attention to the first token
	FLOPs     float64     `json:"flops"`      // that the call takes by the model's count; 0: unknown

	// Of training only.
	ProcessorSeconds float64   `json:"processor_seconds"` // of all threads during the measured call
	Losses           []float64 `json:"losses"`            // of each update, nats
}

// process is a measured process: requests go to its standard input, answers come
// from its standard output, one JSON object a line.
type process struct {
	hello
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader

	folder string // of its own, removed when it is closed; "" for none
}

// start runs a program and waits until it has loaded its model. What it writes to
// standard error is kept in a file and shown if it ends.
func start(name string, env []string, program string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(program, args...)}
	p.cmd.Env = append(os.Environ(), env...)
	messages, err := os.CreateTemp("", "bench-*.log")
	if err != nil {
		return nil, err
	}
	defer os.Remove(messages.Name())
	p.cmd.Stderr = messages
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w; `make bench` sets it up", name, err)
	}
	if err := p.read(&p.hello); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// ask sends one request and waits for its answer.
func (p *process) ask(r request) (answer, error) {
	// Threads of the side that ran before may spin for a while.
	time.Sleep(settle)
	line, err := json.Marshal(r)
	if err != nil {
		return answer{}, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return answer{}, fmt.Errorf("%s: %w", p.name, err)
	}
	var a answer
	return a, p.read(&a)
}

const settle = 300 * time.Millisecond

func (p *process) read(to any) error {
	line, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, to)
	}
	if err != nil {
		return fmt.Errorf("%s: %w%s", p.name, err, p.lastWords())
	}
	return nil
}

// lastWords is the last line that a process wrote to standard error.
func (p *process) lastWords() string {
	f, ok := p.cmd.Stderr.(*os.File)
	if !ok {
		return ""
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return ""
	}
	last := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text := lines.Text(); text != "" {
			last = "; its last message: " + text
		}
	}
	return last
}

// close ends the process by ending its input.
func (p *process) close() {
	p.in.Close()
	_ = p.cmd.Wait() // it has given all its answers
	if f, ok := p.cmd.Stderr.(*os.File); ok {
		f.Close()
	}
	if p.folder != "" {
		_ = os.RemoveAll(p.folder)
	}
}
