package synthetic_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"firsttoken/train/corpus/synthetic"
)

func backcopy(t testing.TB, cfg synthetic.BackcopyConfig) *synthetic.Backcopy {
	t.Helper()
	task, err := synthetic.NewBackcopy(cfg)
	require.NoError(t, err)
	return task
}

func TestBackcopyFollowsItsRule(t *testing.T) {
	cfg := synthetic.DefaultBackcopyConfig()
	task := backcopy(t, cfg)
	require.Equal(t, 65, task.V())
	for _, bos := range []bool{false, true} {
		triggers := 0
		for n := range uint64(200) {
			tokens, targets := make([]int32, 50), make([]int32, 50)
			task.Draw(rand.New(rand.NewPCG(1, n)), bos, tokens, targets)
			for i, id := range tokens {
				require.Equal(t, bos && i == 0, id == task.BOS())
				if i > 0 {
					require.Equal(t, targets[i-1], id, "targets are the tokens shifted by one")
				}
				if task.Trigger(id) {
					triggers++
					require.Positive(t, i, "no sequence starts with a trigger")
					require.Equal(t, tokens[i-1], targets[i], "after a trigger the token before it comes again")
					require.False(t, task.Trigger(targets[i]))
				}
			}
			require.NotContains(t, targets, task.BOS())
		}
		require.Greater(t, triggers, 500)
	}
}

// The oracle's loss is that of the probabilities: against the frequencies of a long run, whatever
// made them.
func TestBackcopyOracleLoss(t *testing.T) {
	for _, c := range []struct {
		cfg synthetic.BackcopyConfig
		bos bool
	}{
		{synthetic.BackcopyConfig{Tokens: 6, Triggers: 2, Peak: 1, Seed: 3}, true},
		{synthetic.BackcopyConfig{Tokens: 6, Triggers: 2, Peak: 1, Seed: 3}, false},
		{synthetic.BackcopyConfig{Tokens: 5, Triggers: 0, Peak: 2, Seed: 4}, true},
		{synthetic.BackcopyConfig{Tokens: 4, Triggers: 3, Peak: 0, Seed: 5}, true},
	} {
		task := backcopy(t, c.cfg)
		const length, sequences = 8, 40_000
		// Empirical conditional entropy of the target given all that the mechanism lets it depend
		// on.
		counts := map[[2]int32]map[int32]float64{}
		total := 0.0
		rng := rand.New(rand.NewPCG(9, 9))
		tokens, targets := make([]int32, length), make([]int32, length)
		for range sequences {
			task.Draw(rng, c.bos, tokens, targets)
			for i := range tokens {
				state := [2]int32{-1, tokens[i]}
				if task.Trigger(tokens[i]) {
					state[0] = tokens[i-1]
				}
				if counts[state] == nil {
					counts[state] = map[int32]float64{}
				}
				counts[state][targets[i]]++
				total++
			}
		}
		loss := 0.0
		for _, next := range counts {
			sum := 0.0
			for _, n := range next {
				sum += n
			}
			for _, n := range next {
				loss -= n * math.Log(n/sum) / total
			}
		}
		require.InDelta(t, loss, task.OracleLoss(c.bos, length), 0.005, "%+v", c)
	}
}

func TestBackcopyOracleLossByHand(t *testing.T) {
	// Uniform over 4 tokens without triggers: log 4 everywhere.
	task := backcopy(t, synthetic.BackcopyConfig{Tokens: 4})
	require.InDelta(t, math.Log(4), task.OracleLoss(false, 7), 1e-12)
	require.InDelta(t, math.Log(4), task.OracleLoss(true, 7), 1e-12)
	// One plain token, three triggers, uniform: plain (log 4), then with probability 3/4 a trigger
	// (0), and so on. P(plain) = 1, 1/4, 1/4·1/4 + 3/4 = 13/16.
	task = backcopy(t, synthetic.BackcopyConfig{Tokens: 4, Triggers: 3})
	require.InDelta(t, math.Log(4)*(1+0.25+13.0/16)/3, task.OracleLoss(false, 3), 1e-12)
	require.InDelta(t, math.Log(4)*(1+0.25)/3, task.OracleLoss(true, 3), 1e-12, "⟨bos⟩ is followed by the one plain token for sure")
}

func TestPeakLowersEntropy(t *testing.T) {
	last := math.Inf(1)
	for _, peak := range []float64{0, 1, 2, 4, 8} {
		loss := backcopy(t, synthetic.BackcopyConfig{Tokens: 64, Triggers: 16, Peak: peak, Seed: 1}).OracleLoss(false, 64)
		require.Less(t, loss, last)
		last = loss
	}
}

func TestTriggerMeanFollowsItsRule(t *testing.T) {
	task, err := synthetic.NewTriggerMean(synthetic.DefaultTriggerMeanConfig())
	require.NoError(t, err)
	asked, classes := 0, map[int32]bool{}
	for n := range uint64(200) {
		for _, bos := range []bool{false, true} {
			tokens, targets := make([]int32, 64), make([]int32, 64)
			task.Draw(rand.New(rand.NewPCG(2, n)), bos, tokens, targets)
			sum, values := 0.0, 0.0
			for i, id := range tokens {
				require.Equal(t, bos && i == 0, id == task.BOS())
				require.True(t, id >= 0 && int(id) < task.V() && id != task.Zero())
				if id != task.Trigger() {
					require.Equal(t, task.Zero(), targets[i])
					if id != task.BOS() {
						sum, values = sum+float64(id), values+1
					}
					continue
				}
				asked++
				classes[targets[i]] = true
				require.EqualValues(t, math.Floor(sum/values+0.5), targets[i])
			}
		}
	}
	require.InDelta(t, 0.125, float64(asked)/(400*64), 0.01)
	require.Greater(t, len(classes), 25, "the answers differ between sequences")
	require.Zero(t, task.OracleLoss(true, 64))
}

// With Peak, values ask for a level too, with the promised entropy given the value, whatever the
// sequence's centre is.
func TestTriggerMeanPeak(t *testing.T) {
	const length, sequences = 33, 30_000
	cfg := synthetic.DefaultTriggerMeanConfig()
	cfg.Peak = 1.5
	task, err := synthetic.NewTriggerMean(cfg)
	require.NoError(t, err)
	counts := make([][]float64, cfg.Levels)
	for x := range counts {
		counts[x] = make([]float64, cfg.Levels)
	}
	for n := range uint64(sequences) {
		tokens, targets := make([]int32, length), make([]int32, length)
		task.Draw(rand.New(rand.NewPCG(3, n)), true, tokens, targets)
		require.Equal(t, task.Zero(), targets[0], "at ⟨bos⟩")
		for i, id := range tokens {
			if int(id) < cfg.Levels {
				counts[id][targets[i]]++
			}
		}
	}
	loss := 0.0 // Σ −n(x,y) log n(x,y)/n(x): what the counts themselves would predict best
	for _, row := range counts {
		n := floats.Sum(row)
		for _, k := range row {
			if k > 0 {
				loss -= k * math.Log(k/n)
			}
		}
	}
	require.InEpsilon(t, task.OracleLoss(true, length), loss/length/sequences, 0.005)
	require.Less(t, task.OracleLoss(true, length), math.Log(float64(cfg.Levels)))
	require.Zero(t, task.OracleLoss(true, 1))
}

// The mean of a long sequence is one number for all of them with a common centre, and any without.
func TestTriggerMeanCentre(t *testing.T) {
	for _, common := range []bool{false, true} {
		cfg := synthetic.DefaultTriggerMeanConfig()
		cfg.Common = common
		task, err := synthetic.NewTriggerMean(cfg)
		require.NoError(t, err)
		var means []float64
		for n := range uint64(200) {
			tokens, targets := make([]int32, 1024), make([]int32, 1024)
			task.Draw(rand.New(rand.NewPCG(4, n)), false, tokens, targets)
			var values []float64
			for _, id := range tokens {
				if id != task.Trigger() {
					values = append(values, float64(id))
				}
			}
			means = append(means, stat.Mean(values, nil))
		}
		if common {
			require.InDelta(t, 15.5, stat.Mean(means, nil), 0.1)
			require.Less(t, stat.StdDev(means, nil), 0.3)
		} else {
			require.Greater(t, stat.StdDev(means, nil), 5.0)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		change func(*synthetic.BackcopyConfig)
		says   string
	}{
		{func(c *synthetic.BackcopyConfig) { c.Tokens = 1 }, "Tokens is 1"},
		{func(c *synthetic.BackcopyConfig) { c.Tokens = 1 << 20 }, "Tokens is 1048576"},
		{func(c *synthetic.BackcopyConfig) { c.Triggers = 64 }, "Triggers is 64 of 64"},
		{func(c *synthetic.BackcopyConfig) { c.Triggers = -1 }, "Triggers is -1"},
		{func(c *synthetic.BackcopyConfig) { c.Peak = math.NaN() }, "Peak is NaN"},
		{func(c *synthetic.BackcopyConfig) { c.Peak = 1e9 }, "Peak is 1e+09"},
	} {
		cfg := synthetic.DefaultBackcopyConfig()
		c.change(&cfg)
		_, err := synthetic.NewBackcopy(cfg)
		require.ErrorContains(t, err, c.says)
	}
	for _, c := range []struct {
		change func(*synthetic.TriggerMeanConfig)
		says   string
	}{
		{func(c *synthetic.TriggerMeanConfig) { c.Levels = 1 }, "Levels is 1"},
		{func(c *synthetic.TriggerMeanConfig) { c.Rate = 0 }, "Rate is 0"},
		{func(c *synthetic.TriggerMeanConfig) { c.Spread = math.NaN() }, "Spread is NaN"},
		{func(c *synthetic.TriggerMeanConfig) { c.Peak = -1 }, "Peak is -1"},
	} {
		cfg := synthetic.DefaultTriggerMeanConfig()
		c.change(&cfg)
		_, err := synthetic.NewTriggerMean(cfg)
		require.ErrorContains(t, err, c.says)
	}
}

// Letters for tokens, capitals for triggers, ^ for ⟨bos⟩: after a capital comes the letter before
// it.
func ExampleBackcopy() {
	task, err := synthetic.NewBackcopy(synthetic.BackcopyConfig{Tokens: 8, Triggers: 2, Peak: 1, Seed: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens, targets := make([]int32, 40), make([]int32, 40)
	task.Draw(rand.New(rand.NewPCG(1, 1)), true, tokens, targets)
	for _, id := range tokens {
		fmt.Printf("%c", []rune("abcdefXY^")[id])
	}
	fmt.Printf("\nloss of a perfect model: %.3f nats, of a uniform guess: %.3f\n", task.OracleLoss(true, 40), math.Log(8))
	// Output:
	// ^fYfYfYfYfYfYfYfYfXfeebeXeeXecdeXebbcXcd
	// loss of a perfect model: 1.274 nats, of a uniform guess: 2.079
}

// Numbers are values, ? is the trigger, and the second line what is asked for.
func ExampleTriggerMean() {
	task, err := synthetic.NewTriggerMean(synthetic.TriggerMeanConfig{Levels: 10, Rate: 0.25, Spread: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens, targets := make([]int32, 30), make([]int32, 30)
	task.Draw(rand.New(rand.NewPCG(1, 2)), true, tokens, targets)
	for _, ids := range [][]int32{tokens, targets} {
		for _, id := range ids {
			fmt.Printf("%c", []rune("0123456789?·^")[id])
		}
		fmt.Println()
	}
	// Output:
	// ^640947?875977764??67?7788667?
	// ·······5·········66··6·······6
}
