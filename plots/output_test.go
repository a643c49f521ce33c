package plots

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/vg"
)

func small(t *testing.T) *Figure {
	t.Helper()
	heat, err := HeatMap{Title: "⟨bos⟩ at ε ≤ 10⁻⁴", Values: random(6, 6, 1), Causal: true}.Figure()
	require.NoError(t, err)
	band, err := Lines{XName: "x", YName: "‖v‖₂", Series: []Series{{Name: "a", Y: []float64{1, 2}, Lo: []float64{0, 1}, Hi: []float64{2, 3}}}}.Figure()
	require.NoError(t, err)
	f, err := Panel{Figures: []*Figure{heat, band}}.Figure()
	require.NoError(t, err)
	return f
}

func TestSaveWritesTheFormatOfTheExtension(t *testing.T) {
	f, dir := small(t), t.TempDir()
	for ext, magic := range map[string]string{".png": "\x89PNG", ".SVG": "<?xml"} {
		name := filepath.Join(dir, "figure"+ext)
		require.NoError(t, f.Save(name))
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(data, []byte(magic)), "%s starts %q", ext, data[:8])
	}
	require.ErrorContains(t, f.Save(filepath.Join(dir, "figure.jpg")), `unknown extension ".jpg"; use .png or .svg`)
	require.ErrorContains(t, f.Save(filepath.Join(dir, "no", "such", "folder.png")), "no such file")
}

func TestSameInputSameBytes(t *testing.T) {
	for _, encode := range []func(*Figure) ([]byte, error){(*Figure).PNG, (*Figure).SVG} {
		first, err := encode(small(t))
		require.NoError(t, err)
		second, err := encode(small(t))
		require.NoError(t, err)
		require.True(t, bytes.Equal(first, second))
	}
}

// A self-contained SVG: well-formed, no text that needs the reader's fonts, and
// images that fill their place.
func TestSVGIsSelfContained(t *testing.T) {
	data, err := small(t).SVG()
	require.NoError(t, err)
	images := 0
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		require.NotEqual(t, "text", e.Name.Local)
		if e.Name.Local != "image" {
			continue
		}
		images++
		attr := map[string]string{}
		for _, a := range e.Attr {
			attr[a.Name.Local] = a.Value
		}
		require.Equal(t, "none", attr["preserveAspectRatio"])
		require.Regexp(t, "^data:image/png;base64,", attr["href"])
	}
	require.Equal(t, 2, images, "the cells and the colour bar")
}

// recorder keeps the image that a canvas was asked to draw.
type recorder struct {
	vg.CanvasSizer
	img image.Image
}

func (r *recorder) DrawImage(_ vg.Rectangle, img image.Image) { r.img = img }

// Vector files embed every cell as a solid block of equal size, whether or not
// a palette holds the colours.
func TestVectorCanvasEmbedsSolidBlocks(t *testing.T) {
	for _, n := range []int{3, 20} { // 9 and 400 colours
		img := image.NewRGBA(image.Rect(0, 0, n, n))
		for y := range n {
			for x := range n {
				img.Set(x, y, color.RGBA{uint8(x * 12), uint8(y * 12), 7, 255})
			}
		}
		var r recorder
		vectorCanvas{&r}.DrawImage(vg.Rectangle{}, img)
		b := r.img.Bounds()
		k := b.Dx() / n
		require.Equal(t, image.Pt(k*n, k*n), b.Size())
		require.Greater(t, k, 10)
		for y := range b.Dy() {
			for x := range b.Dx() {
				require.Equal(t, img.RGBAAt(x/k, y/k), rgba(r.img.At(x, y)))
			}
		}
	}
}

func TestShowOutsideANotebookIsAnError(t *testing.T) {
	require.ErrorContains(t, small(t).Show(), "GoNB notebook")
}
