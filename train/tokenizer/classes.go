package tokenizer

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// class is a set of the character properties the patterns speak of.
type class uint8

const (
	classLetter  class = 1 << iota // \p{L}
	classNumber                    // \p{N}
	classSpace                     // \s
	classNumeric                   // cut out by the Digits pre-tokenizer
	classInert                     // no letter or mark to the library's NFC, see nfc.go
)

// classData lists the code points of each class in tokenizers 0.23.3 (Unicode
// 16; Unicode 17 for the Digits pre-tokenizer). It is carried, rather than
// taken from package unicode, because a segmentation belongs to the model: it
// must not change with the version of Go.
//
//go:embed classes.txt
var classData string

// classTable gives the class of every code point. Blocks of 256 code points
// that are alike share their memory.
type classTable struct {
	ascii [utf8.RuneSelf]class
	block [(utf8.MaxRune + 1) / 256]*[256]class
}

var classes = sync.OnceValue(func() *classTable {
	t, err := parseClasses(classData)
	if err != nil {
		panic(err) // the embedded file is broken: no input can cause it
	}
	return t
})

// parseClasses reads lines "name first-last first-last …", code points in hex,
// a lone code point as "first".
func parseClasses(data string) (*classTable, error) {
	names := map[string]class{"L": classLetter, "N": classNumber, "S": classSpace, "D": classNumeric, "I": classInert}
	flat := make([]class, utf8.MaxRune+1)
	for line := range strings.Lines(data) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) == 0 || names[fields[0]] == 0 {
			return nil, fmt.Errorf("tokenizer: classes.txt: unknown line %q", line)
		}
		for _, f := range fields[1:] {
			lo, hi, isRange := strings.Cut(f, "-")
			if !isRange {
				hi = lo
			}
			a, errA := strconv.ParseUint(lo, 16, 32)
			b, errB := strconv.ParseUint(hi, 16, 32)
			if errA != nil || errB != nil || a > b || b > utf8.MaxRune {
				return nil, fmt.Errorf("tokenizer: classes.txt: bad range %q", f)
			}
			for r := a; r <= b; r++ {
				flat[r] |= names[fields[0]]
			}
		}
	}
	t := new(classTable)
	copy(t.ascii[:], flat)
	shared := make(map[[256]class]*[256]class)
	for i := range t.block {
		b := [256]class(flat[i*256:])
		if shared[b] == nil {
			shared[b] = &b
		}
		t.block[i] = shared[b]
	}
	return t, nil
}

// at returns the class and width of the first character of s[i:]. A byte that
// is not valid UTF-8 is a character of width 1 without a class. At the end of
// s the width is 0.
func (t *classTable) at(s string, i int) (c class, width int) {
	if i >= len(s) {
		return 0, 0
	}
	if s[i] < utf8.RuneSelf {
		return t.ascii[s[i]], 1
	}
	r, w := utf8.DecodeRuneInString(s[i:])
	return t.block[r>>8][r&0xff], w
}
