package command

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJob(t *testing.T) {
	type env map[string]string
	for _, test := range []struct {
		name              string
		index, of         int
		env               env
		wantIndex, wantOf int
		problem           string
	}{
		{"no array", -1, 0, nil, 0, 0, ""},
		{"flags", 2, 3, env{"JOB_COMPLETION_INDEX": "1"}, 2, 3, ""},
		{"one job a run", 2, 0, nil, 2, 12, ""},
		{"Kubernetes", -1, 0, env{"JOB_COMPLETION_INDEX": "4"}, 4, 12, ""},
		{"Kubernetes, fewer jobs", -1, 5, env{"JOB_COMPLETION_INDEX": "4"}, 4, 5, ""},
		{"Slurm in steps", -1, 0, env{"SLURM_ARRAY_TASK_ID": "6", "SLURM_ARRAY_TASK_COUNT": "6", "SLURM_ARRAY_TASK_MIN": "2", "SLURM_ARRAY_TASK_STEP": "2"}, 2, 6, ""},
		{"Slurm between steps", -1, 0, env{"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "2", "SLURM_ARRAY_TASK_STEP": "2"}, 0, 0, "counts from 2 by 2"},
		{"Slurm", -1, 0, env{"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "6", "SLURM_ARRAY_TASK_MIN": "1"}, 2, 6, ""},
		{"no index", -1, 5, nil, 0, 0, "give -index"},
		{"no number", -1, 0, env{"JOB_COMPLETION_INDEX": "x"}, 0, 0, "index of the job"},
	} {
		t.Run(test.name, func(t *testing.T) {
			index, of, err := job(test.index, test.of, 12, func(name string) string { return test.env[name] })
			if test.problem != "" {
				require.ErrorContains(t, err, test.problem)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []int{test.wantIndex, test.wantOf}, []int{index, of})
		})
	}
}

func TestSweepOfAGrid(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: a training a run")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "grid.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"preset": "smoke", "set": ["data={\"kind\":\"backcopy\"}", "budget_tokens=1024"],
		"axes": [["model.layers=1"]]}`), 0o644))
	call := func(args ...string) string {
		var out bytes.Buffer
		args = append([]string{"-grid", file, "-set", "monitor.windows=4", "-axis", "seed=1; seed=2", "-store", dir, "-progress", "none"}, args...)
		require.NoError(t, sweep(context.Background(), args, func(string) string { return "" }, &out))
		return out.String()
	}
	require.Regexp(t, `^\w{16} not begun\n\w{16} not begun\n$`, call("-status"))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "asking makes nothing")
	require.Regexp(t, `^\w{16} done, .*\n$`, call("-index", "0", "-of", "2"))
	require.Regexp(t, `^\w{16} done, .*\n\w{16} not begun\n$`, call("-status"))
	require.Regexp(t, `^\w{16} done, .*\n\w{16} done, .*\n$`, call())
}
