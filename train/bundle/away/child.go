package away

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"firsttoken/train/command"
)

// grace is how long a process that is told to stop may take to write a checkpoint.
const grace = 20 * time.Second

var (
	errStopped = errors.New("stopped at a checkpoint")
	errTimeUp  = errors.New("its time was up")
)

// child runs this program with other arguments until it ends, or until a time, and returns its
// standard output; what else it says goes to a file of the folder log. It is stopped first and
// killed if that takes too long. Where this process is killed, the child is told to stop.
//
// Errors: errStopped if it ended at a checkpoint, errTimeUp if it had to be killed, else one line
// that says why it failed.
func (s *site) child(ctx context.Context, until time.Time, name string, args ...string) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(s.Out, "log", name+".txt"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	var out bytes.Buffer
	said := &tail{}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = s.environment(), &out, both{log, said}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = grace
	// A group of its own: an interrupt at the terminal reaches this process, which passes it on
	// once.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	// The system sends that signal when the thread ends that started the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = cmd.Run()
	if cmd.ProcessState == nil {
		return nil, fmt.Errorf("cannot start %s: %w", self, err)
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case status.Exited() && status.ExitStatus() == 0:
		return out.Bytes(), nil
	case status.Exited() && status.ExitStatus() == command.Stopped:
		return nil, errStopped
	case ctx.Err() != nil:
		return nil, errTimeUp
	}
	return nil, errors.New(said.reason(args[0], status))
}

// both writes to a file and to what remembers the end. A full disk must not stop the process, and
// loses only the file's text.
type both struct {
	file *os.File
	said *tail
}

func (b both) Write(p []byte) (int, error) {
	_, _ = b.file.Write(p)
	return b.said.Write(p)
}

// tail remembers the last of what was written.
type tail struct{ text []byte }

const tailBytes = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if len(t.text) > tailBytes {
		t.text = t.text[len(t.text)-tailBytes:]
	}
	return len(p), nil
}

// outOfMemory is how XLA, CUDA and Go say it.
var outOfMemory = regexp.MustCompile(`(?i)out of memory|RESOURCE_EXHAUSTED|CUDA_ERROR_OUT_OF_MEMORY|bad_alloc|cannot allocate memory|memory is too small`)

// lastWords begin the line with which a program breaks down.
var lastWords = regexp.MustCompile(`Check failed|^fatal error|^panic:|^SIG`)

// reason is a line that says why a process ended.
func (t *tail) reason(program string, status syscall.WaitStatus) string {
	text := string(t.text)
	line := ""
	for l := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(l), program+": "); ok {
			line = rest // the program's own words; the last count
		} else if line == "" && (outOfMemory.MatchString(l) || lastWords.MatchString(l)) {
			line = strings.TrimSpace(l)
		}
	}
	const most = 400
	if len(line) > most {
		line = line[:most] + "…"
	}
	switch {
	case strings.Contains(text, "no space left on device"):
		return "the disk is full: make room and run it again"
	case outOfMemory.MatchString(text):
		return "out of memory: " + line
	case line != "":
		return line
	case status.Signaled() && status.Signal() == syscall.SIGKILL:
		return "it was killed, which systems do when memory runs out"
	case status.Signaled():
		return fmt.Sprintf("it ended by signal %v", status.Signal())
	}
	return fmt.Sprintf("it ended with status %d and no word", status.ExitStatus())
}
