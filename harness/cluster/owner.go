package cluster

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// An owner is the process that started a cluster, written into the labels of all
// that belongs to it: so a leftover can be told from what is in use.
type owner struct {
	host  string // of the process; another host's processes cannot be looked at from here
	boot  string // of the host
	pid   string
	start string // when the process began, as the kernel counts it: process ids come again
}

// self is this process.
func self() (owner, error) {
	host, err := os.Hostname()
	if err != nil {
		return owner{}, fmt.Errorf("this machine's name cannot be had: %w", err)
	}
	pid := fmt.Sprint(os.Getpid())
	return owner{host: host, boot: bootID(), pid: pid, start: startOf(pid)}, nil
}

// String is the label's text.
func (o owner) String() string { return strings.Join([]string{o.host, o.boot, o.pid, o.start}, " ") }

// parseOwner reads a label's text.
func parseOwner(text string) (owner, bool) {
	parts := strings.Split(text, " ")
	if len(parts) != 4 {
		return owner{}, false
	}
	return owner{host: parts[0], boot: parts[1], pid: parts[2], start: parts[3]}, true
}

// gone reports whether the process is known to have ended.
func (o owner) gone() bool {
	me, err := self()
	if err != nil || me.host != o.host {
		return false
	}
	if me.boot != o.boot {
		return true
	}
	if me.boot == "" { // a system without /proc: nothing is known
		return false
	}
	return startOf(o.pid) != o.start
}

// bootID changes with each start of the machine; empty where the system has no
// /proc.
func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(text))
}

// startOf is when a process began, in clock ticks since the boot: the 22nd field
// of /proc/PID/stat (proc(5)), counted after the name, which may hold blanks. It
// is empty for a process that is not there or has ended and was not waited for.
func startOf(pid string) string {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const state, start = 0, 19
	if len(fields) <= start || fields[state] == "Z" {
		return ""
	}
	return fields[start]
}
