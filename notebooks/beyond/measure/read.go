package measure

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"firsttoken/notebooks/beyond/values"
	"firsttoken/sinks"
)

// reading is one text's trace, as it becomes numbers.
type reading struct {
	*work
	t    *sinks.Trace
	doc  int
	wide bool // no layer has a window

	mean    [][][]float64   // [L][K][T] see meanValues
	massive map[int]float64 // rows of massive tokens, and their share of ⟨bos⟩'s largest number
}

// first is the first key that row t of layer l sees.
func (r *reading) first(l, t int) int {
	if r.wide || r.out.Kinds[l] == 'G' {
		return 0
	}
	return max(0, t-r.out.Window+1)
}

// scores are the sink scores of all heads that the run has room for: mean attention of the rows that
// see the key.
func (r *reading) scores(run *values.Run) {
	W, T := r.out.Window, r.t.T
	_, beyond := r.t.Quantity(massFrom(W))
	for l := range r.t.L {
		for h := range r.t.H {
			row, largest := r.t.FirstMass[l][h], 0.0
			for k := range T {
				if n := r.seers(l, k); n >= W/2 {
					largest = max(largest, float64(beyond[l][h][k])/float64(n))
				}
			}
			for _, x := range []struct {
				scores [][]float64
				score  float64
			}{{run.Early, mean(row[W/16 : W/2])}, {run.Late, mean(row[W/2 : W])}, {run.Beyond, mean(row[W:])}, {run.Any, largest}} {
				if x.scores != nil {
					x.scores[r.doc] = append(x.scores[r.doc], rounded(x.score))
				}
			}
		}
	}
}

// seers counts the rows beyond the window that see key k in layer l.
func (r *reading) seers(l, k int) int {
	last := r.t.T - 1
	if !r.wide && r.out.Kinds[l] == 'L' {
		last = min(last, k+r.out.Window-1)
	}
	return max(0, last-max(k, r.out.Window)+1)
}

func mean(x []float32) float64 { return sinks.RowSum(x) / float64(len(x)) }

// quantity is a number of one row of a head.
type quantity struct {
	name string
	of   func(l, h, t int) float64
}

// quantities are those of package values, in its order.
func (r *reading) quantities() []quantity {
	r.meanValues()
	group := r.t.H / r.t.K
	plain := func(x [][][]float32) func(l, h, t int) float64 {
		return func(l, h, t int) float64 { return float64(x[l][h][t]) }
	}
	own := func(name string) func(l, h, t int) float64 {
		_, x := r.t.Quantity(name)
		return plain(x)
	}
	perValue := func(of func(l, h, t int) float64) func(l, h, t int) float64 {
		return func(l, h, t int) float64 { return of(l, h, t) / r.mean[l][h/group][t] }
	}
	entropy, top := plain(r.t.RowEntropy), own(argMax)
	return []quantity{
		{values.First, plain(r.t.FirstMass)}, {values.Oldest, own(oldest(r.out.Window))}, {values.Largest, plain(r.t.RowMax)},
		{values.Entropy, func(l, h, t int) float64 {
			return entropy(l, h, t) / math.Log(float64(max(2, t+1-r.first(l, t)))) // a row of one key has entropy 0
		}},
		{values.Passed, perValue(own(zNorm))}, {values.Read, perValue(own(readNorm))},
		{values.Top, perValue(func(l, h, t int) float64 { return float64(r.t.ValueNorm[l][h/group][int(top(l, h, t))]) })},
		{values.Written, func(l, h, t int) float64 { return float64(r.t.HeadWrite[l][h][t] / r.t.ResidNorm[l][t]) }},
		{values.OnFirst, func(l, h, t int) float64 { return one(top(l, h, t) == 0) }},
		{values.OnSecond, func(l, h, t int) float64 { return one(r.massive[int(top(l, h, t))] > 0) }},
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// rows puts means over the followed heads of some layers into a text's place of each quantity.
func (r *reading) rows(layers []int, into values.Rows, texts int) error {
	var heads [][2]int
	for _, l := range layers {
		for h := range r.t.H {
			if r.followed[r.doc][l*r.t.H+h] {
				heads = append(heads, [2]int{l, h})
			}
		}
	}
	if len(heads) == 0 {
		return fmt.Errorf("text %d: no head of layers %v gives ⟨bos⟩ more than %.1f in the window's first half: there is nothing to follow", r.doc+1, layers, values.Epsilon)
	}
	for _, q := range r.quantities() {
		if into[q.name] == nil {
			into[q.name] = make([][]float64, texts)
		}
		means := make([]float64, r.t.T/r.out.Bin)
		for t := range r.t.T {
			for _, at := range heads {
				means[t/r.out.Bin] += q.of(at[0], at[1], t) / float64(len(heads)*r.out.Bin)
			}
		}
		for b, x := range means {
			means[b] = digits(x, 3)
		}
		into[q.name][r.doc] = means
	}
	return nil
}

// meanValues are mean ‖v_j‖ of the keys that row t sees, ⟨bos⟩ left out where others are seen: what
// a row that looks at one average token of the text would pass on.
func (r *reading) meanValues() {
	if r.mean != nil {
		return
	}
	for l := range r.t.L {
		heads := make([][]float64, r.t.K)
		for k, v := range r.t.ValueNorm[l] {
			upTo := make([]float64, r.t.T+1)
			for t, x := range v {
				upTo[t+1] = upTo[t] + float64(x)
			}
			for t := range v {
				from := max(r.first(l, t), min(1, t))
				heads[k] = append(heads[k], (upTo[t+1]-upTo[from])/float64(t+1-from))
			}
		}
		r.mean = append(r.mean, heads)
	}
}

// findMassive lists the text's massive tokens, and returns ⟨bos⟩'s block.
func (r *reading) findMassive() (block int, most float64) {
	block = 1
	for l := range r.t.ResidMax {
		if l > 0 && r.t.ResidMax[l][0] > r.t.ResidMax[block][0] {
			block = l
		}
	}
	x := r.t.ResidMax[block]
	r.massive = map[int]float64{}
	for t := 1; t < r.t.T; t++ {
		if share := rounded(float64(x[t] / x[0])); share > 0.5 {
			r.massive[t] = share
		} else {
			most = max(most, share)
		}
	}
	return block, most
}

// listed are the massive tokens in order.
func (r *reading) listed() []values.Massive {
	list := []values.Massive{}
	for _, t := range slices.Sorted(maps.Keys(r.massive)) {
		list = append(list, values.Massive{Row: t, Token: r.display(r.t.IDs[t]), Share: r.massive[t]})
	}
	return list
}

func (w *work) display(id int32) string {
	if w.tok == nil {
		return fmt.Sprint(id)
	}
	return w.tok.Display(id)
}

// rounded keeps four digits of a number.
func rounded(x float64) float64 { return digits(x, 4) }

func digits(x float64, n int) float64 {
	if x == 0 {
		return 0
	}
	scale := math.Pow(10, float64(n-1)-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}
