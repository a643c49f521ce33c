package away_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/curves"
	"firsttoken/train"
	"firsttoken/train/bundle"
	"firsttoken/train/local"
	"firsttoken/train/store"
)

// A machine that has nothing: the bundle, read-only, a plugin, and a user of no name. All tests
// share it, as making a bundle takes its time.
type machine struct {
	root, bundle, plugin string
	other                bool // is the user another than the one who made the bundle?
	network              bool // could the network not be cut?
}

const nobody = 65534

// grid is of two contexts, two seeds and a text, and of updates that take a moment.
const grid = `{"preset": "smoke", "set": ["model.layers=1", "model.width=16", "model.heads=2", "model.kv_heads=1", "model.head_dim=8", "model.hidden=24",
  "budget_tokens=32768", "monitor.windows=4", "monitor.short_t=16", "monitor.steps=16", "checkpoint_steps=4", "data.gosource.commands=false",
  "data.tokenizer={\"kind\":\"bpe\",\"bpe\":{\"vocab\":300,\"max_bytes\":200000}}"],
  "axes": [["seed=1", "seed=2"], ["model.context=16", "model.context=32"]]}`

func newMachine(t *testing.T) *machine {
	t.Helper()
	plugin := local.CPUPlugin()
	if _, err := os.Stat(plugin); err != nil {
		t.Skip("no XLA plugin for the CPU is set up: ", err)
	}
	checkout, err := local.Root()
	require.NoError(t, err)
	// Not t.TempDir: its folders are closed to other users.
	root, err := os.MkdirTemp("", "bundle-*")
	require.NoError(t, err)
	t.Cleanup(func() { _ = filepath.WalkDir(root, open); require.NoError(t, os.RemoveAll(root)) })
	require.NoError(t, os.Chmod(root, 0o755))
	m := &machine{root: root, bundle: filepath.Join(root, "away", bundle.Name), plugin: filepath.Join(root, "pjrt_c_api_cpu_plugin.so"), other: os.Getuid() == 0}
	m.network = m.command("true").Run() != nil
	if m.network {
		t.Log("the network is not cut: unshare is not permitted here")
	}
	if !m.other {
		t.Log("the same user runs the bundle as made it: only root can be another")
	}
	if os.Link(plugin, m.plugin) != nil {
		require.NoError(t, os.Symlink(plugin, m.plugin))
	}
	file := filepath.Join(root, "tiny.json")
	require.NoError(t, os.WriteFile(file, []byte(grid), 0o644))
	list, err := bundle.Of(file)
	require.NoError(t, err)
	// As bundle.sh has it where Zig is set up, else with this system's compiler.
	cc := filepath.Join(checkout, ".tools", "zig", "cc")
	if _, err := os.Stat(cc); err != nil {
		cc = ""
	}
	archive, err := bundle.Make(context.Background(), bundle.Options{List: list, Checkout: checkout, Into: filepath.Join(root, "made"), CC: cc})
	require.NoError(t, err)
	// The grids that ship have more text, 9 MiB of it.
	info, err := os.Stat(archive)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(31<<20))
	require.NoError(t, os.Mkdir(filepath.Join(root, "away"), 0o755))
	out, err := exec.Command("tar", "xzf", archive, "-C", filepath.Join(root, "away")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, filepath.WalkDir(m.bundle, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.Type()&os.ModeSymlink != 0 {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		return os.Chmod(p, info.Mode().Perm()&^0o222)
	}))
	if cc != "" {
		requireOldGlibc(t, filepath.Join(m.bundle, "bin", "first-token"))
	}
	return m
}

func open(p string, e os.DirEntry, err error) error {
	if err == nil && e.IsDir() {
		return os.Chmod(p, 0o755)
	}
	return err
}

// command is one of the machine's: no network, no environment.
func (m *machine) command(name string, args ...string) *exec.Cmd {
	line := append([]string{"env", "-i", "PATH=" + filepath.Join(m.root, "bin") + ":/usr/bin:/bin", "GOMLX_BACKEND=xla:" + m.plugin,
		"XLA_FLAGS=--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true", name}, args...)
	if m.other {
		line = append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, line...)
	}
	switch {
	case m.network:
	case m.other:
		line = append([]string{"unshare", "--net"}, line...)
	default:
		line = append([]string{"unshare", "--map-root-user", "--net"}, line...)
	}
	return exec.Command(line[0], line[1:]...)
}

// out is a folder of results.
func (m *machine) out(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(m.root, strings.ReplaceAll(t.Name(), "/", "-"))
	require.NoError(t, os.Mkdir(dir, 0o755))
	if m.other {
		require.NoError(t, os.Chown(dir, nobody, nobody))
	}
	return dir
}

func (m *machine) run(out, minutes string, more ...string) *exec.Cmd {
	return m.command(filepath.Join(m.bundle, "run.sh"), append([]string{"-minutes", minutes, "-out", out}, more...)...)
}

// done counts the runs that are done and begun.
func done(t *testing.T, out string) (finished, begun int) {
	t.Helper()
	runs, err := store.List(filepath.Join(out, "runs"))
	require.NoError(t, err)
	for _, r := range runs {
		var result train.Result
		ok, err := r.Result(&result)
		require.NoError(t, err)
		all, err := r.Checkpoints()
		require.NoError(t, err)
		switch {
		case ok:
			finished++
		case len(all) > 0:
			begun++
		}
	}
	return finished, begun
}

// line is the one line of an error that a call ended with.
func line(t *testing.T, err error, stderr *bytes.Buffer) string {
	t.Helper()
	exit := new(exec.ExitError)
	require.True(t, errors.As(err, &exit), "%v", err)
	require.Equal(t, 1, exit.ExitCode(), stderr)
	require.Equal(t, 1, strings.Count(stderr.String(), "\n"), "one line: %s", stderr)
	return stderr.String()
}

func TestBundle(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes a bundle and trains in it: two minutes")
	}
	m := newMachine(t)
	// Whatever stops it, and whenever, the same call again ends with what one that was never
	// stopped ends with.
	t.Run("killed", m.killed)
	t.Run("out of time", m.outOfTime)
	t.Run("no plugin", m.noPlugin)
	t.Run("out of memory", m.outOfMemory)
	t.Run("out of disk", m.outOfDisk)
	t.Run("damaged", m.damaged)
}

// The whole way: killed at several moments, at last left alone, checked against one process that
// had no interruptions, and home.
func (m *machine) killed(t *testing.T) {
	out := m.out(t)
	for _, after := range []time.Duration{100 * time.Millisecond, 4 * time.Second, 9 * time.Second} {
		cmd := m.run(out, "5")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		require.NoError(t, cmd.Start())
		time.AfterFunc(after, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		_ = cmd.Wait()
	}
	text, err := m.run(out, "5").CombinedOutput()
	require.NoError(t, err, "%s", text)
	require.Contains(t, string(text), "all runs are done")
	finished, _ := done(t, out)
	require.Equal(t, 4, finished)
	report, err := os.ReadFile(filepath.Join(out, "report.md"))
	require.NoError(t, err)
	require.Regexp(t, `float32: right`, string(report))
	require.Regexp(t, `the grids', context 32, 0\.0 M parameters.*tokens/s`, string(report))
	again, err := m.run(out, "5").CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, string(again), "all runs are done")
	require.NotContains(t, string(again), "run ", "nothing is done twice")

	// Home: the runs have the results that they would have had here.
	into := filepath.Join(t.TempDir(), "runs")
	var said bytes.Buffer
	require.NoError(t, bundle.Import(out, into, &said), said.String())
	g, err := train.ReadGrid(filepath.Join(out, "grids", "tiny.json"))
	require.NoError(t, err)
	configs, err := g.Configs()
	require.NoError(t, err)
	states, err := train.Status(configs, into)
	require.NoError(t, err)
	for _, s := range states {
		require.NotNil(t, s.Result, s.Run)
		require.Equal(t, int64(32768), s.Result.Tokens)
	}
	require.Contains(t, said.String(), "grids/tiny.json: 4 of 4 runs are done")
	// As notebook 03 reads them.
	points, err := train.Points(states)
	require.NoError(t, err)
	set, err := curves.Load(points)
	require.NoError(t, err)
	require.Equal(t, []string{"16", "32"}, set.Values("model.context"))
	for _, length := range set.Values("model.context") {
		e, err := set.Where("model.context", length).Final(curves.Loss("bos+text@16"))
		require.NoError(t, err)
		require.InDelta(t, 4, e.Value, 2)
	}
	var p train.Provenance
	found, err := store.At(into, configs[0].ID()).Provenance(&p)
	require.NoError(t, err)
	require.True(t, found)
	require.NotContains(t, p.Backend, m.root, "results are shared")
	require.Contains(t, p.Backend, "pjrt_c_api_cpu_plugin.so")
	tokenizers, err := filepath.Glob(filepath.Join(out, "tokenizers", "*", "tokenizer.json"))
	require.NoError(t, err)
	require.Len(t, tokenizers, 1)
}

func (m *machine) outOfTime(t *testing.T) {
	out := m.out(t)
	for range 40 {
		text, err := m.run(out, "0.25").CombinedOutput()
		require.NoError(t, err, "%s", text)
		sums, err := bundle.ReadSums(out)
		require.NoError(t, err)
		require.NoError(t, sums.Check(out, ""), "what is there is whole")
		if finished, _ := done(t, out); finished > 0 {
			return // the rest is more of the same
		}
		require.Regexp(t, `the time is up|not known in time|not measured in time`, string(text))
	}
	t.Fatal("no run ended")
}

func (m *machine) noPlugin(t *testing.T) {
	out := m.out(t)
	for backend, want := range map[string]string{
		"":                    "no XLA plugin: name one",
		"xla:/nowhere/p.so":   "/nowhere/p.so",
		"xla:/etc/os-release": "damaged",
	} {
		cmd := m.run(out, "1")
		for i, arg := range cmd.Args {
			if strings.HasPrefix(arg, "GOMLX_BACKEND=") {
				cmd.Args[i] = "GOMLX_BACKEND=" + backend
			}
			if strings.HasPrefix(arg, "PATH=") { // no python3 either
				cmd.Args[i] = "PATH=" + m.tools(t)
			}
		}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		require.Contains(t, line(t, cmd.Run(), &stderr), want)
	}
}

// tools is a folder of the programs that run.sh needs.
func (m *machine) tools(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(m.root, "bin")
	for _, name := range []string{"sh", "dirname", "env"} {
		from, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(dir, 0o755))
		if err := os.Symlink(from, filepath.Join(dir, name)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	return dir
}

// Memory that runs out, here that of a process, ends one part with a line and leaves the others
// alone.
func (m *machine) outOfMemory(t *testing.T) {
	large := *m
	large.bundle = filepath.Join(m.root, "large")
	require.NoError(t, os.CopyFS(large.bundle, os.DirFS(m.bundle)))
	sums, err := bundle.ReadSums(large.bundle)
	require.NoError(t, err)
	const name = "grids/tiny.json"
	file := filepath.Join(large.bundle, name)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var g train.Grid
	require.NoError(t, json.Unmarshal(text, &g))
	g.Axes = [][]string{{"model.context=32"}, {"batch_tokens=4194304 budget_tokens=4194304", "batch_tokens=1024"}}
	text, err = json.Marshal(g)
	require.NoError(t, err)
	require.NoError(t, errors.Join(os.Remove(file), os.WriteFile(file, text, 0o644), sums.Add(large.bundle, name), os.Remove(filepath.Join(large.bundle, bundle.SumsFile)), sums.Write(large.bundle)))

	out := m.out(t)
	limited := large.run(out, "2")
	limited.Args = append([]string{"sh", "-c", `ulimit -v 2400000 && exec "$@"`, "sh"}, limited.Args...)
	limited.Path, err = exec.LookPath("sh")
	require.NoError(t, err)
	var stderr bytes.Buffer
	limited.Stderr = &stderr
	require.Contains(t, line(t, limited.Run(), &stderr), "out of memory")
	finished, _ := done(t, out)
	require.Equal(t, 1, finished, "the other run")
	report, err := os.ReadFile(filepath.Join(out, "report.md"))
	require.NoError(t, err)
	require.Regexp(t, `the grids'.*: out of memory`, string(report), "the speed of the larger one")
	require.Regexp(t, `run \w{16} of grid tiny failed: out of memory`, string(report))
}

func (m *machine) outOfDisk(t *testing.T) {
	out := m.out(t)
	if err := syscall.Mount("tmpfs", out, "tmpfs", 0, "size=3m,mode=0777"); err != nil {
		t.Skip("only root can make a small disk: ", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(out, syscall.MNT_DETACH)) })
	text, err := m.run(out, "2", "-bench").CombinedOutput()
	require.NoError(t, err, "%s", text)
	filler := filepath.Join(out, "filler")
	fill := func(keep int64) {
		require.NoError(t, os.RemoveAll(filler))
		var free syscall.Statfs_t
		require.NoError(t, syscall.Statfs(out, &free))
		require.NoError(t, os.WriteFile(filler, make([]byte, int64(free.Bavail)*free.Bsize-keep), 0o644))
	}
	fill(300 << 10)
	cmd := m.run(out, "2")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.Regexp(t, `the disk is full: .* make room and run it again`, line(t, cmd.Run(), &stderr))
	fill(0)
	cmd = m.run(out, "2")
	stderr.Reset()
	cmd.Stderr = &stderr
	require.Regexp(t, `no space left|disk is full`, line(t, cmd.Run(), &stderr))
	require.NoError(t, os.Remove(filler))
	cmd = m.run(out, "2")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	finished := 0
	for end := time.Now().Add(2 * time.Minute); finished == 0 && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		finished, _ = done(t, out)
	}
	require.NoError(t, syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)) // the rest is more of the same
	_ = cmd.Wait()
	require.NotZero(t, finished, "with room again it goes on")
}

// A bundle that was damaged on its way says so.
func (m *machine) damaged(t *testing.T) {
	out := m.out(t)
	list := filepath.Join(m.bundle, "grids", "tiny.json")
	was, err := os.ReadFile(list)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(list, 0o644))
	require.NoError(t, os.WriteFile(list, bytes.Replace(was, []byte("32768"), []byte("32769"), 1), 0o644))
	cmd := m.run(out, "1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.Contains(t, line(t, cmd.Run(), &stderr), "grids/tiny.json is damaged")
	require.NoError(t, os.WriteFile(list, was, 0o444))
	var g train.Grid
	require.NoError(t, json.Unmarshal(was, &g))
}
