// Package live shows a figure that follows sliders and selects while a notebook
// cell runs, over Jupyter's own socket.
//
// Without a browser (see local.Headless) the figure is drawn once, so that a
// notebook runs through and keeps a picture either way.
package live

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"os"
	"os/signal"
	"reflect"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/comms"
	"github.com/janpfeifer/gonb/gonbui/dom"
	"github.com/janpfeifer/gonb/gonbui/widgets"

	"firsttoken/plots"
	"firsttoken/train/local"
)

// Control is one thing the reader can change: a select if it has Options, else a
// slider from Min to Max.
type Control struct {
	Label    string
	Options  []string
	Min, Max int
	Value    int // at the start: an index into Options, or a slider's position
}

func (c Control) validate() error {
	lo, hi := c.Min, c.Max
	if c.Options != nil {
		lo, hi = 0, len(c.Options)-1
	}
	if c.Label == "" || c.Value < lo || c.Value > hi || (c.Options == nil && lo >= hi) {
		return fmt.Errorf("live: control %q starts at %d: needs a label and a range with that value in it, has [%d, %d]", c.Label, c.Value, lo, hi)
	}
	return nil
}

// View draws a figure for the controls' values and draws it anew whenever one
// changes, until the reader presses Done or interrupts the cell. The last figure
// then stays as a plain picture. An error of draw is shown in place of the figure
// and does not end the view.
func View(controls []Control, draw func(values []int) (*plots.Figure, error)) error {
	values := make([]int, len(controls))
	for i, c := range controls {
		if err := c.validate(); err != nil {
			return err
		}
		values[i] = c.Value
	}
	last, err := draw(values)
	if err != nil {
		return err
	}
	if !local.Headless() {
		if last, err = interact(controls, values, last, draw); err != nil {
			return err
		}
	}
	return last.Show()
}

// Frames shows the figures that run hands to show, each in place of the one before, while it goes
// on. The last stays as a plain picture; without a browser it is the only one.
func Frames(run func(show func(*plots.Figure) error) error) error {
	var last *plots.Figure
	picture := "live-" + gonbui.UniqueId()
	err := run(func(f *plots.Figure) error {
		last = f
		if local.Headless() {
			return nil
		}
		return update(picture, f)
	})
	if err != nil || last == nil {
		return err
	}
	if !local.Headless() {
		gonbui.UpdateHtml(picture, "")
	}
	return last.Show()
}

// update puts a figure where the picture of this name is.
func update(picture string, f *plots.Figure) error {
	png, err := f.PNG()
	if err == nil {
		gonbui.UpdateHtml(picture, fmt.Sprintf(`<img src="data:image/png;base64,%s">`, base64.StdEncoding.EncodeToString(png)))
	}
	return err
}

// interact runs the view and returns the figure that was last drawn.
func interact(controls []Control, values []int, last *plots.Figure, draw func([]int) (*plots.Figure, error)) (*plots.Figure, error) {
	if len(controls) == 0 {
		return nil, errors.New("live: no controls")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	div := dom.CreateTransientDiv()
	var cases []reflect.SelectCase
	listen := func(ch *comms.AddressChan[int]) {
		cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ch.C)})
	}
	labels := make([]string, len(controls))
	for i, c := range controls {
		labels[i] = "live-" + gonbui.UniqueId()
		dom.Append(div, fmt.Sprintf(`<label style="margin:0 .4em 0 1em">%s</label>`, html.EscapeString(c.Label)))
		if c.Options != nil {
			listen(widgets.Select(c.Options).SetDefault(c.Value).AppendTo(div).Done().Listen().LatestOnly())
		} else {
			listen(widgets.Slider(c.Min, c.Max, c.Value).AppendTo(div).Done().Listen().LatestOnly())
			dom.Append(div, fmt.Sprintf(`<span id="%s" style="font-family:monospace">%d</span>`, labels[i], c.Value))
		}
	}
	dom.Append(div, "&emsp;")
	listen(widgets.Button("Done").AppendTo(div).Done().Listen())
	cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ctx.Done())})

	picture := "live-" + gonbui.UniqueId()
	show := func(f *plots.Figure, err error) {
		if err == nil {
			if err = update(picture, f); err == nil {
				last = f
				return
			}
		}
		gonbui.UpdateHtml(picture, fmt.Sprintf(`<pre style="color:#b00">%s</pre>`, html.EscapeString(err.Error())))
	}
	show(last, nil)
	for {
		i, value, ok := reflect.Select(cases)
		if i >= len(controls) || !ok {
			break // Done, an interrupt, or the browser went away
		}
		values[i] = int(value.Int())
		if controls[i].Options == nil {
			dom.SetInnerText(labels[i], fmt.Sprint(values[i]))
		}
		show(draw(values))
	}
	// What is live goes; the caller leaves a picture that a file can keep.
	gonbui.UpdateHtml(picture, "")
	dom.SetInnerHtml(div, "")
	return last, nil
}
