package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// TestInitFromCluster: a cluster that runs becomes a scenario, with marks where a rate
// is not known, and one that runs at once after two looks.
func TestInitFromCluster(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(2, "events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	address := cluster.ListenAddrs()[0]

	path := filepath.Join(t.TempDir(), "found.yaml")
	got := execute(nil, "init", "--from-cluster", address, path)
	if got.code != exitDone || got.stdout != "" || !strings.Contains(got.stderr, "fill in what it marks") {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "name: events") || !strings.Contains(string(text), "rate: fill-in") {
		t.Errorf("the file is\n%s", text)
	}
	if got := execute(nil, "validate", path); got.code != exitInvalid || !strings.Contains(got.stdout, `rate: "fill-in" is not a rate`) {
		t.Errorf("%+v", got)
	}
	if got := execute(nil, "validate", path, "--set", "producers.events.rate=100/s"); got.code != exitDone {
		t.Errorf("filled in it is not valid: %+v", got)
	}

	got = execute(nil, "init", "--from-cluster", address, "--look", "50ms")
	if got.code != exitDone || !strings.Contains(got.stdout, "# Nobody wrote to events") || strings.Contains(got.stdout, "fill-in") {
		t.Errorf("%+v", got)
	}
}

// TestInitIsInterrupted: an interrupt while it looks leaves no file.
func TestInitIsInterrupted(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	path := filepath.Join(t.TempDir(), "found.yaml")
	time.AfterFunc(500*time.Millisecond, func() { interrupt(t) })
	got := execute(nil, "init", "--from-cluster", cluster.ListenAddrs()[0], "--look", "1h", path)
	if got.code != exitInterrupted || !strings.Contains(got.stderr, "interrupted before the cluster was described; nothing is written") {
		t.Errorf("%+v", got)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("there is a file: %v", err)
	}
}
