package history_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kafkasim/harness/history"
)

// TestARealLog reads the metadata log of a cluster of Kafka 4.3.1: a controller,
// three brokers, a topic of 6 partitions, and broker 1 killed and started again. What
// it says of the scenario's topic and of the brokers stands beside it;
// GOLDEN=update writes that anew.
func TestARealLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "leader-kill-4.3.1")
	raw, err := os.ReadFile(path + ".log")
	if err != nil {
		t.Fatal(err)
	}
	h := decode(t, raw)
	var text strings.Builder
	for i := range h.Changes {
		c := &h.Changes[i]
		if c.Topic != "" && c.Topic != "events" {
			continue
		}
		fmt.Fprintf(&text, "%s %3d %s%s\n", c.At.UTC().Format("15:04:05.000"), c.Offset, c.Kind, detail(c))
	}
	if os.Getenv("GOLDEN") == "update" {
		if err := os.WriteFile(path+".txt", []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text.String()); diff != "" {
		t.Error(diff)
	}
}

// detail is what a change says, in words.
func detail(c *history.Change) string {
	switch c.Kind {
	case history.TopicCreated, history.TopicRemoved:
		return " " + c.Topic
	case history.PartitionRegistered, history.PartitionChanged:
		elected, unclean := c.Election()
		return fmt.Sprintf(" %s-%d: leader %d (epoch %d, %d) of %v, ISR %v, ELR %v, recovering %v, elected %v, unclean %v", c.Topic, c.Partition,
			c.Leader, c.LeaderEpoch, c.PartitionEpoch, c.Replicas, c.ISR, c.ELR, c.Recovering, elected, unclean)
	case history.FeatureSet:
		return fmt.Sprintf(" %s %d", c.Feature, c.Level)
	case history.BrokerRegistered, history.BrokerUnregistered, history.BrokerFenced, history.BrokerUnfenced, history.BrokerStopping,
		history.ControllerElected:
		return fmt.Sprintf(" %d (epoch %d)", c.Broker, c.BrokerEpoch)
	}
	return ""
}
