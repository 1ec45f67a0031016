package batch

import "testing"

// TestCrashedConsumerSkipsNothing: a group that commits what it has processed
// processes everything, at the price of some twice, when a member dies in the
// middle of a poll; one that commits what it was handed does not (kafka.md C.3).
// kgo's commits come by a timer, in the middle of the work on a poll.
func TestCrashedConsumerSkipsNothing(t *testing.T) {
	for commit, wantsSkips := range map[string]bool{"after_processing": false, "after_each_poll": false, "before_processing": true} {
		s := act{
			topics:    three,
			duration:  "20 s",
			producers: "  - {name: p, topic: events, rate: 300/s, record_size: 100 B, client: java, config: {acks: all}}\n",
			consumers: "  - {group: g, topics: [events], members: 2, protocol: cooperative, processing: {time: 5 ms}, client: franz-go, commit: " + commit +
				", config: {session.timeout.ms: 6000, auto.commit.interval.ms: 100, max.poll.records: 100}}\n",
			faults: "  - {at: 5 s, kind: consumer_crash, target: member 1 of g}\n",
		}.set(t)
		skipped, twice := 0.0, 0.0
		for i := range 10 {
			o := s.run(i)
			skipped += o.value("records.lost.skipped")
			twice += o.value("records.duplicated.consumed")
		}
		if (skipped > 0) != wantsSkips {
			t.Errorf("commit %s: %g records skipped", commit, skipped)
		}
		if !wantsSkips && twice == 0 {
			t.Errorf("commit %s: nothing was processed twice", commit)
		}
	}
}
