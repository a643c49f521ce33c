package plots

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/janpfeifer/gonb/gonbui"
)

//go:embed explorer/page.html
var explorerHTML string

//go:embed explorer/page.css
var explorerCSS string

//go:embed explorer/*.js
var explorerParts embed.FS

// explorerJS draws the page: the parts in the order of their names, in one scope. All text reaches
// the page as textContent or on a canvas, so that no token is ever read as markup; the page's
// policy forbids any other script and any request.
var explorerJS = sync.OnceValue(func() string {
	parts, err := fs.Glob(explorerParts, "explorer/*.js")
	script := "\"use strict\";\n(() => {\n"
	for _, name := range parts {
		var text []byte
		if err == nil {
			text, err = explorerParts.ReadFile(name)
		}
		script += string(text)
	}
	if err != nil {
		panic(err) // they are part of the program
	}
	return script + "})();\n"
})

// HTML returns the page. A page of more than 8 MB is refused.
func (e Explorer) HTML() ([]byte, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	if e.Title == "" {
		e.Title = "Where each head looks"
	}
	// encoding/json writes <, > and & as \u003c and so on, so that no token can end
	// the element that the data stand in.
	data, err := json.Marshal(e.data())
	if err != nil {
		return nil, invalid("Explorer", err)
	}
	sum := sha256.Sum256([]byte(explorerJS()))
	// One pass: what is put in is not searched for places again.
	page := strings.NewReplacer(
		"{{title}}", html.EscapeString(e.Title),
		"{{style}}", explorerCSS,
		"{{script}}", explorerJS(),
		"{{hash}}", base64.StdEncoding.EncodeToString(sum[:]),
		"{{data}}", string(data),
	).Replace(explorerHTML)
	if len(page) > explorerBytes {
		return nil, invalid("Explorer", fmt.Errorf("the file would have %.1f MB, above the limit of %d MB; take fewer tokens, or one condition",
			float64(len(page))/1e6, explorerBytes/1_000_000))
	}
	return []byte(page), nil
}

// Save writes the page to a file.
func (e Explorer) Save(name string) error {
	page, err := e.HTML()
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, page, 0o644); err != nil {
		return fmt.Errorf("plots: save explorer: %w", err)
	}
	return nil
}

// Picture is the page's map of sink scores as a figure, one a condition: what is
// left of it where no script runs.
func (e Explorer) Picture() (*Figure, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	var maps []*Figure
	for _, c := range e.Conditions {
		f, err := HeadMap{Title: c.Name, Values: c.Score, Epsilon: e.epsilon(), Max: 1, BarName: "sink score α₁"}.Figure()
		if err != nil {
			return nil, err
		}
		maps = append(maps, f)
	}
	if len(maps) == 1 {
		return maps[0], nil
	}
	return Panel{Figures: maps}.Figure()
}

// Show displays the page inside the output of a GoNB notebook cell, below its
// [Explorer.Picture]. The page is part of the notebook then, with its size.
//
// In JupyterLab it shows where the cell was run, or the notebook is trusted. An
// untrusted copy, GitHub and other static viewers show the picture alone. It is an
// error outside a notebook.
func (e Explorer) Show() error {
	page, err := e.HTML()
	if err != nil {
		return err
	}
	return e.show("srcdoc", string(page))
}

// ShowFile saves the page beside the notebook, under a name relative to it, and
// displays it from there, so that the notebook stays small. Without the file the
// picture remains, as for Show.
func (e Explorer) ShowFile(name string) error {
	if err := e.Save(name); err != nil {
		return err
	}
	return e.show("src", name)
}

// show displays the picture and a frame with the page. The frame is sandboxed: the
// page can run its own script and reach nothing of the notebook's.
func (e Explorer) show(attribute, value string) error {
	picture, err := e.Picture()
	if err != nil {
		return err
	}
	if err := picture.Show(); err != nil {
		return err
	}
	gonbui.DisplayHTML(fmt.Sprintf(`<iframe title="%s" sandbox="allow-scripts" style="width:100%%;height:900px;border:0" %s="%s"></iframe>`,
		html.EscapeString("Explorer: "+e.Title), attribute, html.EscapeString(value)))
	gonbui.Sync()
	if err := gonbui.Error(); err != nil {
		return fmt.Errorf("plots: show explorer: %w", err)
	}
	return nil
}

func (e Explorer) epsilon() float64 {
	if e.Epsilon == 0 {
		return 0.3
	}
	return e.Epsilon
}

// pageData is what the script reads. Matrices are flat, last index fastest.
type pageData struct {
	Epsilon    float64         `json:"epsilon"`
	Aligned    bool            `json:"aligned"` // text tokens of the conditions correspond
	Viridis    string          `json:"viridis"` // RRGGBB, from the figures' own tables
	Difference string          `json:"difference"`
	Conditions []pageCondition `json:"conditions"`
}

type pageCondition struct {
	Name       string      `json:"name"`
	Tokens     []string    `json:"tokens"`
	Lead       int         `json:"lead"`
	L          int         `json:"L"`
	H          int         `json:"H"`
	K          int         `json:"K"`
	Score      []exact     `json:"score"`
	Entropy    []rounded   `json:"entropy,omitempty"`
	ValueRatio []rounded   `json:"ratio,omitempty"`
	Write      []rounded   `json:"write,omitempty"`
	ValueNorm  []rounded   `json:"valueNorm,omitempty"` // [L][K][T]
	ResidNorm  []rounded   `json:"residNorm,omitempty"` // [L+1][T]
	Warnings   []string    `json:"warnings,omitempty"`
	About      [][2]string `json:"about,omitempty"`
	Patterns   []byte      `json:"patterns"` // base64 of packPatterns
}

func (e Explorer) data() pageData {
	d := pageData{
		Epsilon: e.epsilon(), Viridis: Viridis.hex(), Difference: BlueWhiteRed.hex(), Aligned: true,
	}
	for _, c := range e.Conditions {
		p := pageCondition{
			Name: c.Name, Tokens: c.Tokens, Lead: c.Lead, L: len(c.Patterns), H: len(c.Patterns[0]),
			Score: flat[exact](c.Score), Entropy: flat[rounded](c.Entropy), ValueRatio: flat[rounded](c.ValueRatio), Write: flat[rounded](c.Write),
			ValueNorm: flat[rounded](slices.Concat(c.ValueNorm...)), ResidNorm: flat[rounded](c.ResidNorm),
			Warnings: c.Warnings, Patterns: packPatterns(c.Patterns),
		}
		if c.ValueNorm != nil {
			p.K = len(c.ValueNorm[0])
		}
		for _, k := range slices.Sorted(maps.Keys(c.About)) {
			p.About = append(p.About, [2]string{k, c.About[k]})
		}
		d.Conditions = append(d.Conditions, p)
	}
	if len(d.Conditions) == 2 {
		a, b := d.Conditions[0], d.Conditions[1]
		d.Aligned = sameText(a.Tokens[a.Lead:], b.Tokens[b.Lead:])
	}
	return d
}

// sameText tells whether the tokens of two texts can be paired one by one: equally
// many, as before and after an edit, or the one the beginning of the other.
func sameText(a, b []string) bool {
	n := min(len(a), len(b))
	return len(a) == len(b) || slices.Equal(a[:n], b[:n])
}

// exact is a number with all its digits, and null where it is not finite.
type exact float64

// MarshalJSON writes the number.
func (x exact) MarshalJSON() ([]byte, error) { return marshalNumber(float64(x), -1) }

// rounded is a number with four digits, and null where it is not finite.
type rounded float64

// MarshalJSON writes the number.
func (x rounded) MarshalJSON() ([]byte, error) { return marshalNumber(float64(x), 4) }

func marshalNumber(x float64, digits int) ([]byte, error) {
	if !finite(x) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, x, 'g', digits, 64), nil
}

func flat[N ~float64](m [][]float64) []N {
	var out []N
	for _, row := range m {
		for _, x := range row {
			out = append(out, N(x))
		}
	}
	return out
}

// hex lists the map's colours, RRGGBB each.
func (m Colormap) hex() string {
	var rgb []byte
	for _, c := range m.table() {
		rgb = append(rgb, c.R, c.G, c.B)
	}
	return hex.EncodeToString(rgb)
}
