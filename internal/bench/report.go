package main

import (
	"fmt"
	"maps"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// row is one line of the table.
type row struct {
	what   string
	figure string
	target string // "" for none
	met    bool
	diff   difference // between the two sides; the zero value where there is one side
}

// difference says how far apart the numbers of two sides are, so that nobody takes a
// faster but different computation for a faster one.
type difference struct {
	values, mass float64 // max |Δ| of the last logits, or of losses, and of the heads' mean attention to token 1
	known, both  bool    // whether there is a difference, and whether mass is part of it
}

func compare(a, b answer) difference {
	d := difference{known: true, values: maxDiff(a.Logits, b.Logits)}
	if a.FirstMass != nil && b.FirstMass != nil {
		d.both = true
		d.mass = maxDiff(slices.Concat(a.FirstMass...), slices.Concat(b.FirstMass...))
	}
	return d
}

// tolerance bounds the difference that rounding in float32 explains.
const tolerance = 0.01

func (d difference) String() string {
	if !d.known {
		return ""
	}
	text := fmt.Sprintf("%.1e", d.values)
	if d.both {
		text += fmt.Sprintf("; attention %.1e", d.mass)
	}
	if d.values > tolerance || d.mass > tolerance {
		text += ": NOT the same computation"
	}
	return text
}

// report is what is printed and written.
type report struct {
	command  string
	machine  string
	versions map[string]string
	rows     []row
}

const heading = `# Benchmarks

SmolLM2-135M-Instruct, weights dequantised from its Q4_1 GGUF file to float32, one text
of T tokens, computed in float32 if not said otherwise. Ratios are A/B of two sides that
take turns (A B A B …) after a warm-up: the median over rounds, and the range. Memory is
the peak resident memory of a whole fresh process, loading included, that runs once.

`

const notes = `
The largest Δ is that of the logits after the last token between the two sides, and with
PyTorch also that of each head's mean attention to token 1.

- *Plain*: a forward pass that gives the loss and the top-1 token of every position and
  the logits of the last. *Metrics*: the same and every metric of sinks/ondevice, read on
  the host, as sinks/probe does.
- *Loading*: weights and vocabulary from the GGUF file, in a fresh process whose backend
  is open, the file in the system's cache.
- *llama.cpp*: one llama_decode of the whole prompt. Weights are float32; its defaults are
  kept, which are faster than float32 throughout: keys, values and attention in half
  precision. For "logits of all positions" it leaves them in its buffer, and this toolkit
  also reduces them to loss and top-1. It is the build that PyPI has (see the instruction
  sets under versions); one compiled for a machine's own may be faster.
- *Through a cache*: train/transformer's cache that keeps every token, so that nothing has to
  be chosen. For one token XLA's CPU backend runs some thirty small kernels a layer, one after
  the other, beside reading the weights. llama.cpp gives other logits for a token that it
  reads alone than in a prompt, with keys and values in float32 too. The whole text at once
  shows what the cache alone costs.
- *The command stream*: weights and entries are held all the time, the rest of the peak is
  compiling, reading files and computing. After compiling it gives back pages of XLA's code,
  which stay among the system's cached files and are no longer counted.
- *PyTorch*: transformers with eager attention and output_attentions=True, from whose
  matrices each head's mean attention to token 1 is taken; logits of all positions. This
  toolkit computes every metric.
- *Training*: the loop, the feed and the compiled step of train.Run, without monitoring and
  checkpoints, against a plain Llama in PyTorch (fused attention and optimiser; eager and
  under torch.compile) and in JAX with optax, one jitted update; the same initial weights
  and batches. Δ is that of the losses. How XLA's kernels stand against PyTorch's depends on
  the processor.
- *Share of the peak*: operations by the model's own count (6 N + 12 L H Dh T a token for an
  update, a third of that for a pass) a second, against one large float32 product by XLA or
  by PyTorch, whichever is faster in the same round.
`

// String is the report as Markdown, its table aligned for a terminal too.
func (r report) String() string {
	var b strings.Builder
	b.WriteString(heading)
	cells := [][]string{{"what", "figure", "target", "met", "largest Δ"}}
	for _, row := range r.rows {
		met := ""
		switch {
		case row.target == "":
		case row.met:
			met = "yes"
		default:
			met = "no"
		}
		cells = append(cells, []string{row.what, row.figure, row.target, met, row.diff.String()})
	}
	writeTable(&b, cells)
	b.WriteString(notes)
	fmt.Fprintf(&b, "\nCommand: `%s`  \nMachine: %s  \n", r.command, r.machine)
	for i, name := range slices.Sorted(maps.Keys(r.versions)) {
		if i == 0 {
			b.WriteString("Versions: ")
		} else {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s %s", name, r.versions[name])
	}
	b.WriteString("\n")
	return b.String()
}

// writeTable writes a Markdown table, its first row the heading, padded to columns.
func writeTable(b *strings.Builder, cells [][]string) {
	widths := make([]int, len(cells[0]))
	for _, line := range cells {
		for i := range line {
			line[i] = strings.ReplaceAll(strings.ReplaceAll(line[i], "|", `\|`), "\n", " ")
			widths[i] = max(widths[i], utf8.RuneCountInString(line[i]))
		}
	}
	for i, line := range cells {
		for j, cell := range line {
			fmt.Fprintf(b, "| %s%s ", cell, strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell)))
		}
		b.WriteString("|\n")
		if i == 0 {
			for _, w := range widths {
				b.WriteString("| " + strings.Repeat("-", w) + " ")
			}
			b.WriteString("|\n")
		}
	}
}

// describeMachine names the processor, its cores, the memory, and what else was
// running when the measurements began.
func describeMachine() string {
	m := fmt.Sprintf("%s/%s, %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if name := procLine("/proc/cpuinfo", "model name"); name != "" {
		m = name + ", " + m
	}
	kib := 0
	if _, err := fmt.Sscanf(procLine("/proc/meminfo", "MemTotal"), "%d kB", &kib); err == nil {
		m += fmt.Sprintf(", %.0f GiB of memory", math.Round(float64(kib)/(1<<20)))
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		m += ", load average at the start " + strings.Fields(string(load))[0]
	}
	return m + ", " + time.Now().Format(time.DateOnly)
}

// procLine is the value of the first line "name : value" of a file; "" without one.
func procLine(path, name string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
