package cluster

import (
	"context"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

func TestOwnerIsGoneOnlyWhenItIs(t *testing.T) {
	t.Parallel()
	me, err := self()
	if err != nil {
		t.Fatal(err)
	}
	if me.boot == "" {
		t.Skip("this system has no /proc to tell processes apart")
	}
	if me.gone() {
		t.Error("this process is gone, it says of itself")
	}
	child := exec.CommandContext(t.Context(), "sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(child.Process.Pid)
	other := owner{host: me.host, boot: me.boot, pid: pid, start: startOf(pid)}
	if other.gone() {
		t.Error("a running process is gone")
	}
	elsewhere := owner{host: me.host + "-other", boot: "x", pid: "1", start: "1"}
	if elsewhere.gone() {
		t.Error("another host's process is gone, though nothing is known of it")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); !other.gone(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a killed process that nobody waited for is not gone")
		}
	}
	_ = child.Wait() // it was killed
	if !other.gone() {
		t.Error("a process that has ended is not gone")
	}
	again := me
	again.start = "0"
	if !again.gone() {
		t.Error("a process whose id another has by now is not gone")
	}
	earlier := me
	earlier.boot = "another"
	if !earlier.gone() {
		t.Error("a process from before the machine's last start is not gone")
	}
	read, ok := parseOwner(me.String())
	if !ok || read != me {
		t.Errorf("%+v is read back as %+v", me, read)
	}
}

func TestExclusiveKeepsOthersWaiting(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	release, err := Exclusive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	impatient, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	if _, err := Exclusive(impatient); err == nil {
		t.Fatal("two have the lock at the same time")
	}
	release()
	again, err := Exclusive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again()
}
