package main

import (
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
)

// commandEnv makes the test's executable the command itself, for what a process
// does only once.
const commandEnv = "SINKSCAN_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandEnv) != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestUsageErrors(t *testing.T) {
	for _, c := range []struct {
		want string
		args []string
	}{
		{"give exactly one of -text, -prompt and -ids", []string{}},
		{"give exactly one of -text, -prompt and -ids", []string{"-text", "a", "-ids", "b"}},
		{"flag provided but not defined: -txt", []string{"-txt", "a"}},
		{"flag needs an argument: -text", []string{"-text"}},
		{`unexpected argument "b": options begin with a dash`, []string{"-text", "a", "b"}},
		{"-model is empty: give it a value or leave it out", []string{"-model", "", "-text", "a"}},
		{"-text is empty", []string{"-text", ""}},
		{"-ids is empty", []string{"-ids", ""}},
		{"-bos-token is empty", []string{"-prompt", "a", "-bos-token", ""}},
		{"-trace is empty", []string{"-prompt", "a", "-trace", ""}},
		{"-T -1: must be 0 (all) or more", []string{"-prompt", "a", "-T", "-1"}},
		{`invalid value "x" for flag -T`, []string{"-prompt", "a", "-T", "x"}},
		{"-per-document needs -ids: a text is one document", []string{"-prompt", "a", "-per-document"}},
		{"-special is about text; -ids are fed as they are", []string{"-ids", "a", "-special"}},
		{"-trace saves a single document: leave out -per-document", []string{"-ids", "a", "-per-document", "-trace", "t"}},
		{"-trace needs a forward pass: leave out -tokenize", []string{"-prompt", "a", "-tokenize", "-trace", "t"}},
		{`-bos: tokenizer: BOS policy "yes"; valid are "keep", "none"`, []string{"-prompt", "a", "-bos", "yes"}},
		{`-weights = "int8": must be float32 or bfloat16`, []string{"-prompt", "a", "-weights", "int8"}},
		{`-compute = "tf32": must be float32 or bfloat16`, []string{"-prompt", "a", "-compute", "tf32"}},
		{`-eps: "1" is not a threshold: give numbers in [0, 1)`, []string{"-prompt", "a", "-eps", "0.3,1"}},
		{`-eps: "" is not a threshold`, []string{"-prompt", "a", "-eps", ""}},
		{`-eps: "NaN" is not a threshold`, []string{"-prompt", "a", "-eps", "NaN"}},
	} {
		t.Run(c.want, func(t *testing.T) {
			status, out, errs := sinkscan("", c.args...)
			require.Equal(t, 2, status)
			require.Empty(t, out)
			require.Contains(t, errs, c.want)
			require.Equal(t, 2, strings.Count(errs, "\n"), "one line, and where help is: %s", errs)
			require.Contains(t, errs, "sinkscan -help")
		})
	}
}

func TestHelp(t *testing.T) {
	status, out, errs := sinkscan("", "-help")
	require.Zero(t, status)
	require.Empty(t, out)
	require.Contains(t, errs, "usage: sinkscan -model MODEL (-text FILE | -prompt TEXT | -ids FILE.json)")
	require.Contains(t, errs, "-bos policy")
}

func TestFailures(t *testing.T) {
	model := tiny.Model(t, nil)
	nan := tiny.Model(t, func(name string, flat []float32) {
		if name == "layers.1.key" {
			flat[5] = float32(math.NaN())
		}
	})
	noBOS := tiny.Model(t, nil)
	require.NoError(t, os.Remove(filepath.Join(noBOS, "tokenizer_config.json")))
	empty, absent := file(t, "empty.txt", ""), filepath.Join(t.TempDir(), "absent.txt")
	ids := func(text string) string { return file(t, "ids.json", text) }
	long := strings.Repeat("a", tiny.Context+1)
	for name, c := range map[string]struct {
		want []string // parts of the message
		args []string
	}{
		"missing file":       {[]string{"absent.txt", "no such file"}, []string{"-text", absent}},
		"missing ids":        {[]string{"absent.txt", "no such file"}, []string{"-ids", absent}},
		"folder as text":     {[]string{"is a directory"}, []string{"-text", model}},
		"empty file":         {[]string{"empty.txt is empty: there is nothing to measure"}, []string{"-text", empty}},
		"empty prompt":       {[]string{"the prompt is empty: there is nothing to measure"}, []string{"-prompt", ""}},
		"not UTF-8":          {[]string{"not valid UTF-8", "-ids"}, []string{"-text", file(t, "latin1.txt", "caf\xe9")}},
		"not JSON":           {[]string{"ids.json: ", "must be a JSON list of token-id lists, such as [[504,3575]"}, []string{"-ids", ids("[[1,2]")}},
		"text after JSON":    {[]string{"must be a JSON list"}, []string{"-ids", ids("[[1]] [[2]]")}},
		"flat list":          {[]string{"must be a JSON list of token-id lists"}, []string{"-ids", ids("[1,2]")}},
		"null id":            {[]string{"document 2: token 2 is null"}, []string{"-ids", ids("[[1],[1,null]]")}},
		"fractional id":      {[]string{"must be a JSON list"}, []string{"-ids", ids("[[1.5]]")}},
		"id beyond 32 bits":  {[]string{"must be a JSON list"}, []string{"-ids", ids("[[3000000000]]")}},
		"no documents":       {[]string{"ids.json holds no documents"}, []string{"-ids", ids("[]")}},
		"null":               {[]string{"ids.json holds no documents"}, []string{"-ids", ids("null")}},
		"empty document":     {[]string{"document 2 is empty: a prompt needs at least one token"}, []string{"-ids", ids("[[1],[]]")}},
		"only ⟨bos⟩ removed": {[]string{"document 1 has no tokens left"}, []string{"-ids", ids("[[256]]"), "-bos", "none"}},
		"id out of range":    {[]string{"document 2 of 2, token 3: id 257 is outside the vocabulary [0, 257)"}, []string{"-ids", ids("[[1],[2,3,257]]")}},
		"negative id":        {[]string{"document 1 of 1, token 1: id -1"}, []string{"-ids", ids("[[-1]]")}},
		"beyond the context": {[]string{"41 tokens, the model's context is 40: shorten it"}, []string{"-prompt", long, "-T", "0"}},
		"unknown ⟨bos⟩":      {[]string{`-bos-token: `, `"<s>" is not in the vocabulary`}, []string{"-prompt", "a", "-bos-token", "<s>"}},
		"no ⟨bos⟩ to add":    {[]string{"-bos add: ", "name one with -bos-token"}, []string{"-model", noBOS, "-prompt", "a", "-bos", "add"}},
		"many traces":        {[]string{"-trace saves a single document, and there are 2"}, []string{"-ids", ids("[[1],[2]]"), "-trace", "t"}},
		"many windows":       {[]string{"there are 2: give one, or -T 0 for one window"}, []string{"-text", file(t, "w.txt", "abcd"), "-T", "2", "-trace", "t"}},
		"no room in windows": {[]string{"-T 1 leaves no room for the text behind ⟨bos⟩"}, []string{"-text", file(t, "w.txt", "abcd"), "-T", "1", "-bos", "add"}},
		"only ⟨bos⟩ in text": {[]string{"the text has no tokens left"}, []string{"-text", file(t, "w.txt", "<|bos|>"), "-special", "-bos", "none"}},
		"only a mark":        {[]string{"mark.txt is empty"}, []string{"-text", file(t, "mark.txt", "\uFEFF")}},
		"trace nowhere":      {[]string{"no such file or directory"}, []string{"-prompt", "ab", "-trace", filepath.Join(absent, "t")}},
		"unknown model":      {[]string{`loading model "smollm9"`, "no model", "smollm2"}, []string{"-model", "smollm9", "-prompt", "a"}},
		"unknown tokenizer":  {[]string{`"smollm9"`, "no model"}, []string{"-model", "smollm9", "-prompt", "a", "-tokenize"}},
		"no model file":      {[]string{"no such file", "give a GGUF file"}, []string{"-model", "./no/such.gguf", "-prompt", "a"}},
		"NaN in a weight":    {[]string{"model.layers.1.self_attn.k_proj.weight", "element 5 is not a finite number"}, []string{"-model", nan, "-prompt", "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := sinkscan("", append([]string{"-model", model}, c.args...)...)
			require.Equal(t, 1, status, errs)
			require.Empty(t, out)
			for _, want := range c.want {
				require.Contains(t, errs, want)
			}
			require.True(t, strings.HasPrefix(errs, "sinkscan: "))
			require.NotContains(t, errs, "goroutine")
		})
	}
}

// failing refuses every write.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("the pipe is closed") }

func TestOutputThatFails(t *testing.T) {
	model := tiny.Model(t, nil)
	ids := file(t, "ids.json", "[[1,2,3],[4,5]]")
	refused := func(out io.Writer, want string, args ...string) {
		t.Helper()
		var errs strings.Builder
		status := run(append([]string{"-model", model}, args...), strings.NewReader(""), out, &errs)
		require.Equal(t, 1, status, args)
		require.Contains(t, errs.String(), want)
	}
	for _, args := range [][]string{
		{"-prompt", "ab"}, {"-prompt", "ab", "-json"}, {"-ids", ids, "-per-document"},
		{"-prompt", "ab", "-tokenize"}, {"-prompt", "ab", "-tokenize", "-json"}, {"-ids", ids, "-tokenize", "-per-document"},
	} {
		refused(failing{}, "the pipe is closed", args...)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("only Linux has a device that is always full: ", err)
	}
	defer full.Close()
	refused(full, "no space left on device", "-prompt", "ab", "-tokenize")
}

// A process opens one backend, so each of these needs its own.
func TestSurroundingsThatFail(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths of plugins are written in the Unix way")
	}
	model := tiny.Model(t, nil)
	offline := []string{"HTTPS_PROXY=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1", "NO_PROXY=", "HF_HOME=" + t.TempDir()}
	for name, c := range map[string]struct {
		env  []string
		args []string
		want []string
	}{
		"no plugin":  {[]string{"GOMLX_BACKEND=xla:/no/such/plugin.so"}, []string{"-model", model}, []string{"/no/such/plugin.so", "no such file", "$GOMLX_BACKEND names it"}},
		"no network": {offline, []string{"-model", "nobody-at-all/no-model"}, []string{"nobody-at-all/no-model", "is there a network"}},
	} {
		t.Run(name, func(t *testing.T) {
			self, err := os.Executable()
			require.NoError(t, err)
			command := exec.Command(self, append(c.args, "-prompt", "a")...)
			command.Env = append(append(os.Environ(), commandEnv+"=1"), c.env...)
			var out, errs strings.Builder
			command.Stdout, command.Stderr = &out, &errs
			var exit *exec.ExitError
			require.ErrorAs(t, command.Run(), &exit)
			require.Equal(t, 1, exit.ExitCode(), errs.String())
			require.Empty(t, out.String())
			for _, want := range c.want {
				require.Contains(t, errs.String(), want)
			}
		})
	}
}
