package train

import (
	"encoding/base64"
	"fmt"
	"html"
	"strings"

	"github.com/janpfeifer/gonb/gonbui"

	"firsttoken/plots"
	"firsttoken/train/store"
)

// livePlot follows a run in a notebook: loss and sink rate by tokens read. The last picture stays.
type livePlot struct {
	id                        string
	caption                   string // how fast it goes, how long it takes
	tokens, train, held, sink []float64
}

// newLivePlot starts with what the run has recorded so far.
func newLivePlot(run *store.Run) (*livePlot, error) {
	records, err := run.Curves()
	if err != nil {
		return nil, err
	}
	p := &livePlot{id: "run-" + gonbui.UniqueId()}
	for i := range records {
		p.append(&records[i])
	}
	p.draw()
	return p, nil
}

func (p *livePlot) append(r *store.Record) {
	e := r.Eval(evalPacked)
	train := r.Loss
	if r.Step == 0 {
		train = e.Loss // not trained yet: there is no training loss
	}
	p.tokens = append(p.tokens, float64(r.Tokens)/1e6)
	p.train = append(p.train, train)
	p.held = append(p.held, e.Loss)
	p.sink = append(p.sink, 100*e.SinkRate[0])
}

func (p *livePlot) add(r *store.Record, caption string) {
	p.append(r)
	p.caption = caption
	p.draw()
}

// draw shows both figures. What cannot be drawn must not end a run: it is shown as
// text in place of the figure. Its place is taken from the start, even when there is
// nothing to draw yet: one that opened later would cut the progress bar in two.
func (p *livePlot) draw() {
	if len(p.tokens) < 2 {
		gonbui.UpdateHtml(p.id, "<i>Loss and sink rate are drawn from the second measurement on.</i>")
		return
	}
	var out strings.Builder
	fmt.Fprintf(&out, "<div>%s</div>", html.EscapeString(p.caption))
	for _, l := range []plots.Lines{
		{Title: "Loss", XName: "tokens read (millions)", YName: "loss (nats)", Series: []plots.Series{
			{Name: "training", X: p.tokens, Y: p.train}, {Name: "held out", X: p.tokens, Y: p.held}}},
		{Title: "Sink rate", XName: "tokens read (millions)", YName: "heads above ε (%)", Series: []plots.Series{{X: p.tokens, Y: p.sink}}},
	} {
		png, err := picture(l)
		if err != nil {
			fmt.Fprintf(&out, `<pre>%s</pre>`, html.EscapeString(err.Error()))
			continue
		}
		fmt.Fprintf(&out, `<img width="370" src="data:image/png;base64,%s">`, base64.StdEncoding.EncodeToString(png))
	}
	gonbui.UpdateHtml(p.id, out.String())
}

func picture(l plots.Lines) ([]byte, error) {
	fig, err := l.Figure()
	if err != nil {
		return nil, err
	}
	return fig.PNG()
}
