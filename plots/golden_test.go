package plots_test

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"runtime"

	"firsttoken/plots"
)

// The examples are the golden tests and the gallery: each draws one picture of
// testdata/gallery and fails when it would look different.
//
//	go test ./plots -update     # redraw the gallery, then look at the pictures
var update = flag.Bool("update", false, "rewrite testdata/gallery")

// tolerance is the largest difference of a colour channel from the gallery. On
// the machine type that drew the gallery none is allowed. Elsewhere the
// compiler may fuse multiplications and additions, which moves the smoothed
// edges of lines and letters by less than a pixel.
func tolerance() int {
	if runtime.GOARCH == "amd64" {
		return 0
	}
	return 40
}

// gallery compares fig with its picture and prints the outcome.
func gallery(name string, fig *plots.Figure, err error) {
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := fig.PNG()
	if err != nil {
		fmt.Println(err)
		return
	}
	file := filepath.Join("testdata", "gallery", name+".png")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			fmt.Println(err)
			return
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := samePixels(got, want, tolerance()); err != nil {
		fmt.Printf("%s: %v\n", name, err)
		return
	}
	fmt.Println(name, "looks as in the gallery")
}

// samePixels compares two PNG files by what they show, since encoders may
// compress differently.
func samePixels(got, want []byte, tolerance int) error {
	a, err := png.Decode(bytes.NewReader(got))
	if err != nil {
		return err
	}
	b, err := png.Decode(bytes.NewReader(want))
	if err != nil {
		return err
	}
	if a.Bounds() != b.Bounds() {
		return fmt.Errorf("size %v, in the gallery %v", a.Bounds().Size(), b.Bounds().Size())
	}
	differing, worst, where := 0, 0, image.Point{}
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if d := distance(a.At(x, y), b.At(x, y)); d > tolerance {
				differing++
				if d > worst {
					worst, where = d, image.Pt(x, y)
				}
			}
		}
	}
	if differing > 0 {
		return fmt.Errorf("%d pixels differ by more than %d levels, most by %d at %v", differing, tolerance, worst, where)
	}
	return nil
}

// distance is the largest difference of a channel, in 0…255.
func distance(a, b color.Color) int {
	p, q := color.RGBAModel.Convert(a).(color.RGBA), color.RGBAModel.Convert(b).(color.RGBA)
	d := func(x, y uint8) int { return max(int(x)-int(y), int(y)-int(x)) }
	return max(d(p.R, q.R), d(p.G, q.G), d(p.B, q.B), d(p.A, q.A))
}
