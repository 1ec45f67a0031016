package analytic

import (
	"math"
	"testing"

	"kafkasim/sim/unit"
)

const mb = unit.ByteRate(unit.MB)

// TestSustained is AWS's example: three m5.large, whose network sustains
// 0.75 Gb/s, with replication factor 3.
func TestSustained(t *testing.T) {
	broker := Limits{Storage: Unlimited(), StorageNetwork: Unlimited(), Network: 93.75 * mb}
	for groups, want := range []unit.ByteRate{140.625 * mb, 93.75 * mb, 70.3125 * mb} {
		if got := broker.Sustained(Load{Brokers: 3, ReplicationFactor: 3, Groups: groups}); got != want {
			t.Errorf("%d groups: %v, want %v", groups, got, want)
		}
	}
	// The storage's limits are over all replicas, whoever reads.
	for _, x := range []Limits{
		{Storage: 81 * mb, StorageNetwork: Unlimited(), Network: 1000 * mb},
		{Storage: Unlimited(), StorageNetwork: 81 * mb, Network: 1000 * mb},
	} {
		if got := x.Sustained(Load{Brokers: 6, ReplicationFactor: 3, Groups: 4}); got != 162*mb {
			t.Errorf("%+v: %v, want 162 MB/s", x, got)
		}
	}
	if got := broker.Sustained(Load{Brokers: 1, ReplicationFactor: 1}); !math.IsInf(float64(got), 1) {
		t.Errorf("nobody reads and nothing is replicated: %v, want no limit", got)
	}
}

// TestVolumes is Redpanda's table of traffic: 500 MB/s produced, 1500 MB/s
// consumed, replication factor 3. It rounds to 5 MB/s and counts as read what
// goes to consumers.
func TestVolumes(t *testing.T) {
	for _, c := range []struct {
		nodes         int
		written, read unit.ByteRate
	}{{3, 500, 500}, {5, 300, 300}, {7, 215, 215}} {
		l := Load{Brokers: c.nodes, ReplicationFactor: 3, Groups: 3, Produced: 500 * mb}
		for _, row := range []struct {
			what      string
			got, want unit.ByteRate
		}{
			{"written", l.DiskWrite(), c.written},
			{"received", l.NetworkIn(), c.written},
			{"read by consumers", l.GroupsOut(), c.read},
		} {
			if rounded := 5 * unit.ByteRate(math.Round(float64(row.got/mb)/5)); rounded != row.want {
				t.Errorf("%d nodes, %s: %v MB/s, want %v", c.nodes, row.what, row.got/mb, row.want)
			}
		}
	}
	// Keystone's rule (Netflix 2016): bytes out = (consumers + RF − 1) × bytes in.
	l := Load{Brokers: 4, ReplicationFactor: 2, Groups: 5, Produced: 400 * mb}
	if got := l.NetworkOut(); got != 600*mb {
		t.Errorf("out: %v, want 600 MB/s a broker", got)
	}
}

func TestImpossibleLoads(t *testing.T) {
	for name, l := range map[string]Load{
		"no brokers":                 {ReplicationFactor: 1},
		"more replicas than brokers": {Brokers: 2, ReplicationFactor: 3},
		"fewer groups than none":     {Brokers: 2, ReplicationFactor: 1, Groups: -1},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			l.NetworkIn()
		}()
	}
}
