package plots

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	"github.com/janpfeifer/gonb/gonbui"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is a laid-out picture, ready to be shown or saved. It does not change
// once made, and does not share memory with the slices it was made from.
type Figure struct {
	root node
	w, h vg.Length // of the root's data area
}

// newFigure lays root out so that the figure, with everything around its data
// area, is width inches wide; 0 takes the data area as root would have it.
func newFigure(root node, natural vg.Length, width float64) (*Figure, error) {
	f := &Figure{root: root}
	f.w, f.h = root.fit(natural)
	if width == 0 {
		return f, nil
	}
	// Margins depend a little on the data area (titles wrap, end labels
	// overhang), so the width is found by repetition.
	for range 4 {
		m := root.margins(f.w, f.h)
		room := vg.Length(width)*vg.Inch - 2*figurePad - m.left - m.right
		if room < 24 {
			return nil, fmt.Errorf("plots: a width of %.2g in leaves no room for data beside axis labels of %.2g in; use a larger Width",
				width, (m.left+m.right).Points()/72)
		}
		f.w, f.h = root.fit(room)
	}
	return f, nil
}

// filling is newFigure for a root that takes all the width there is.
func filling(root node, width float64) (*Figure, error) {
	return newFigure(root, vg.Length(width)*vg.Inch, width)
}

// Size returns the figure's width and height in inches.
func (f *Figure) Size() (width, height float64) {
	w, h := f.size()
	return float64(w / vg.Inch), float64(h / vg.Inch)
}

func (f *Figure) size() (w, h vg.Length) {
	m := f.root.margins(f.w, f.h)
	return snapUp(f.w + m.left + m.right + 2*figurePad), snapUp(f.h + m.top + m.bottom + 2*figurePad)
}

// dataRect is the root's data area on the figure's canvas.
func (f *Figure) dataRect() vg.Rectangle {
	m := f.root.margins(f.w, f.h)
	_, h := f.size()
	top := h - snapUp(m.top+figurePad)
	return rect(snapUp(m.left+figurePad), top-f.h, f.w, f.h)
}

func (f *Figure) draw(c vg.CanvasSizer) {
	canvas := draw.New(c)
	f.root.draw(&canvas, f.dataRect())
}

// PNG returns the figure at [DPI] dots per inch.
func (f *Figure) PNG() ([]byte, error) {
	w, h := f.size()
	c := vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(DPI))
	f.draw(pixelCanvas{c})
	var buf bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&buf, compact(c.Image())); err != nil {
		return nil, fmt.Errorf("plots: encode PNG: %w", err)
	}
	return buf.Bytes(), nil
}

// SVG returns the figure as a self-contained SVG document.
func (f *Figure) SVG() ([]byte, error) {
	w, h := f.size()
	c := vgsvg.New(w, h)
	f.draw(vectorCanvas{c})
	var buf bytes.Buffer
	if _, err := c.WriteTo(&buf); err != nil {
		return nil, fmt.Errorf("plots: write SVG: %w", err)
	}
	// gonum labels the PNG images that it embeds as JPEG, which strict readers
	// refuse, and leaves their aspect ratio to be preserved, which letterboxes
	// colour bars. Text is outlines, so nothing else can match.
	svg := bytes.ReplaceAll(buf.Bytes(), []byte("data:image/jpg;"), []byte("data:image/png;"))
	return bytes.ReplaceAll(svg, []byte("<image "), []byte(`<image preserveAspectRatio="none" `)), nil
}

// Save writes the figure to a file in the format that the name's extension
// says: .png or .svg.
func (f *Figure) Save(name string) error {
	encode := map[string]func() ([]byte, error){".png": f.PNG, ".svg": f.SVG}[strings.ToLower(filepath.Ext(name))]
	if encode == nil {
		return fmt.Errorf("plots: save %q: unknown extension %q; use .png or .svg", name, filepath.Ext(name))
	}
	data, err := encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		return fmt.Errorf("plots: save figure: %w", err)
	}
	return nil
}

// Show displays the figure as a PNG in the output of a GoNB notebook cell. It
// is an error outside a notebook.
func (f *Figure) Show() error {
	if !gonbui.IsNotebook {
		return fmt.Errorf("plots: Show works in a GoNB notebook cell only; use Save to write a file")
	}
	data, err := f.PNG()
	if err != nil {
		return err
	}
	gonbui.DisplayPNG(data)
	// Without it the output of a cell that ends right away is sometimes lost.
	gonbui.Sync()
	if err := gonbui.Error(); err != nil {
		return fmt.Errorf("plots: show figure: %w", err)
	}
	return nil
}
