package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"firsttoken/sinks/probe"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/transformer"
)

// serveCommand makes the program a measured process.
const serveCommand = "serve"

// What this toolkit's process can be asked to do. Each runs a model on one text.
const (
	plain   = "plain"   // loss and top-1 of every position, logits of the last
	last    = "last"    // logits of the last position
	metrics = "metrics" // plain, and every metric, read on the host
)

// serve loads the model and answers requests until its input ends.
func serve(model string, in io.Reader, out io.Writer) error {
	b, _, err := backend.Open()
	if err != nil {
		return err
	}
	started := time.Now()
	m, err := pretrained.Load(b, model, pretrained.Options{})
	if err != nil {
		return err
	}
	defer m.Close()
	multiply := &multiplier{backend: b}
	return respond(in, out, hello{Versions: ownVersions(b.Description()), LoadSeconds: time.Since(started).Seconds()},
		func(r request) (answer, error) {
			if r.Do == product {
				return multiply.product()
			}
			return perform(m.Model, r)
		})
}

// respond greets and then answers requests until its input ends.
func respond(in io.Reader, out io.Writer, greeting hello, perform func(request) (answer, error)) error {
	answers := json.NewEncoder(out)
	if err := answers.Encode(greeting); err != nil {
		return err
	}
	requests := json.NewDecoder(bufio.NewReader(in))
	for {
		var r request
		if err := requests.Decode(&r); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("request: %w", err)
		}
		a, err := perform(r)
		if err != nil {
			return err
		}
		a.PeakKiB = peakKiB()
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

func perform(m *transformer.Model, r request) (answer, error) {
	var a answer
	started := time.Now()
	switch r.Do {
	case plain, last:
		out, err := m.Forward(transformer.One(r.IDs), transformer.Pass{Predict: r.Do == plain, Last: true})
		if err != nil {
			return answer{}, err
		}
		a.Seconds, a.Logits = time.Since(started).Seconds(), out.LogitsLast[0]
		if r.Do == plain {
			a.FLOPs = m.Config.FLOPsPerToken(len(r.IDs)) / 3 * float64(len(r.IDs)) // forward is a third
		}
	case bounded:
		var err error
		if a, err = throughBounded(m, r); err != nil {
			return answer{}, err
		}
	case decode, prefill, short, whole:
		var err error
		if a, err = throughCache(m, r); err != nil {
			return answer{}, err
		}
	case metrics:
		traces, err := probe.Run(m, [][]int32{r.IDs}, probe.Options{})
		if err != nil {
			return answer{}, err
		}
		a.Seconds, a.Logits = time.Since(started).Seconds(), traces[0].LogitsLast
		a.FirstMass = headMeans(traces[0].FirstMass)
	default:
		return answer{}, fmt.Errorf("request %q is unknown", r.Do)
	}
	if !r.Full {
		a.Logits, a.FirstMass = nil, nil
	}
	return a, nil
}

// headMeans is the mean over queries of x [L][H][T].
func headMeans(x [][][]float32) [][]float32 {
	out := make([][]float32, len(x))
	for l, heads := range x {
		for _, row := range heads {
			sum := 0.0
			for _, v := range row {
				sum += float64(v)
			}
			out[l] = append(out[l], float32(sum/float64(len(row))))
		}
	}
	return out
}

// peakKiB is the most memory this process has had resident, or 0 where the system
// has no /proc to say so.
func peakKiB() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	kib := 0
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			break
		}
	}
	return kib
}

// ownVersions names what this program was built from, and its backend.
func ownVersions(backend string) map[string]string {
	versions := map[string]string{"Go": strings.TrimPrefix(runtime.Version(), "go"), "backend": backend}
	if root, err := local.Root(); err == nil { // where the checkout lies says nothing
		versions["backend"] = strings.ReplaceAll(backend, root+"/", "")
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versions
	}
	for _, d := range info.Deps {
		switch d.Path {
		case "github.com/gomlx/gomlx", "github.com/gomlx/go-xla":
			versions[path.Base(d.Path)] = strings.TrimPrefix(d.Version, "v")
		}
	}
	return versions
}
