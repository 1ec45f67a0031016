package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafkasim/harness/journal"
	"kafkasim/scenarios"
)

// leaveLimit is how long a member that leaves waits for its last commit and the
// coordinator's answer.
const leaveLimit = 12 * time.Second

// A member is one group member: a client and the application that polls it.
type member struct {
	*runner
	group     *scenarios.Group
	client    *kgo.Client
	topics    map[string]uint16 // by name: index in Spec.Topics
	positions positions
	work      work
}

// consume is a consumer process: one group member.
func (r *runner) consume(ctx context.Context) error {
	g := &r.plan.Spec.Groups[r.plan.Index]
	m := &member{runner: r, group: g, topics: map[string]uint16{}, positions: newPositions(), work: newWork(&r.plan, g)}
	for _, t := range g.Topics {
		m.topics[r.plan.Spec.Topics[t].Name] = uint16(t)
	}
	s := m.settings()
	if err := r.begin(s.notes); err != nil {
		return err
	}
	var err error
	if m.client, err = kgo.NewClient(s.options...); err != nil {
		return fmt.Errorf("load: member %d of %s: %w", r.plan.Member, g.Name, err)
	}
	go m.prepare(ctx)
	polling, stopPolling := context.WithCancel(ctx)
	defer stopPolling()
	go func() {
		<-r.quit(ctx)
		stopPolling()
	}()
	for ctx.Err() == nil && !r.leaving() && r.journal.Err() == nil {
		m.poll(ctx, polling)
	}
	m.end(ctx)
	return nil
}

// prepare says that the process is ready once a broker answers; the client has
// begun to join its group then.
func (m *member) prepare(ctx context.Context) {
	for m.client.Ping(ctx) != nil {
		select {
		case <-time.After(prepareBackoff):
		case <-ctx.Done():
			return
		}
	}
	m.note(journal.Entry{Kind: journal.Ready})
	m.ready()
}

// poll takes what the client has and works it off.
func (m *member) poll(ctx, polling context.Context) {
	most := 0 // no limit
	if m.group.Config.MaxPollRecords != scenarios.Unbounded {
		most = int(m.group.Config.MaxPollRecords)
	}
	asked := now()
	fetches := m.client.PollRecords(polling, most)
	began := now()
	if began-asked > int64(backlogged) {
		m.work.over = 0 // it has waited for records, so there is no time to make up for
	}
	m.complain(fetches)
	var records []polled
	taken := m.positions.taken(fetches)
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		if len(f.Records) == 0 {
			return
		}
		topic := m.topics[f.Topic]
		m.journal.Append(journal.Entry{
			Kind: journal.Polled, At: began, Topic: topic, Partition: f.Partition,
			Offset: f.Records[0].Offset, Count: int32(len(f.Records)),
		})
		for _, record := range f.Records {
			records = append(records, polled{topic: topic, record: record})
		}
	})
	if m.group.Commit == scenarios.CommitBeforeProcessing {
		if at := m.positions.uncommitted(true); len(at) > 0 {
			m.client.CommitOffsets(ctx, at, m.committed)
		}
	}
	m.process(ctx, began, records)
	m.positions.done(taken)
	if m.group.Commit == scenarios.CommitAfterEachPoll {
		m.commit(ctx)
	}
}

// complain notes what a poll says besides records.
func (m *member) complain(fetches kgo.Fetches) {
	fetches.EachError(func(topic string, partition int32, err error) {
		var loss *kgo.ErrDataLoss
		switch {
		case errors.Is(err, context.Canceled), errors.Is(err, kgo.ErrClientClosed):
		case errors.As(err, &loss):
			m.note(journal.Entry{
				Kind: journal.Reset, Topic: m.topics[topic], Partition: partition, Code: journal.CodeDataLoss,
				Offset: loss.ResetTo, Count: int32(loss.ConsumedTo - loss.ResetTo),
			})
		default:
			_, _ = fmt.Fprintf(m.words, "poll of %s-%d: %v\n", topic, partition, err)
		}
	})
}

// commit commits the positions of what is processed and waits for the answer.
func (m *member) commit(ctx context.Context) {
	early := m.group.Commit == scenarios.CommitBeforeProcessing
	if at := m.positions.uncommitted(early); len(at) > 0 {
		m.client.CommitOffsetsSync(ctx, at, m.committed)
	}
}

// committed notes the answer to a commit.
func (m *member) committed(_ *kgo.Client, request *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
	at := now()
	for i := range request.Topics {
		t := &request.Topics[i]
		topic := m.topics[t.Topic]
		for k := range t.Partitions {
			p := &t.Partitions[k]
			e := journal.Entry{
				Kind: journal.Committed, At: at, Topic: topic, Partition: p.Partition, Offset: p.Offset,
				Generation: request.Generation,
			}
			if e.Code = codeOf(err); err == nil {
				e.Code = answered(answer, i, t, p.Partition)
			}
			if e.Code != 0 {
				e.Kind = journal.CommitFailed
			} else {
				m.positions.confirm(t.Topic, p.Partition, p.Offset)
			}
			m.journal.Append(e)
		}
	}
}

// answered finds a partition's error code in the answer to a commit; newer
// versions name topics by their ids.
func answered(answer *kmsg.OffsetCommitResponse, index int, asked *kmsg.OffsetCommitRequestTopic, partition int32) int16 {
	for i := range answer.Topics {
		t := &answer.Topics[i]
		if t.Topic != asked.Topic && (t.Topic != "" || t.TopicID != asked.TopicID && i != index) {
			continue
		}
		for k := range t.Partitions {
			if t.Partitions[k].Partition == partition {
				return t.Partitions[k].ErrorCode
			}
		}
	}
	return journal.CodeOther
}

// onAssigned, onRevoked and onLost are what the group tells the member.
func (m *member) onAssigned(_ context.Context, cl *kgo.Client, partitions map[string][]int32) {
	m.positions.assign(partitions)
	m.ownership(journal.Assigned, cl, partitions)
}

// onRevoked commits as kgo does by itself where nobody has set a callback: all
// that may be committed, whichever partitions go (consumer_group.go
// defaultRevoke).
func (m *member) onRevoked(ctx context.Context, cl *kgo.Client, partitions map[string][]int32) {
	m.ownership(journal.Revoked, cl, partitions)
	m.commit(ctx)
	m.positions.drop(partitions)
}

func (m *member) onLost(_ context.Context, cl *kgo.Client, partitions map[string][]int32) {
	m.ownership(journal.Lost, cl, partitions)
	m.positions.drop(partitions)
}

func (m *member) ownership(kind journal.Kind, cl *kgo.Client, partitions map[string][]int32) {
	_, generation := cl.GroupMetadata()
	at := now()
	eachPartition(partitions, func(topic string, partition int32) {
		m.journal.Append(journal.Entry{Kind: kind, At: at, Topic: m.topics[topic], Partition: partition, Generation: generation})
	})
}

// end leaves the group in good order, if there was time for it.
func (m *member) end(ctx context.Context) {
	done := make(chan struct{})
	limit := closeLimit
	if ctx.Err() == nil {
		m.note(journal.Entry{Kind: journal.Leaving})
		limit = leaveLimit
	}
	go func() {
		defer close(done)
		m.client.Close() // calls onRevoked, which commits
	}()
	select {
	case <-done:
		if ctx.Err() == nil {
			m.note(journal.Entry{Kind: journal.Ended})
		}
	case <-time.After(limit):
	}
}
