package measure

import (
	"context"
	"time"

	"kafkasim/harness/account"
	"kafkasim/harness/journal"
)

// freshness is how old a high watermark may be and still speak for a leader that
// serves.
const freshness = 2 * watchTimeout

// lateStart is how long after the end of the load a generator that fell behind
// may still hand over its last record.
const lateStart = 250 * time.Millisecond

// A progress follows the journals of a run, to find out when every record has met
// its end.
type progress struct {
	tails    map[string]*tailed
	position map[groupPartition]int64 // the next offset that a group would process
}

type groupPartition struct {
	group     int
	partition account.Partition
}

// A tailed is one process's journal.
type tailed struct {
	tail  *journal.Tail
	group int // -1 for a producer
	open  int // records handed over and not settled
}

func newProgress() *progress {
	return &progress{tails: map[string]*tailed{}, position: map[groupPartition]int64{}}
}

// look reads what the clients have written since the last look.
func (p *progress) look(clients []*client) error {
	for _, c := range clients {
		for _, path := range c.lives {
			t := p.tails[path]
			if t == nil {
				t = &tailed{tail: journal.Follow(path), group: -1}
				if c.plan.Role == journal.RoleConsumer {
					t.group = c.plan.Index
				}
				p.tails[path] = t
			}
			entries, err := t.tail.Next()
			if err != nil {
				return err
			}
			for i := range entries {
				p.take(t, &entries[i])
			}
		}
	}
	return nil
}

// take follows one entry.
func (p *progress) take(t *tailed, e *journal.Entry) {
	switch e.Kind { //nolint:exhaustive // the others do not move a record
	case journal.Sent:
		t.open++
	case journal.Acked, journal.Failed:
		t.open--
	case journal.Processed:
		at := groupPartition{t.group, account.Partition{Topic: e.Topic, Partition: e.Partition}}
		p.position[at] = max(p.position[at], e.Offset+1)
	}
}

// settled says whether every record has met its end: no running producer holds
// one, and every partition is led by a broker that serves and whose log every
// group has read to its end. It is the simulator's rule.
func (r *repetition) settled(ctx context.Context) (bool, error) {
	if time.Since(r.seen.LoadEnd) < lateStart {
		return false, nil
	}
	var all []*client
	for _, c := range r.site.clients {
		all = append(all, c)
	}
	if err := r.progress.look(all); err != nil {
		return false, err
	}
	for _, c := range all {
		if t := r.progress.tails[c.lives[len(c.lives)-1]]; t.group < 0 && t.open > 0 && !c.gone {
			return false, nil
		}
	}
	for t := range r.spec.Topics {
		for p := range r.spec.Topics[t].Partitions {
			if !r.readToEnd(account.Partition{Topic: uint16(t), Partition: int32(p)}) {
				return false, nil
			}
		}
	}
	return r.site.committedWhole(ctx)
}

// readToEnd says whether a partition has a high watermark that every group has
// reached.
func (r *repetition) readToEnd(at account.Partition) bool {
	hw, fresh := r.watching.latest(at)
	if !fresh {
		return false
	}
	for g := range r.spec.Groups {
		for _, t := range r.spec.Groups[g].Topics {
			if uint16(t) == at.Topic && r.progress.position[groupPartition{g, at}] < hw {
				return false
			}
		}
	}
	return true
}

// committedWhole says whether no leader's log goes beyond its high watermark.
func (a *admin) committedWhole(ctx context.Context) (bool, error) {
	dirs, err := a.kadm.DescribeAllLogDirs(ctx, nil)
	if err != nil {
		return false, nil //nolint:nilerr // a broker is away: it is asked again
	}
	details, err := a.kadm.ListTopics(ctx, a.topicNames()...)
	if err != nil {
		return false, nil //nolint:nilerr // as above
	}
	whole := true
	for t := range a.spec.Topics {
		name := a.spec.Topics[t].Name
		for _, p := range details[name].Partitions.Sorted() {
			found, known := dirs[p.Leader].LookupPartition(name, p.Partition)
			whole = whole && known && found.OffsetLag == 0
		}
	}
	return whole, nil
}
