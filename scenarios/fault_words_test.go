package scenarios

import (
	"strings"
	"testing"
)

// TestFaultsAreToldAsTheyAreWritten: a mark on a time line names its target as the
// file does.
func TestFaultsAreToldAsTheyAreWritten(t *testing.T) {
	spec := mustParse(t, `scenario: words
duration: 2 min
cluster: {brokers: 3, controllers: 1, racks: [a, b, c]}
topics: [{name: events, partitions: 2, replication_factor: 3}]
producers: [{name: playback, topic: events, rate: 10/s, record_size: 1 KiB}]
consumers: [{group: history, topics: [events], members: 2, processing: {time: 1 ms}}]
faults:
  - {at: 1 s, kind: broker_crash, target: leader of events-1}
  - {at: 2 s, kind: broker_stop, target: broker 2}
  - {at: 3 s, kind: consumer_crash, target: member 2 of history}
  - {at: 4 s, kind: producer_crash, target: producer playback}
  - {at: 5 s, kind: rack_loss, target: rack b}
  - {at: 6 s, kind: controller_crash, target: active controller}
  - {at: 7 s, kind: partition, between: [[broker 1], [broker 2, clients]], duration: 5 s}
  - {at: 8 s, kind: rolling_restart, target: each}
  - {at: 9 s, kind: broker_pause, target: follower of events-0, duration: 1 s}
`)
	var got []string
	for i := range spec.Faults {
		got = append(got, spec.FaultWords(&spec.Faults[i]))
	}
	want := `broker crash: leader of events-1
broker stop: broker 2
consumer crash: member 2 of history
producer crash: producer playback
rack loss: rack b
controller crash: active controller
partition: broker 1 from broker 2, clients
rolling restart: each
broker pause: follower of events-0`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("faults are told as\n%s\nwant\n%s", text, want)
	}
}
