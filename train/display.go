package train

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"firsttoken/train/local"
)

// Progress is how a run shows itself.
type Progress string

const (
	// ProgressAuto is a bar in a terminal and in a notebook, and lines elsewhere.
	ProgressAuto Progress = ""
	// ProgressBar is a progress bar on standard output. In a notebook that someone
	// watches, a plot of losses and sink rates follows the run.
	ProgressBar Progress = "bar"
	// ProgressLines is a line every few seconds, on standard error.
	ProgressLines Progress = "lines"
	ProgressNone  Progress = "none"
)

// Validate names a progress that does not exist.
func (p Progress) Validate() error {
	switch p {
	case ProgressAuto, ProgressBar, ProgressLines, ProgressNone:
		return nil
	}
	return fmt.Errorf("progress %q: must be %s, %s, %s or empty", p, ProgressBar, ProgressLines, ProgressNone)
}

// How often progress is shown.
const (
	linePeriod = 5 * time.Second
	barPeriod  = time.Second / 5
)

// display shows a session. All of it runs in the loop's goroutine, between updates: GoMLX's own bar
// for terminals draws in another, which would read what the loop writes.
type display struct {
	s     *session
	lines io.Writer                // nil for none
	bar   *progressbar.ProgressBar // nil for none
	shown time.Time                // when the last line was written, or the bar drawn
	plot  *livePlot                // nil for none

	// The step and the seconds after this process's first update, which includes
	// compilation; speed is counted from there.
	step0    int
	seconds0 float64

	peak float64 // FLOP/s of the devices together; 0: not known, or not in bfloat16
}

func newDisplay(s *session, p Progress, devices int) (*display, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	d := &display{s: s, shown: time.Now()}
	if s.c.Model.Compute == "bfloat16" {
		peak, _ := DevicePeak(s.backend)
		d.peak = float64(devices) * peak
	}
	if p == ProgressAuto {
		p = ProgressLines
		if gonbui.IsNotebook || term.IsTerminal(int(os.Stdout.Fd())) {
			p = ProgressBar
		}
	}
	switch p {
	case ProgressBar:
		if gonbui.IsNotebook && !local.Headless() {
			var err error
			if d.plot, err = newLivePlot(s.run); err != nil {
				return nil, err
			}
		}
		d.bar = progressbar.NewOptions(s.c.Steps(), progressbar.OptionSetWriter(os.Stdout), progressbar.OptionSetTheme(progressbar.ThemeASCII),
			progressbar.OptionSetWidth(20), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false), progressbar.OptionShowDescriptionAtLineEnd())
	case ProgressLines:
		d.lines = os.Stderr
	}
	return d, nil
}

// updated is told of each update.
func (d *display) updated(loss float64) {
	if d.step0 == 0 {
		d.step0, d.seconds0 = d.s.step, d.s.seconds
	}
	switch since := time.Since(d.shown); {
	case d.bar != nil && (since >= barPeriod || d.s.step == d.s.c.Steps()):
		d.bar.Describe(fmt.Sprintf("loss %.4f, tokens/s: %s, %s left, sink rate %s", loss, d.speed(), d.left(), d.sink()))
		_ = d.bar.Set(d.s.step) // a terminal that is gone is no reason to stop training
	case d.lines != nil && since >= linePeriod:
		fmt.Fprintf(d.lines, "step %d of %d, loss %.4f, tokens/s: %s, %s left\n", d.s.step, d.s.c.Steps(), loss, d.speed(), d.left())
	default:
		return
	}
	d.shown = time.Now()
}

// close ends the bar's line.
func (d *display) close() {
	if d.bar != nil {
		fmt.Println()
	}
}

// recorded is told of each new record.
func (d *display) recorded() {
	r := &d.s.record
	e := r.Eval(evalPacked)
	if d.lines != nil {
		largest, l, h := e.Largest()
		fmt.Fprintf(d.lines, "step %d, %d tokens: held-out loss %.4f, sink rate %.2f %% (ε = %g), largest sink score %.3f in layer %d, head %d\n",
			r.Step, r.Tokens, e.Loss, 100*e.SinkRate[0], d.s.c.Monitor.Epsilons[0], largest, l+1, h+1)
	}
	if d.plot != nil {
		d.plot.add(r, fmt.Sprintf("step %d of %d, tokens/s: %s, %s left, sink rate %s", r.Step, d.s.c.Steps(), d.speed(), d.left(), d.sink()))
	}
}

// speed, left and sink are what is shown, a dash as long as it is not known.

func (d *display) speed() string {
	rate := d.tokensPerSecond()
	switch {
	case rate == 0:
		return "–"
	case d.peak > 0:
		return fmt.Sprintf("%.0f (%.0f %% MFU)", rate, 100*d.s.c.Utilisation(rate, d.peak))
	}
	return fmt.Sprintf("%.0f", rate)
}

func (d *display) left() string {
	rate := d.tokensPerSecond()
	if rate == 0 {
		return "–"
	}
	tokens := float64(d.s.c.Steps()-d.s.step) * float64(d.s.c.BatchTokens)
	return (time.Duration(tokens/rate) * time.Second).String()
}

func (d *display) sink() string {
	if e := d.s.record.Eval(evalPacked); e != nil {
		return fmt.Sprintf("%.2f %% (ε = %g)", 100*e.SinkRate[0], d.s.c.Monitor.Epsilons[0])
	}
	return "–"
}

// tokensPerSecond is 0 as long as it is not known.
func (d *display) tokensPerSecond() float64 {
	steps, seconds := d.s.step-d.step0, d.s.seconds-d.seconds0
	if d.step0 == 0 || steps == 0 || seconds <= 0 {
		return 0
	}
	return float64(steps) * float64(d.s.c.BatchTokens) / seconds
}
