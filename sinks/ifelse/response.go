package ifelse

import (
	"math"
	"math/bits"
)

// Response is where a head's attention goes with and without a trigger: means
// over all queries but the first. A mean over no queries is NaN, not 0.
//
// A row of zeros, which softmax variants that may attend to nothing have, has no largest weight: it
// counts as a query whose largest weight is neither token 1's nor a trigger's.
type Response struct {
	Present int `json:"present"` // queries that find the pattern
	Absent  int `json:"absent"`  // queries that do not

	SinkPresent float64 `json:"sink_present"` // attention to token 1
	SinkAbsent  float64 `json:"sink_absent"`
	Trigger     float64 `json:"trigger"`  // attention to the trigger's tokens, where present
	Baseline    float64 `json:"baseline"` // attention to other tokens at the same lags, where absent; NaN if a lag has none such

	ArgMaxSink    float64 `json:"argmax_sink"`    // share of absent queries whose largest weight is token 1's
	ArgMaxTrigger float64 `json:"argmax_trigger"` // share of present queries whose largest weight is a trigger's

	WritePresent float64 `json:"write_present"` // ‖z_t^h W_O^h‖₂
	WriteAbsent  float64 `json:"write_absent"`
}

// Moved is the mass that the trigger moves from the sink to itself:
// min(sink|absent − sink|present, X|present − same lags|absent).
func (r Response) Moved() float64 {
	return min(r.SinkAbsent-r.SinkPresent, r.Trigger-r.Baseline)
}

// Score is Moved where the head writes more with the trigger than without, else 0: mass that moves
// between keys that both write nothing does nothing. It is 0 too where something to compare with is
// lacking.
func (r Response) Score() float64 {
	if moved := r.Moved(); moved > 0 && r.WritePresent > r.WriteAbsent {
		return moved
	}
	return 0
}

// tally adds up what a response is the mean of, so that documents can be drawn
// again without another look at them.
type tally struct {
	present, absent           float64
	sinkPresent, sinkAbsent   float64
	trigger                   float64
	argMaxSink, argMaxTrigger float64
	writePresent, writeAbsent float64
	found                     [MaxWindow + 1]float64 // triggers at each lag
	lagMass, lagQueries       [MaxWindow + 1]float64 // attention at each lag, where absent
}

// add takes in another tally, its lags up to window.
func (a *tally) add(b *tally, window int) {
	a.present += b.present
	a.absent += b.absent
	a.sinkPresent += b.sinkPresent
	a.sinkAbsent += b.sinkAbsent
	a.trigger += b.trigger
	a.argMaxSink += b.argMaxSink
	a.argMaxTrigger += b.argMaxTrigger
	a.writePresent += b.writePresent
	a.writeAbsent += b.writeAbsent
	for d := range window + 1 {
		a.found[d] += b.found[d]
		a.lagMass[d] += b.lagMass[d]
		a.lagQueries[d] += b.lagQueries[d]
	}
}

// response turns sums into means; a mean of nothing is NaN.
func (a *tally) response() Response {
	r := Response{
		Present: int(a.present), Absent: int(a.absent),
		SinkPresent: mean(a.sinkPresent, a.present), SinkAbsent: mean(a.sinkAbsent, a.absent),
		Trigger:       mean(a.trigger, a.present),
		ArgMaxSink:    mean(a.argMaxSink, a.absent),
		ArgMaxTrigger: mean(a.argMaxTrigger, a.present),
		WritePresent:  mean(a.writePresent, a.present), WriteAbsent: mean(a.writeAbsent, a.absent),
	}
	for d, n := range a.found {
		if n > 0 { // n/present triggers a present query at this lag
			r.Baseline += n / a.present * mean(a.lagMass[d], a.lagQueries[d])
		}
	}
	return r
}

func mean(sum, n float64) float64 {
	if n == 0 {
		return math.NaN()
	}
	return sum / n
}

// isLargest reports whether a weight of a row is its largest. Nothing is in a row of zeros.
func isLargest(weight, largest float32) bool { return weight > 0 && weight >= largest }

// totals adds up all queries of a head but the first, as if every one were
// absent. Most triggers are rare: taking the present queries out is what makes
// trying hundreds of triggers cheap.
func (d *Document) totals(layer, head int) tally {
	var a tally
	first, largest, write := d.First[layer][head], d.Max[layer][head], d.Write[layer][head]
	for t := 1; t < len(first); t++ {
		a.absent++
		a.sinkAbsent += float64(first[t])
		a.writeAbsent += float64(write[t])
		if isLargest(first[t], largest[t]) {
			a.argMaxSink++
		}
		for lag, x := range d.Recent[layer][head][t] {
			if lag < t { // at lag t lies the sink
				a.lagMass[lag] += float64(x)
				a.lagQueries[lag]++
			}
		}
	}
	return a
}

// move takes the queries at which a trigger is present from the absent side of a
// tally that holds them to the present side.
func (d *Document) move(a *tally, layer, head int, x Trigger, lags []uint64) {
	first, largest, write := d.First[layer][head], d.Max[layer][head], d.Write[layer][head]
	for t, found := range lags {
		if found == 0 {
			continue
		}
		row := d.Recent[layer][head][t]
		a.absent--
		a.present++
		a.sinkAbsent -= float64(first[t])
		a.sinkPresent += float64(first[t])
		a.writeAbsent -= float64(write[t])
		a.writePresent += float64(write[t])
		if isLargest(first[t], largest[t]) {
			a.argMaxSink--
		}
		for lag := x.From; lag <= min(x.To, t-1); lag++ {
			a.lagMass[lag] -= float64(row[lag])
			a.lagQueries[lag]--
		}
		isMax := 0.0
		for rest := found; rest != 0; rest &= rest - 1 {
			lag := bits.TrailingZeros64(rest)
			a.found[lag]++
			a.trigger += float64(row[lag])
			if isLargest(row[lag], largest[t]) {
				isMax = 1
			}
		}
		a.argMaxTrigger += isMax
	}
}
