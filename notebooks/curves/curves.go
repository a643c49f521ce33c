// Package curves turns the stored curves of training runs into what a notebook draws and judges:
// means over seeds with Student's t intervals, at the end of training or along it.
//
// It reads files and imports no tensor library, so that cells which only plot link fast.
package curves

import (
	"errors"
	"fmt"
	"slices"

	"firsttoken/plots"
	"firsttoken/sinks/stats"
	"firsttoken/train/store"
)

// Set is a list of finished runs with their curves.
type Set struct {
	Points  []store.Point
	Records [][]store.Record // by run, in order of steps

	err error // what Where could not tell, for those who read the set
}

// Load reads the curves of the runs that train.Points names.
func Load(points []store.Point) (*Set, error) {
	s := &Set{Points: points}
	for _, p := range points {
		records, err := (&store.Run{ID: p.ID, Dir: p.Dir}).Curves()
		if err != nil {
			return nil, err
		}
		if len(records) == 0 {
			return nil, fmt.Errorf("curves: run %s has no curves in %s: run the cell that trains again", p.ID, p.Dir)
		}
		s.Records = append(s.Records, records)
	}
	return s, nil
}

// Where keeps the runs whose fields have these values, given in pairs: Where("model.context", "64",
// "packing.bos", "none"). A field or value that no run has gives an empty set, which Final and
// Series refuse. So they do where only some of the runs name a field: these come from sweeps that
// vary other things, and whether the others have the value is not known here.
func (s *Set) Where(pairs ...string) *Set {
	kept := &Set{err: s.err}
	for j := 0; j+1 < len(pairs); j += 2 {
		names := func(p store.Point) bool { _, ok := p.Fields[pairs[j]]; return ok }
		if i := slices.IndexFunc(s.Points, func(p store.Point) bool { return names(p) != names(s.Points[0]) }); i > 0 {
			kept.err = fmt.Errorf("curves: of runs %s and %s only one names the field %s: choose among the runs of each sweep before they are put together",
				s.Points[0].ID, s.Points[i].ID, pairs[j])
		}
	}
	for i, p := range s.Points {
		fits := true
		for j := 0; j+1 < len(pairs); j += 2 {
			value, ok := p.Fields[pairs[j]]
			fits = fits && ok && value == pairs[j+1]
		}
		if fits {
			kept.Points = append(kept.Points, p)
			kept.Records = append(kept.Records, s.Records[i])
		}
	}
	return kept
}

// Values lists the values of a field, in the order in which runs have them.
func (s *Set) Values(field string) []string {
	var values []string
	for _, p := range s.Points {
		if v, ok := p.Fields[field]; ok && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

// Until cuts the curves after that many tokens: at a constant rate what is left are the curves of
// runs with that budget, but that these are measured under more conditions at their end. A run with
// no record so early is left out.
func (s *Set) Until(tokens int64) *Set {
	cut := &Set{err: s.err}
	for i, records := range s.Records {
		n := len(records)
		for n > 0 && records[n-1].Tokens > tokens {
			n--
		}
		if n > 0 {
			cut.Points, cut.Records = append(cut.Points, s.Points[i]), append(cut.Records, records[:n])
		}
	}
	return cut
}

// Number is one number of a record, false if the record does not have it.
type Number func(r *store.Record) (float64, bool)

// of reads a number from the evaluation of a name.
func of(eval string, number func(e *store.Eval) float64) Number {
	return func(r *store.Record) (float64, bool) {
		e := r.Eval(eval)
		if e == nil {
			return 0, false
		}
		return number(e), true
	}
}

// SinkRate is the share of (text, layer, head) above the i-th ε of the configuration, in %.
func SinkRate(eval string, i int) Number {
	return of(eval, func(e *store.Eval) float64 { return 100 * e.SinkRate[i] })
}

// Loss is the held-out loss, in nats.
func Loss(eval string) Number { return of(eval, func(e *store.Eval) float64 { return e.Loss }) }

// LargestScore is the largest sink score of any head.
func LargestScore(eval string) Number {
	return of(eval, func(e *store.Eval) float64 { score, _, _ := e.Largest(); return score })
}

// ValueRatio is ‖v_1‖ / mean_j ‖v_j‖ of the head with the largest sink score (of the key/value head
// it reads). Along a training that may be one head now and another later; [Head] follows one.
func ValueRatio(eval string) Number {
	return of(eval, func(e *store.Eval) float64 { _, l, h := e.Largest(); return valueRatio(e, l, h) })
}

// Head is the sink score of head h of layer l, both counted from 0, and ‖v_1‖ / mean_j ‖v_j‖ of the
// key/value head it reads.
func Head(eval string, l, h int) (score, ratio Number) {
	return of(eval, func(e *store.Eval) float64 { return e.SinkScore[l][h] }), of(eval, func(e *store.Eval) float64 { return valueRatio(e, l, h) })
}

func valueRatio(e *store.Eval, l, h int) float64 {
	return e.ValueRatio[l][h*len(e.ValueRatio[l])/len(e.SinkScore[l])]
}

// ResidPeak is max_t ‖x_t‖ / mean_t ‖x_t‖ after the last block.
func ResidPeak(eval string) Number {
	return of(eval, func(e *store.Eval) float64 { return e.ResidPeak[len(e.ResidPeak)-1] })
}

// First is the number of each run at initialisation.
func (s *Set) First(number Number) ([]float64, error) {
	return s.each(number, func(records []store.Record) *store.Record { return &records[0] })
}

// Last is the number at the end of each run.
func (s *Set) Last(number Number) ([]float64, error) {
	return s.each(number, func(records []store.Record) *store.Record { return &records[len(records)-1] })
}

func (s *Set) each(number Number, pick func([]store.Record) *store.Record) ([]float64, error) {
	if err := s.readable(); err != nil {
		return nil, err
	}
	var x []float64
	for i, records := range s.Records {
		v, ok := number(pick(records))
		if !ok {
			return nil, s.notEvaluated(i, pick(records))
		}
		x = append(x, v)
	}
	return x, nil
}

// notEvaluated says that run i lacks a number, and what a record of it has.
func (s *Set) notEvaluated(i int, r *store.Record) error {
	return fmt.Errorf("curves: run %s was not evaluated so: its evaluations are %q", s.Points[i].ID, names(r))
}

// readable says why nothing can be read from a set.
func (s *Set) readable() error {
	if s.err == nil && len(s.Records) == 0 {
		return errNoRuns
	}
	return s.err
}

var errNoRuns = errors.New("curves: no runs: does a field or value given to Where exist?")

// Crossing is the share of its tokens, in %, after which each run's number first exceeds a bound;
// 100 for a run in which it never does.
func (s *Set) Crossing(number Number, bound float64) ([]float64, error) {
	if err := s.readable(); err != nil {
		return nil, err
	}
	var x []float64
	for run, records := range s.Records {
		share, measured := 100.0, false
		for i := range records {
			v, ok := number(&records[i])
			measured = measured || ok
			if ok && v > bound {
				share = 100 * float64(records[i].Tokens) / float64(records[len(records)-1].Tokens)
				break
			}
		}
		if !measured {
			return nil, s.notEvaluated(run, &records[len(records)-1])
		}
		x = append(x, share)
	}
	return x, nil
}

// Final is the mean over runs of the number at their end, with its 95 % t interval.
func (s *Set) Final(number Number) (stats.Estimate, error) {
	x, err := s.Last(number)
	if err != nil {
		return stats.Estimate{}, err
	}
	return stats.Repeats(x, stats.Options{})
}

// FinalShare is Final for a number in % of a whole, such as a sink rate: its interval stays within
// [0, 100], and runs that all have the same rate, none for example, have one too.
func (s *Set) FinalShare(number Number) (stats.Estimate, error) {
	x, err := s.Last(number)
	if err != nil {
		return stats.Estimate{}, err
	}
	return stats.Repeats(x, stats.Options{Range: stats.Percent})
}

// Exceeding is the share of runs, in %, whose number exceeds a bound at their end, with the
// interval of Clopper and Pearson: of 5 runs without a sink, 0 [0, 52] %.
func (s *Set) Exceeding(number Number, bound float64) (stats.Estimate, error) {
	x, err := s.Last(number)
	if err != nil {
		return stats.Estimate{}, err
	}
	return Share(x, bound)
}

// Share is the same of numbers that were read before, such as those at initialisation
// ([Set.First]).
func Share(x []float64, bound float64) (stats.Estimate, error) {
	k := 0
	for _, v := range x {
		if v > bound {
			k++
		}
	}
	e, err := stats.ClopperPearson(k, len(x), stats.Options{})
	return e.Scale(100), err
}

// Series is the mean over runs by millions of tokens read, with the smallest and the largest run as
// band. Runs must have been evaluated at the same tokens. Records that lack the number are left
// out.
func (s *Set) Series(name string, number Number) (plots.Series, error) {
	series := plots.Series{Name: name}
	if err := s.readable(); err != nil {
		return series, err
	}
	for at := range s.Records[0] {
		var x []float64
		for i, records := range s.Records {
			if at >= len(records) || records[at].Tokens != s.Records[0][at].Tokens {
				return series, fmt.Errorf("curves: runs %s and %s were evaluated at different tokens", s.Points[0].ID, s.Points[i].ID)
			}
			if v, ok := number(&records[at]); ok {
				x = append(x, v)
			}
		}
		if len(x) != len(s.Records) {
			continue
		}
		mean, err := stats.Repeats(x, stats.Options{})
		if err != nil {
			return series, err
		}
		series.X = append(series.X, float64(s.Records[0][at].Tokens)/1e6)
		series.Y = append(series.Y, mean.Value)
		series.Lo, series.Hi = append(series.Lo, slices.Min(x)), append(series.Hi, slices.Max(x))
	}
	if len(s.Records) == 1 {
		series.Lo, series.Hi = nil, nil
	}
	return series, nil
}

// ByPosition is the mean over runs of the loss at the end of training by position, in the bins in
// which runs keep it: X is the middle of each bin, counted from 1. Bins without a target are left
// out.
func (s *Set) ByPosition(name, eval string) (plots.Series, error) {
	series := plots.Series{Name: name}
	for bin := 0; ; bin++ {
		bins, t, empty := 0, 0, false
		x, err := s.Last(func(r *store.Record) (float64, bool) {
			e := r.Eval(eval)
			if e == nil {
				return 0, false
			}
			bins, t = len(e.LossAt), e.T
			loss, ok := e.LossIn(min(bin, bins-1))
			empty = empty || !ok
			return loss, true
		})
		if err != nil || bin >= bins {
			return series, err
		}
		if empty {
			continue
		}
		mean, err := stats.Repeats(x, stats.Options{})
		if err != nil {
			return series, err
		}
		lo, hi := bin*t/bins, (bin+1)*t/bins
		series.X = append(series.X, float64(lo+1+hi)/2)
		series.Y = append(series.Y, mean.Value)
	}
}

func names(r *store.Record) []string {
	var all []string
	for _, e := range r.Evals {
		all = append(all, e.Name)
	}
	return all
}
