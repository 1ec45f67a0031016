package scenarios

import (
	"fmt"
	"strings"
	"testing"
)

// large makes a valid scenario of which one part is as large as a file can be.
func large(part string, n int, entry func(i int) string) string {
	head := "scenario: large\nduration: 1 h\n"
	parts := map[string]string{
		"cluster":   "cluster: {brokers: 3}\n",
		"topics":    "topics:\n  - {name: t, partitions: 1, replication_factor: 1}\n",
		"producers": "producers:\n  - {name: p, topic: t, rate: 1/s, record_size: 1 B}\n",
	}
	var b strings.Builder
	b.WriteString(head)
	for _, name := range []string{"cluster", "topics", "producers"} {
		if name != part {
			b.WriteString(parts[name])
		}
	}
	if part == "cluster" {
		b.WriteString("cluster:\n  brokers:\n")
	} else {
		b.WriteString(part + ":\n")
	}
	for i := range n {
		b.WriteString("    - " + entry(i) + "\n")
	}
	return b.String()
}

// What is large and right is read too, each name in it looked up in a table.
func TestLargeFilesParse(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"brokers": large("cluster", 9_000, func(int) string { return "{hardware: i3en.2xlarge, rack: a}" }),
		"inline":  large("cluster", 9_000, func(int) string { return "{hardware: {profile: container, cores: 4}}" }),
		"topics": large("topics", 9_000, func(i int) string {
			if i == 0 {
				return "{name: t, partitions: 1, replication_factor: 1}"
			}
			return fmt.Sprintf("{name: t%d, partitions: 3, replication_factor: 3, config: {min.insync.replicas: 2}}", i)
		}),
		"producers": large("producers", 7_000, func(i int) string {
			return fmt.Sprintf("{name: p%d, topic: t, rate: 1/s, record_size: 1 KiB, config: {acks: all}}", i)
		}),
		"consumers": large("consumers", 7_000, func(i int) string {
			return fmt.Sprintf("{group: g%d, topics: [t], members: 3, processing: {time: 1 ms}}", i)
		}),
		"faults": large("faults", 12_000, func(i int) string {
			return fmt.Sprintf("{at: %d ms, kind: broker_crash, target: leader of t-0}", i)
		}),
		"crashes": large("faults", 12_000, func(i int) string {
			return fmt.Sprintf("{at: %d ms, kind: producer_crash, target: producer p}", i)
		}),
		"objectives": large("objectives", 15_000, func(i int) string {
			return fmt.Sprintf("max(network.in{broker=3}) < %d MB/s", i+1)
		}),
	}
	for name, source := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, problems := Parse("large.yaml", []byte(source), nil); len(problems) > 0 {
				t.Fatal(problems[0].Error())
			}
		})
	}
}
