package away

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/klog/v2"

	"firsttoken/train"
	"firsttoken/train/local/backend"
)

// Speed is how fast updates of one configuration go on one device.
type Speed struct {
	Model           string   `json:"model"`          // name and size
	Way             []string `json:"way"`            // how its updates are cut up
	Grid            bool     `json:"grid,omitempty"` // of the grids' models
	TokensPerSecond float64  `json:"tokens_per_second,omitempty"`
	// FLOPs is the model's work in a second (train.Config.Utilisation); Peak the device's, 0 where
	// it is not known.
	FLOPs float64 `json:"flops,omitempty"`
	Peak  float64 `json:"peak,omitempty"`
	GPU   string  `json:"gpu,omitempty"`
	// Compile is the time until the first update was done, in seconds, Memory what XLA says that
	// the compiled update takes.
	Compile float64 `json:"compile_seconds,omitempty"`
	Memory  string  `json:"memory,omitempty"`
	Updates int     `json:"updates,omitempty"` // measured
	Failed  string  `json:"failed,omitempty"`  // why there is no speed
}

// Utilisation is the share of the device's peak, 0 where that is not known.
func (s *Speed) Utilisation() float64 {
	if s.Peak == 0 {
		return 0
	}
	return s.FLOPs / s.Peak
}

// measured is how long updates are timed after the first.
const measured = 3 * time.Second

// SpeedCommand measures the updates of a configuration, on drawn tokens, and prints a Speed: a
// process of its own.
func SpeedCommand(_ context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("speed", flag.ContinueOnError)
	file := flags.String("config", "", "file with the configuration")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c, err := train.ReadConfig(*file)
	if err != nil {
		return err
	}
	memory := watchMemory()
	b, _, err := backend.Open()
	if err != nil {
		return err
	}
	u, err := train.NewUpdater(b, c)
	if err != nil {
		return err
	}
	defer u.Close()
	var s Speed
	s.Peak, s.GPU = train.DevicePeak(b)
	stream := randomStream{t: c.Model.Context, v: c.Model.Vocab}
	began := time.Now()
	if _, err := u.Run(stream, 1); err != nil {
		return err
	}
	s.Compile, s.Memory = time.Since(began).Seconds(), memory()
	// The first calls are short, and each leaves the feed's start behind it.
	for n := 2; ; n *= 4 {
		began = time.Now()
		if _, err := u.Run(stream, n); err != nil {
			return err
		}
		took := time.Since(began)
		s.Updates, s.TokensPerSecond = n, float64(n)*float64(c.BatchTokens)/took.Seconds()
		if took > measured/4 {
			break
		}
	}
	s.FLOPs = s.TokensPerSecond * c.Model.FLOPsPerToken(c.Model.Context)
	return json.NewEncoder(out).Encode(s)
}

// usage is what GoMLX logs of each compiled graph.
var usage = regexp.MustCompile(`On Device: \[([^]]*)\]`)

// watchMemory keeps GoMLX's log and returns what it says that the largest compiled graph takes.
func watchMemory() func() string {
	var log bytes.Buffer
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	for name, value := range map[string]string{"v": "1", "logtostderr": "false", "stderrthreshold": "FATAL"} {
		_ = flags.Set(name, value)
	}
	klog.SetOutput(&log)
	return func() string {
		klog.Flush()
		largest := ""
		for _, m := range usage.FindAllStringSubmatch(log.String(), -1) {
			if len(m[1]) > 0 && temporary(m[1]) >= temporary(largest) {
				largest = m[1]
			}
		}
		return largest
	}
}

var (
	temporaryOf = regexp.MustCompile(`Temporary:\s*([\d.]+)\s*([kKMGT]?)i?B`)
	units       = map[string]float64{"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
)

// temporary is the temporary memory of a line of GoMLX's, −1 where it has none.
func temporary(text string) float64 {
	m := temporaryOf.FindStringSubmatch(text)
	if m == nil {
		return -1
	}
	var n float64
	if _, err := fmt.Sscan(m[1], &n); err != nil {
		return -1
	}
	return n * units[m[2]]
}

// trial is a configuration whose speed is to be measured.
type trial struct {
	Speed
	config train.Config
}

// trials lists what is measured: the likeliest way of the grids and of each size first, since time
// may end.
func (s *site) trials() ([]trial, error) {
	var all [][]trial
	sizes := s.list.Speeds
	var r Right
	if s.read("right.json", &r); r.GPU == "" {
		sizes = nil // they are a GPU's size
	}
	c, err := s.costliest()
	if err != nil {
		return nil, err
	}
	var own []trial
	ways := s.list.Ways
	if len(ways) == 0 {
		ways = [][]string{nil}
	}
	for _, way := range ways {
		as, err := c.Set(way...)
		if err != nil {
			return nil, err
		}
		own = append(own, trial{Speed{Model: fmt.Sprintf("the grids', context %d", c.Model.Context), Way: way, Grid: true}, as})
	}
	all = append(all, own)
	for _, size := range sizes {
		configs, err := size.Configs()
		if err != nil {
			return nil, err
		}
		var own []trial
		for i, c := range configs {
			own = append(own, trial{Speed{Model: size.Name, Way: size.Ways[i]}, c})
		}
		all = append(all, own)
	}
	var turns []trial
	for i := 0; ; i++ {
		before := len(turns)
		for _, own := range all {
			if i < len(own) {
				turns = append(turns, own[i])
			}
		}
		if len(turns) == before {
			break
		}
	}
	for i := range turns {
		turns[i].Model += fmt.Sprintf(", %.1f M parameters", float64(turns[i].config.Model.Parameters())/1e6)
	}
	return turns, nil
}

// costliest is the run of the first grid with the longest context: what fits there fits everywhere
// in it. Its vocabulary is filled in, since nothing is read.
func (s *site) costliest() (train.Config, error) {
	configs, err := s.list.Grids[0].Grid.Configs()
	if err != nil {
		return train.Config{}, err
	}
	c := slices.MaxFunc(configs, func(a, b train.Config) int { return a.Model.Context - b.Model.Context })
	if c.Model.Vocab == 0 {
		c.Model.Vocab, err = vocabulary(c)
	}
	return c, err
}

// speed is part 2. It ends when all is measured or a quarter of the time, at most 90 s, is used up;
// what remains is measured in a later call. The first speed of the grids may take all the time if
// budgets follow from it: they are chosen once.
func (s *site) speed(ctx context.Context) error {
	trials, err := s.trials()
	if err != nil || len(trials) == 0 {
		return err
	}
	return s.alone("speed", func() error {
		var known []Speed
		s.read("speed.json", &known)
		until := time.Now().Add(min(90*time.Second, s.left()/4))
		for _, t := range trials {
			have := func(k Speed) bool { return k.Model == t.Model && slices.Equal(k.Way, t.Way) }
			if slices.ContainsFunc(known, have) || ctx.Err() != nil {
				continue
			}
			if time.Until(until) < 3*time.Second {
				break
			}
			if len(known) == 0 {
				s.say("how fast is it?")
			}
			limit := until
			needed := t.Grid && s.adapts() && !slices.ContainsFunc(known, func(k Speed) bool { return k.Grid })
			if needed {
				limit = s.deadline
			}
			got, err := s.trial(ctx, t, limit)
			if needed && errors.Is(err, errTimeUp) {
				return errNoTime
			}
			if errors.Is(err, errTimeUp) {
				s.say("  %s, %s: not measured in time", t.Model, strings.Join(t.Way, " "))
				break
			}
			if err != nil {
				return err
			}
			known = append(known, got)
			s.say("  %s", got.line())
			if err := s.write("speed.json", known); err != nil {
				return err
			}
		}
		return nil
	})
}

// trial measures one configuration; one that fails, for lack of memory say, is an answer too.
func (s *site) trial(ctx context.Context, t trial, until time.Time) (Speed, error) {
	name := "speed-" + t.config.ID()
	file := filepath.Join(s.Out, "log", name+".json")
	text, err := json.Marshal(t.config)
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		return t.Speed, unwritten(err)
	}
	out, err := s.child(ctx, until, name, "speed", "-config", file)
	got := t.Speed
	switch {
	case errors.Is(err, errTimeUp):
		return got, err
	case err != nil:
		got.Failed = err.Error()
		return got, nil
	}
	if err := json.Unmarshal(out, &got); err != nil {
		return got, fmt.Errorf("%s: %w", name, err)
	}
	got.Model, got.Way, got.Grid = t.Model, t.Way, t.Grid
	return got, nil
}

// adapts reports whether any grid's budget follows from the speed.
func (s *site) adapts() bool {
	return slices.ContainsFunc(s.list.Grids, func(e entry) bool { return e.Adapts() })
}

// line says what was measured.
func (s *Speed) line() string {
	what := s.Model + ", " + strings.Join(s.Way, " ")
	if s.Failed != "" {
		return what + ": " + s.Failed
	}
	used := "peak not known"
	if s.Peak > 0 {
		used = fmt.Sprintf("%.1f %% of the %.0f TFLOP/s of a %s", 100*s.Utilisation(), s.Peak/1e12, s.GPU)
	}
	return fmt.Sprintf("%s: %.0f tokens/s, %s; compiled in %.0f s; memory %s", what, s.TokensPerSecond, used, s.Compile, s.Memory)
}
