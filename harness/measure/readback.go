package measure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"kafkasim/harness/account"
	"kafkasim/harness/load"
)

// readTimeout is how long reading every log back may take.
const readTimeout = 2 * time.Minute

// A readback is every log as it stands at the end, and what groups have committed.
type readback struct {
	logs      map[account.Partition][]account.LogRecord
	start     map[account.Partition]int64
	end       map[account.Partition]int64
	committed map[int]map[account.Partition]int64
}

// readBack reads every partition of the scenario whole.
func (a *admin) readBack(ctx context.Context, seeds []string) (*readback, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	r := &readback{
		logs: map[account.Partition][]account.LogRecord{}, start: map[account.Partition]int64{},
		end: map[account.Partition]int64{}, committed: map[int]map[account.Partition]int64{},
	}
	if err := a.offsets(ctx, r); err != nil {
		return nil, err
	}
	if err := a.readLogs(ctx, seeds, r); err != nil {
		return nil, err
	}
	for g := range a.spec.Groups {
		r.committed[g] = map[account.Partition]int64{}
		answer, err := a.kadm.FetchOffsets(ctx, a.spec.Groups[g].Name)
		if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			return nil, fmt.Errorf("read what group %s has committed: %w", a.spec.Groups[g].Name, err)
		}
		for _, o := range answer.Offsets().Sorted() {
			if t := a.topicIndex(o.Topic); t >= 0 {
				r.committed[g][account.Partition{Topic: uint16(t), Partition: o.Partition}] = o.At
			}
		}
	}
	return r, nil
}

// offsets asks for both ends of every log.
func (a *admin) offsets(ctx context.Context, r *readback) error {
	names := a.topicNames()
	starts, err := a.kadm.ListStartOffsets(ctx, names...)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return fmt.Errorf("ask where the logs begin: %w", err)
	}
	ends, err := a.kadm.ListEndOffsets(ctx, names...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return fmt.Errorf("ask where the logs end: %w", err)
	}
	for t := range a.spec.Topics {
		for p := range a.spec.Topics[t].Partitions {
			at := account.Partition{Topic: uint16(t), Partition: int32(p)}
			from, _ := starts.Lookup(names[t], int32(p))
			to, _ := ends.Lookup(names[t], int32(p))
			r.start[at], r.end[at] = from.Offset, to.Offset
		}
	}
	return nil
}

// readLogs reads every record between both ends.
func (a *admin) readLogs(ctx context.Context, seeds []string, r *readback) error {
	want := map[string]map[int32]kgo.Offset{}
	left := 0
	for at, end := range r.end {
		if end > r.start[at] {
			name := a.spec.Topics[at.Topic].Name
			if want[name] == nil {
				want[name] = map[int32]kgo.Offset{}
			}
			want[name][at.Partition] = kgo.NewOffset().At(r.start[at])
			left++
		}
	}
	if left == 0 {
		return nil
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(seeds...), kgo.ClientID("kafkasim-read-back"), kgo.ConsumePartitions(want),
		kgo.FetchMaxWait(500*time.Millisecond),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("%d partitions could not be read back within %s", left, readTimeout)
		}
		var failed error
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			whole, err := a.takeLog(r, p)
			failed = errors.Join(failed, err)
			if whole {
				left--
			}
		})
		if failed != nil {
			return fmt.Errorf("read the logs back: %w", failed)
		}
	}
	return nil
}

// takeLog adds what was fetched of a partition, and reports whether its last
// record was among it.
func (a *admin) takeLog(r *readback, p kgo.FetchTopicPartition) (whole bool, err error) {
	if p.Err != nil {
		return false, p.Err
	}
	at := account.Partition{Topic: uint16(a.topicIndex(p.Topic)), Partition: p.Partition}
	for _, record := range p.Records {
		id, _, err := load.DecodeValue(record.Value)
		if err != nil {
			return false, fmt.Errorf("%s-%d offset %d: %w", p.Topic, p.Partition, record.Offset, err)
		}
		r.logs[at] = append(r.logs[at], account.LogRecord{Offset: record.Offset, ID: id, Timestamp: record.Timestamp})
		whole = whole || record.Offset == r.end[at]-1
	}
	return whole, nil
}

// topicIndex is a topic's index in the scenario, -1 for others.
func (a *admin) topicIndex(name string) int {
	for i := range a.spec.Topics {
		if a.spec.Topics[i].Name == name {
			return i
		}
	}
	return -1
}
