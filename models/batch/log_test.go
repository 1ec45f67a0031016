package batch

import (
	"math/rand/v2"
	"slices"
	"testing"

	"kafkasim/models/kafka"
)

// A naiveLog is a log record by record: the batch and the epoch of each, deleted
// ones included, so that a record's index is its offset.
type naiveLog struct {
	batch      []batchID
	epoch      []kafka.LeaderEpoch
	start, end kafka.Offset
	bytes      int64
}

// size of a batch of the tests: depends on nothing but its id.
func naiveSize(id batchID) int64 { return 100 + int64(id)%7 }

func (n *naiveLog) append(epoch kafka.LeaderEpoch, id batchID, count int32) {
	n.batch, n.epoch = n.batch[:n.end], n.epoch[:n.end]
	for range count {
		n.batch, n.epoch = append(n.batch, id), append(n.epoch, epoch)
	}
	n.end += kafka.Offset(count)
	n.bytes += naiveSize(id)
}

// firstOf is the offset at which the batch of an offset begins.
func (n *naiveLog) firstOf(offset kafka.Offset) kafka.Offset {
	for offset > n.start && n.batch[offset-1] == n.batch[offset] {
		offset--
	}
	return offset
}

// list is the batches from an offset on, with their first offsets.
func (n *naiveLog) list(from kafka.Offset) (ids []batchID, bases []kafka.Offset) {
	for at := from; at < n.end; at++ {
		if at == from || n.batch[at] != n.batch[at-1] {
			ids, bases = append(ids, n.batch[at]), append(bases, at)
		}
	}
	return ids, bases
}

// check compares a log with its naive twin: batches, offsets, bytes, and for every
// offset the position, whatever the hint.
func (n *naiveLog) check(t *testing.T, l *replicaLog, r *rand.Rand) {
	t.Helper()
	ids, bases := n.list(n.start)
	if l.start != n.start || l.end != n.end || l.bytes != n.bytes || len(l.entries) != len(ids) {
		t.Fatalf("log [%d, %d) of %d batches and %d bytes; naively [%d, %d), %d, %d", l.start, l.end, len(l.entries), l.bytes,
			n.start, n.end, len(ids), n.bytes)
	}
	if l.endPosition() != l.first+int64(len(ids)) {
		t.Fatalf("end position %d, first %d, %d batches", l.endPosition(), l.first, len(ids))
	}
	for i := range ids {
		at := l.first + int64(i)
		if e := l.at(at); e.batch != ids[i] || e.base != bases[i] || e.epoch != n.epoch[bases[i]] {
			t.Fatalf("position %d holds %+v; naively batch %d at %d of epoch %d", at, *e, ids[i], bases[i], n.epoch[bases[i]])
		}
		next := n.end
		if i+1 < len(ids) {
			next = bases[i+1]
		}
		if l.next(at) != next {
			t.Fatalf("after position %d comes %d; naively %d", at, l.next(at), next)
		}
		for offset := bases[i]; offset < next; offset++ {
			if got := l.position(offset, int64(r.IntN(40))-5); got != at {
				t.Fatalf("offset %d at position %d; naively %d", offset, got, at)
			}
		}
	}
	if got := l.position(l.end, int64(r.IntN(40))-5); got != l.endPosition() {
		t.Fatalf("the end at position %d of %d", got, l.endPosition())
	}
	n.checkEpochs(t, l)
}

// checkEpochs compares the epoch cache with the epochs of the records.
func (n *naiveLog) checkEpochs(t *testing.T, l *replicaLog) {
	t.Helper()
	var want []kafka.EpochStart
	for at := n.start; at < n.end; at++ {
		if at == n.start || n.epoch[at] != n.epoch[at-1] {
			want = append(want, kafka.EpochStart{Epoch: n.epoch[at], Start: at})
		}
	}
	if !slices.Equal(l.epochs.Entries, want) {
		t.Fatalf("epochs %v; naively %v", l.epochs.Entries, want)
	}
}

// TestLogAgainstRecords does random appends, truncations (also below the log start),
// deletions and resets to a log and to its naive twin.
func TestLogAgainstRecords(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(5, seed))
		l, n := &replicaLog{}, &naiveLog{}
		epoch, id := kafka.LeaderEpoch(0), batchID(0)
		for range 120 {
			switch r.IntN(12) {
			case 0:
				to := kafka.Offset(r.IntN(int(n.end) + 3)) // sometimes below the start, or beyond the end
				n.truncate(l, to, int64(r.IntN(30)))
			case 1:
				if len(l.entries) > 1 {
					k := r.IntN(len(l.entries)) // the last one stays, as in an active segment
					bytes := int64(0)
					for _, e := range l.entries[:k] {
						bytes += naiveSize(e.batch)
					}
					n.start, n.bytes = l.entries[k].base, n.bytes-bytes
					l.removeFront(k, bytes)
				}
			case 2:
				if r.IntN(8) == 0 {
					to, position := n.end+kafka.Offset(r.IntN(9)), l.endPosition()+int64(r.IntN(9))
					l.reset(to, position)
					n.batch, n.epoch = make([]batchID, to), make([]kafka.LeaderEpoch, to)
					n.start, n.end, n.bytes = to, to, 0
				}
			case 3:
				epoch++
			default:
				count := 1 + int32(r.IntN(4))
				l.append(epoch, id, count, naiveSize(id), 0)
				n.append(epoch, id, count)
				id++
			}
			n.check(t, l, r)
		}
	}
}

// truncate cuts both; the naive one by counting records.
func (n *naiveLog) truncate(l *replicaLog, to kafka.Offset, position int64) {
	for _, e := range l.truncate(to, position) {
		l.bytes -= naiveSize(e.batch)
	}
	if to >= n.end {
		return
	}
	end := to
	if to >= n.start {
		end = n.firstOf(to)
	}
	gone, _ := n.list(max(end, n.start))
	for _, id := range gone {
		n.bytes -= naiveSize(id)
	}
	n.start, n.end = min(n.start, end), end
}

// TestEmptyLeaderLeavesNoEpoch: a leader that appended nothing has its epoch at the
// end of the log. A follower is told to cut there, which must take the epoch away, or
// it is told so for ever (UnifiedLog.truncateTo).
func TestEmptyLeaderLeavesNoEpoch(t *testing.T) {
	l := &replicaLog{}
	l.append(3, 0, 5, 100, 0)
	l.epochs.Assign(4, l.end)
	if l.lastEpoch() != 4 {
		t.Fatalf("last epoch %d before", l.lastEpoch())
	}
	if gone := l.truncate(5, 0); len(gone) != 0 || l.end != 5 || l.lastEpoch() != 3 {
		t.Errorf("%d batches gone, end %d, last epoch %d", len(gone), l.end, l.lastEpoch())
	}
}

// TestWipedLogTakesPositionsOver: a follower that starts anew at a leader's log start
// numbers its batches as the leader does.
func TestWipedLogTakesPositionsOver(t *testing.T) {
	lead, follower := &replicaLog{}, &replicaLog{}
	for id := range batchID(6) {
		lead.append(0, id, 10, 100, 0)
	}
	lead.removeFront(4, 400)
	p := part{from: 0}
	lead.refuse(&p)
	if p.code != fetchOutOfRange || p.start != 40 || p.to != 60 {
		t.Fatalf("refused with %+v", p)
	}
	follower.reset(p.start, p.position)
	for at := lead.position(p.start, 0); at < lead.endPosition(); at++ {
		e := lead.at(at)
		follower.append(e.epoch, e.batch, 10, 100, 0)
		if got := follower.at(at); *got != *e {
			t.Errorf("position %d: %+v, at the leader %+v", at, *got, *e)
		}
	}
	if follower.endPosition() != lead.endPosition() || follower.end != lead.end {
		t.Errorf("ends at %d, position %d; the leader at %d, %d", follower.end, follower.endPosition(), lead.end, lead.endPosition())
	}
}
