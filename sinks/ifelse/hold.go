package ifelse

import (
	"fmt"
	"slices"

	"firsttoken/sinks/stats"
)

// Held is what is left of a found head on documents that the search has not seen:
// the numbers of its response there, each with its interval over documents.
type Held struct {
	Found         Found          `json:"found"` // with the response on these documents
	SinkAbsent    stats.Estimate `json:"sink_absent"`
	SinkPresent   stats.Estimate `json:"sink_present"`
	Trigger       stats.Estimate `json:"trigger"`
	Baseline      stats.Estimate `json:"baseline"`
	ArgMaxSink    stats.Estimate `json:"argmax_sink"`
	ArgMaxTrigger stats.Estimate `json:"argmax_trigger"`
	Moved         stats.Estimate `json:"moved"`
	Write         stats.Estimate `json:"write"` // mean write norm where present, divided by that where absent
}

// Hold measures a found head on those of other documents in which its trigger is present: queries
// with and without it are of the same texts, and these are what intervals resample. It fails if
// there is none.
func Hold(docs []Document, f Found, o stats.Options) (Held, error) {
	all := len(docs)
	docs = slices.DeleteFunc(slices.Clone(docs), func(d Document) bool { return len(f.Trigger.Places(d.Tokens)) == 0 })
	if len(docs) == 0 {
		return Held{}, fmt.Errorf("ifelse: %s is present in none of %d documents: use more texts", f.Trigger, all)
	}
	r, err := Measure(docs, f.Layer, f.Head, f.Trigger)
	if err != nil {
		return Held{}, err
	}
	f.Response = r
	h := Held{Found: f}
	shares, changes := o, o
	shares.Range, changes.Range = stats.Share, stats.ShareChange
	for _, number := range []struct {
		to *stats.Estimate
		of func(Response) float64
		o  stats.Options
	}{
		{&h.SinkAbsent, func(r Response) float64 { return r.SinkAbsent }, shares},
		{&h.SinkPresent, func(r Response) float64 { return r.SinkPresent }, shares},
		{&h.Trigger, func(r Response) float64 { return r.Trigger }, shares},
		{&h.Baseline, func(r Response) float64 { return r.Baseline }, shares},
		{&h.ArgMaxSink, func(r Response) float64 { return r.ArgMaxSink }, shares},
		{&h.ArgMaxTrigger, func(r Response) float64 { return r.ArgMaxTrigger }, shares},
		{&h.Moved, Response.Moved, changes},
		{&h.Write, func(r Response) float64 { return mean(r.WritePresent, r.WriteAbsent) }, o},
	} {
		if *number.to, err = Estimate(docs, f.Layer, f.Head, f.Trigger, number.of, number.o); err != nil {
			return Held{}, err
		}
	}
	return h, nil
}
