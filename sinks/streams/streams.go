// Package streams says what is left of a model's predictions when it reads through a cache of
// bounded size (sinks/eviction): losses by policy and budget over the same tokens of the same
// texts, and which positions the caches hold in the end.
//
// Loss i of a text is −log p of token i + 1 given what the caches hold of tokens 0 … i; it belongs
// to position i, that of the query. It works on what was read and links no GoMLX; probe.Streams
// reads.
package streams

import (
	"firsttoken/sinks"
	"fmt"
	"math"
	"strings"
)

// All is the policy that keeps everything: the model as it is.
const All = "none"

// Setting is a cache.
type Setting struct {
	Policy  string `json:"policy"`            // as eviction.Parse reads it, or All
	Entries int    `json:"entries,omitempty"` // N, that each key/value head keeps; not of All
	Shifted bool   `json:"shifted,omitempty"` // positions are those of the cache, else of the text
	// Curve asks for losses at all positions, not from First on only, and Map for what is kept by
	// position.
	Curve bool `json:"curve,omitempty"`
	Map   bool `json:"map,omitempty"`
}

// String is a name for files: "keydiff-64-shifted".
func (s Setting) String() string {
	if s.Policy == All {
		return "all"
	}
	name := fmt.Sprintf("%s-%d", strings.ReplaceAll(s.Policy, ":", "-"), s.Entries)
	if s.Shifted {
		name += "-shifted"
	}
	return name
}

// Options are the same for all settings that are compared.
type Options struct {
	First int `json:"first"` // position, 0-based, from which on losses count
	Block int `json:"block"` // B, tokens fed at once
	Bin   int `json:"bin"`   // positions a point of a curve and a cell of a map stand for
}

// Text is what reading one text gave.
type Text struct {
	Tokens int
	From   int         // position of the first loss
	Loss   []float32   // [Tokens − 1 − From]
	Kept   [][][]int32 // [L][K] positions that the caches hold in the end, in order
}

// Outcome is what texts show through one cache. The first lists are in the texts' order.
type Outcome struct {
	Loss   []float64 `json:"loss"`   // nats, mean over the positions from First on
	Token1 []float64 `json:"token1"` // share of (layer, KV head) whose cache holds token 1
	Token4 []float64 `json:"token4"` // share of (layer, KV head, token 1 to 4)

	ByLayer1 []float32 `json:"by_layer1"`       // [L] Token1 of each layer, mean over texts
	ByLayer4 []float32 `json:"by_layer4"`       // [L] Token4
	Curve    []float32 `json:"curve,omitempty"` // [bins] loss by position, mean over texts
	// Map is the share of kept positions, of 255, over bin and texts, [L·K][bins] row by row.
	Map []byte `json:"map,omitempty"`
}

// Reduce makes an outcome of texts that were all read through the same cache. They have the same
// number of tokens.
func Reduce(texts []Text, s Setting, o Options) (*Outcome, error) {
	if len(texts) == 0 {
		return nil, fmt.Errorf("streams: no texts")
	}
	if o.Bin < 1 {
		return nil, fmt.Errorf("streams: bins of %d positions: use at least 1", o.Bin)
	}
	tokens, layers := texts[0].Tokens, len(texts[0].Kept)
	if o.First < 0 || o.First >= tokens-1 {
		return nil, fmt.Errorf("streams: losses count from position %d on, and the texts have %d tokens", o.First, tokens)
	}
	out := &Outcome{ByLayer1: make([]float32, layers), ByLayer4: make([]float32, layers)}
	for i, t := range texts {
		switch {
		case t.Tokens != tokens || len(t.Kept) != layers:
			return nil, fmt.Errorf("streams: text %d has %d tokens and %d layers, the first %d and %d", i+1, t.Tokens, len(t.Kept), tokens, layers)
		case t.From < 0 || t.From > o.First || s.Curve && t.From > 0 || len(t.Loss) != tokens-1-t.From:
			return nil, fmt.Errorf("streams: text %d has %d losses from position %d on: too few", i+1, len(t.Loss), t.From)
		}
		out.Loss = append(out.Loss, mean(t.Loss[o.First-t.From:]))
		var one, four float64
		for l, heads := range t.Kept {
			a, b := share(heads, 1), share(heads, 4)
			one, four = one+a, four+b
			out.ByLayer1[l] += float32(a) / float32(len(texts))
			out.ByLayer4[l] += float32(b) / float32(len(texts))
		}
		out.Token1, out.Token4 = append(out.Token1, one/float64(layers)), append(out.Token4, four/float64(layers))
	}
	if s.Curve {
		out.Curve = curve(texts, o.Bin)
	}
	if s.Map {
		out.Map = keptMap(texts, o.Bin)
	}
	return out, nil
}

func mean(x []float32) float64 { return sinks.RowSum(x) / float64(len(x)) }

// share is how many of the first n positions the heads of a layer hold.
func share(heads [][]int32, n int32) float64 {
	held := 0
	for _, positions := range heads {
		for _, pos := range positions {
			if pos < n {
				held++
			}
		}
	}
	return float64(held) / float64(len(heads)*int(n))
}

// curve is the mean loss of bins of positions; the last bin may be shorter.
func curve(texts []Text, bin int) []float32 {
	var points []float32
	for at := 0; at < len(texts[0].Loss); at += bin {
		sum := 0.0
		for _, t := range texts {
			sum += mean(t.Loss[at:min(at+bin, len(t.Loss))])
		}
		points = append(points, float32(sum/float64(len(texts))))
	}
	return points
}

// keptMap counts what is kept, by row of a KV head and bin.
func keptMap(texts []Text, bin int) []byte {
	bins := (texts[0].Tokens + bin - 1) / bin
	var cells []byte
	for l, heads := range texts[0].Kept {
		for k := range heads {
			row := make([]float64, bins)
			for _, t := range texts {
				for _, pos := range t.Kept[l][k] {
					row[int(pos)/bin]++
				}
			}
			for b, n := range row {
				size := min(bin, texts[0].Tokens-b*bin) * len(texts)
				cells = append(cells, byte(math.Round(255*n/float64(size))))
			}
		}
	}
	return cells
}

// Rows is the map as shares in [0, 1], one row a KV head.
func (o *Outcome) Rows(rows int) [][]float64 {
	if rows < 1 || len(o.Map)%rows != 0 {
		return nil
	}
	bins := len(o.Map) / rows
	out := make([][]float64, rows)
	for i := range out {
		for _, x := range o.Map[i*bins : (i+1)*bins] {
			out[i] = append(out[i], float64(x)/255)
		}
	}
	return out
}
