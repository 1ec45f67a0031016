package history_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kafkasim/harness/history"
)

// printed is what brokers and controllers of 4.3 print, with the times of the
// image's log4j2 settings, one line with those of Kafka's own, and one without any.
func printed() []byte {
	return []byte(strings.Join([]string{
		`2026-03-01T10:00:08.001Z INFO [quorum-controller-101-event-handler] [QuorumController id=101] Fencing broker 1 at epoch 9 because its session has timed out. (org.apache.kafka.controller.ReplicationControlManager)`,
		`2026-03-01T10:00:08.090Z INFO [kafka-2-metadata-loader-event-handler] [Broker id=2] Leader clicks-by-day-0 with topic id Some(abc) starts at leader epoch 1 from offset 500 with partition epoch 4, high watermark 480, ISR [2,3], adding replicas [] and removing replicas [] . Previous leader Some(1) and previous leader epoch was 0. (state.change.logger)`,
		`2026-03-01T10:00:20.100Z INFO [ReplicaFetcherThread-0-2] [ReplicaFetcher replicaId=1, leaderId=2, fetcherId=0] Truncating partition clicks-by-day-0 with TruncationState(offset=500, completed=true) due to leader epoch and offset EpochEndOffset(errorCode=0, partition=0, leaderEpoch=0, endOffset=500) (kafka.server.ReplicaFetcherThread)`,
		`2026-03-01T10:00:20.101Z WARN [ReplicaFetcherThread-0-2] [UnifiedLog partition=clicks-by-day-0, dir=/var/lib/kafka] Truncating clicks-by-day-0 to offset 500 below high watermark 510 (org.apache.kafka.storage.internals.log.UnifiedLog)`,
		`2026-03-01T10:00:20.102Z INFO [ReplicaFetcherThread-0-2] [UnifiedLog partition=clicks-by-day-0, dir=/var/lib/kafka] Truncating to offset 500 (org.apache.kafka.storage.internals.log.UnifiedLog)`,
		`[2026-03-01 10:00:21,5] INFO [UnifiedLog partition=events-11, dir=/var/lib/kafka] Truncating to offset 7 (kafka.log.UnifiedLog)`,
		`2026-03-01T10:00:22.000Z INFO [x] [UnifiedLog partition=events-1, dir=/d] Truncating to 7 has no effect as the largest offset in the log is 6 (kafka.log.UnifiedLog)`,
		`2026-03-01T10:00:23.000Z WARN [x] [ReplicaFetcher replicaId=1, leaderId=2, fetcherId=0] Truncate fully and reset fetch offset for partition events-3 from 4 to the current leader's start offset 90 (kafka.server.ReplicaFetcherThread)`,
		`[UnifiedLog partition=events-1, dir=/d] Truncating to offset 3 (no time)`,
		`2026-03-01T10:00:24.436Z INFO [kafka-3-metadata-loader-event-handler] [Broker id=3] Started fetchers as part of become-follower for 52 partitions (state.change.logger)`,
	}, "\n"))
}

func at(clock string) time.Time {
	t, err := time.Parse("15:04:05.000", clock)
	if err != nil {
		panic(err)
	}
	return time.Date(2026, 3, 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func TestWhatBrokersPrint(t *testing.T) {
	t.Parallel()
	cuts := []history.Truncation{
		{At: at("10:00:20.102"), Topic: "clicks-by-day", Partition: 0, To: 500, Below: 510},
		{At: at("10:00:21.500"), Topic: "events", Partition: 11, To: 7, Below: -1},
		{At: at("10:00:23.000"), Topic: "events", Partition: 3, To: 90, Below: -1},
	}
	if diff := cmp.Diff(cuts, history.Truncations(printed())); diff != "" {
		t.Errorf("truncations:\n%s", diff)
	}
	fencings := []history.Fencing{{At: at("10:00:08.001"), Broker: 1, Epoch: 9}}
	if diff := cmp.Diff(fencings, history.Fencings(printed())); diff != "" {
		t.Errorf("fencings:\n%s", diff)
	}
	leadings := []history.Leading{{At: at("10:00:08.090"), Topic: "clicks-by-day", Epoch: 1, From: 500}}
	if diff := cmp.Diff(leadings, history.Leadings(printed())); diff != "" {
		t.Errorf("leaders:\n%s", diff)
	}
	if diff := cmp.Diff([]time.Time{at("10:00:24.436")}, history.Followings(printed())); diff != "" {
		t.Errorf("begin of fetching:\n%s", diff)
	}
}
