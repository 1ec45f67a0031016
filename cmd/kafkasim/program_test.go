package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"kafkasim/models"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// outcome is what one execution of the program left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// execute runs the program in this process with a simulator of the test's own.
func execute(simulate simulator, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	p := program{simulate: simulate, getenv: func(string) string { return "" }}
	code := p.run(context.Background(), args, strings.NewReader(""), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// interrupt sends this process what Ctrl-C sends.
func interrupt(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Error(err)
	}
}

// partial is a Set of n replications in which nothing was observed.
func partial(spec *scenarios.Spec, n int) *result.Set {
	return &result.Set{
		Header:       result.Header{Version: version, Origin: result.Simulated, Plane: "batch", Scenario: spec.Name},
		Replications: n,
		Partial:      true,
	}
}

func TestInterruptReportsWhatIsDone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "result.json")
	got := execute(func(ctx context.Context, spec *scenarios.Spec, _ models.Options) (*result.Set, error) {
		interrupt(t)
		<-ctx.Done()
		return partial(spec, 2), ctx.Err()
	}, "run", "leader-crash-acks-1", "--json", path)
	if got.code != exitInterrupted {
		t.Errorf("exit code %d, want %d", got.code, exitInterrupted)
	}
	if !strings.Contains(got.stderr, "interrupted; the result is of 2 of 20 replications") {
		t.Errorf("stderr does not say how far it came:\n%s", got.stderr)
	}
	if !strings.Contains(strings.ToLower(got.stdout), "partial") {
		t.Errorf("the table does not say that it is partial:\n%s", got.stdout)
	}
	var file struct{ Partial bool }
	if err := json.Unmarshal([]byte(content(t, path)), &file); err != nil || !file.Partial {
		t.Errorf("the JSON does not say that it is partial: %v", err)
	}
}

func TestInterruptBeforeAnythingIsDone(t *testing.T) {
	dir := t.TempDir()
	got := execute(func(ctx context.Context, _ *scenarios.Spec, _ models.Options) (*result.Set, error) {
		interrupt(t)
		<-ctx.Done()
		return nil, ctx.Err()
	}, "run", "leader-crash-acks-1", "--json", filepath.Join(dir, "result.json"))
	if got.code != exitInterrupted || got.stdout != "" {
		t.Errorf("exit code %d, want %d; stdout %q", got.code, exitInterrupted, got.stdout)
	}
	if left := names(t, dir); len(left) != 0 {
		t.Errorf("the folder holds %v, want nothing", left)
	}
}

func TestSecondInterruptEndsAtOnce(t *testing.T) {
	dir := t.TempDir()
	release := make(chan struct{})
	defer close(release)
	got := execute(func(ctx context.Context, _ *scenarios.Spec, _ models.Options) (*result.Set, error) {
		interrupt(t)
		<-ctx.Done()
		interrupt(t)
		<-release // deaf to its context
		return nil, ctx.Err()
	}, "run", "leader-crash-acks-1", "--json", filepath.Join(dir, "result.json"), "--quiet")
	if got.code != exitInterrupted {
		t.Errorf("exit code %d, want %d", got.code, exitInterrupted)
	}
	if left := names(t, dir); len(left) != 0 {
		t.Errorf("the folder holds %v, want nothing", left)
	}
}

func TestFailedRunWritesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "result.json")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := execute(func(context.Context, *scenarios.Spec, models.Options) (*result.Set, error) {
		return nil, errors.New("an invariant broke; replay it with: kafkasim run x")
	}, "run", "leader-crash-acks-1", "--json", path, "--quiet")
	if got.code != exitBroken || got.stdout != "" {
		t.Errorf("exit code %d, want %d; stdout %q", got.code, exitBroken, got.stdout)
	}
	if !strings.Contains(got.stderr, "replay it with") {
		t.Errorf("stderr does not hold the error:\n%s", got.stderr)
	}
	if text, left := content(t, path), names(t, dir); text != "old" || len(left) != 1 {
		t.Errorf("the file holds %q among %v, want what it held, alone", text, left)
	}
}

func TestPanicIsNoUsageError(t *testing.T) {
	got := execute(func(context.Context, *scenarios.Spec, models.Options) (*result.Set, error) {
		panic("sim: scheduled in the past")
	}, "run", "leader-crash-acks-1")
	if got.code != exitBroken || !strings.Contains(got.stderr, "sim: scheduled in the past") {
		t.Errorf("exit code %d, want %d; stderr:\n%s", got.code, exitBroken, got.stderr)
	}
}

func TestFlagsReachTheSimulator(t *testing.T) {
	var spec *scenarios.Spec
	var options models.Options
	execute(func(_ context.Context, s *scenarios.Spec, o models.Options) (*result.Set, error) {
		spec, options = s, o
		return nil, errors.New("enough")
	}, "run", "leader-crash-acks-1", "--seed", "42", "--replications", "3", "--plane", "batch", "--parallel", "5",
		"--set", "seed=7", "--set", "drain=5 s")
	if spec == nil {
		t.Fatal("nothing ran")
	}
	if spec.Seed != 42 || spec.Replications != 3 || spec.Drain.Seconds() != 5 {
		t.Errorf("seed %d, replications %d, drain %v", spec.Seed, spec.Replications, spec.Drain)
	}
	if options.Plane != "batch" || options.Workers != 5 || options.Version != version {
		t.Errorf("options %+v", options)
	}
}

func TestProgressIsPlainWithoutATerminal(t *testing.T) {
	got := execute(func(_ context.Context, spec *scenarios.Spec, o models.Options) (*result.Set, error) {
		for i := range 20 {
			o.Progress(i+1, 20)
		}
		return partial(spec, 20), nil
	}, "run", "leader-crash-acks-1")
	if n := strings.Count(got.stderr, "\n"); n != 1 {
		t.Errorf("%d lines of progress, want 1 for a short run:\n%s", n, got.stderr)
	}
	if strings.ContainsAny(got.stderr+got.stdout, "\x1b\r") {
		t.Errorf("control characters where there is no terminal:\n%q", got.stderr+got.stdout)
	}
}

// TestClosedPipe runs a process of its own: only there a closed stdout raises a
// signal.
func TestClosedPipe(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "kafkasim", "metrics")
	cmd.Stdout, cmd.Stderr = writer, &stderr
	err = cmd.Run()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != exitBroken {
		t.Errorf("%v, want exit code %d", err, exitBroken)
	}
	if got := stderr.String(); !strings.Contains(got, "cannot write the output") || strings.Count(got, "\n") != 1 {
		t.Errorf("stderr is not one plain sentence:\n%s", got)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTableIsShownThoughTheFileCannotBeWritten(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	got := execute(func(_ context.Context, spec *scenarios.Spec, _ models.Options) (*result.Set, error) {
		return partial(spec, 2), nil
	}, "run", "leader-crash-acks-1", "--json", "/dev/full", "--quiet")
	if got.code != exitBroken || !strings.Contains(got.stderr, "cannot write /dev/full") {
		t.Errorf("exit code %d, want %d; stderr %q", got.code, exitBroken, got.stderr)
	}
	if !strings.Contains(got.stdout, "leader-crash-acks-1") {
		t.Errorf("the result is lost:\n%s", got.stdout)
	}
}

// TestFullOutput does the same on a disk without space.
func TestFullOutput(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"metrics"}, strings.NewReader(""), full, &stderr)
	if code != exitBroken || !strings.Contains(stderr.String(), "cannot write the output") {
		t.Errorf("exit code %d, stderr %q", code, stderr.String())
	}
	if err := full.Close(); err != nil && !errors.Is(err, io.ErrShortWrite) {
		t.Fatal(err)
	}
}
