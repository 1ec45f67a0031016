package account

import (
	"errors"
	"fmt"
	"slices"

	"kafkasim/reports/result/tally"
	"kafkasim/scenarios"
)

// A finalLog is a partition's log as it was read back, and what is known of
// records that it lost.
type finalLog struct {
	start   int64
	records []*record // by offset from start on; nil where there is none of ours
	// gone are records that were acknowledged at an offset which is another's now, or
	// nobody's.
	gone map[int64][]*record
}

// A wait is a change of how many records of a partition wait for an answer.
type wait struct {
	at      instant
	settles bool // one ends, else one begins
	acked   bool
}

// readLogs finds every record in the final logs.
func (a *accounting) readLogs() error {
	var wrong error
	a.eachPartition(func(at Partition, _ *partitionBook) {
		if wrong == nil {
			wrong = a.readLog(at)
		}
	})
	a.each(a.place)
	a.eachPartition(func(_ Partition, b *partitionBook) {
		b.stall = longestGap(b.waiting, a.warm, a.end)
		b.waiting = nil
	})
	return wrong
}

// place notes for a record's partition that it waited there for an answer, and that
// it was where the final log has something else.
func (a *accounting) place(_ int, r *record) {
	if r.partition == nowhere || !a.known(Partition{r.topic, r.partition}) {
		return
	}
	b := a.partition(Partition{r.topic, r.partition})
	if r.fate == acked && r.offset >= 0 && b.log.find(r.offset) != r {
		if b.log.gone == nil {
			b.log.gone = map[int64][]*record{}
		}
		b.log.gone[r.offset] = append(b.log.gone[r.offset], r)
	}
	if !r.handed || r.fate == dropped || r.waiting >= a.end {
		return // the client never had it
	}
	b.waiting = append(b.waiting, wait{at: r.waiting})
	if r.fate != open {
		b.waiting = append(b.waiting, wait{at: r.settled, settles: true, acked: r.fate == acked})
	}
}

func (a *accounting) readLog(at Partition) error {
	log := &a.partition(at).log
	log.start = a.o.LogStart[at]
	for _, l := range a.o.Logs[at] {
		r := a.record(l.ID)
		if r == nil || r.topic != at.Topic || !r.sent {
			return fmt.Errorf("%s has at offset %d a record that nobody has sent there: %+v", a.partitionName(at), l.Offset, l.ID)
		}
		if l.Offset < log.start {
			return fmt.Errorf("%s begins at offset %d, and has a record at %d", a.partitionName(at), log.start, l.Offset)
		}
		for log.start+int64(len(log.records)) <= l.Offset {
			log.records = append(log.records, nil)
		}
		if log.records[l.Offset-log.start] != nil {
			return fmt.Errorf("%s has two records at offset %d", a.partitionName(at), l.Offset)
		}
		log.records[l.Offset-log.start] = r
		if r.partition == nowhere {
			r.partition = at.Partition
		}
	}
	return nil
}

// find is the record at an offset, or nil.
func (l *finalLog) find(offset int64) *record {
	if i := offset - l.start; i >= 0 && i < int64(len(l.records)) {
		return l.records[i]
	}
	return nil
}

// oldest is the first record from an offset on and below a high watermark as it
// was at an instant, or nil: one that came into being later is not it.
func (l *finalLog) oldest(offset, hw int64, now instant) *record {
	for ; offset < hw; offset++ {
		if r := l.find(offset); r != nil && r.intended <= now {
			return r
		}
		for _, r := range slices.Backward(l.gone[offset]) {
			if r.intended <= now {
				return r
			}
		}
	}
	return nil
}

// longestGap is the longest time without an acknowledgement on a partition while a
// record waits for one, as far as it lies behind the warm-up. What waits at the end
// of the run waits until then.
func longestGap(waits []wait, warm, end instant) (longest instant) {
	slices.SortStableFunc(waits, func(x, y wait) int {
		if x.at == y.at && x.settles != y.settles {
			if y.settles {
				return -1
			}
			return 1
		}
		return compare(x.at, y.at)
	})
	from, waiting := instant(0), 0
	closeGap := func(at instant) {
		longest = max(longest, at-max(from, warm))
		from = at
	}
	for _, w := range waits {
		if w.settles {
			waiting--
			if w.acked || waiting == 0 {
				closeGap(w.at)
			}
			continue
		}
		if waiting == 0 {
			from = w.at
		}
		waiting++
	}
	if waiting > 0 {
		closeGap(end)
	}
	return longest
}

// settle gives every record its end, the final logs first (design: the ledger).
func (a *accounting) settle() error {
	a.eachPartition(func(at Partition, _ *partitionBook) { a.settleLog(at) })
	a.each(a.settleRecord)
	for p := range a.producers {
		s := &a.producers[p].sum
		ends := s.Delivered + s.LostAcked + s.LostBuffer + s.LostExpired + s.LostUnconfirmed + s.LostClientCrash +
			s.LostRetention + s.LostSkipped + s.InFlight
		if ends != s.Generated {
			return errors.New("producer " + a.spec.Producers[p].Name + ": not every record has exactly one end")
		}
	}
	return nil
}

// settleLog ends the records of a final log.
func (a *accounting) settleLog(at Partition) {
	log, mask := &a.partition(at).log, a.topics[at.Topic].mask
	for i, r := range log.records {
		if r == nil {
			continue
		}
		s := a.sumOf(r)
		if r.copies < 255 {
			r.copies++
		}
		if r.copies > 1 {
			s.DuplicatedWrite++
			continue
		}
		missing := mask &^ r.done
		switch {
		case missing == 0:
			s.Delivered++
		case a.passed(at, log.start+int64(i), missing):
			s.LostSkipped++
		default:
			s.InFlight++
		}
		if r.fate == failed {
			s.Phantom++
		}
	}
}

// passed reports whether every group that misses the record at an offset has gone
// past it for good.
func (a *accounting) passed(at Partition, offset int64, missing uint32) bool {
	for g := range a.groups {
		if missing&(1<<g) != 0 && a.groups[g].next(at) <= offset {
			return false
		}
	}
	return true
}

// settleRecord ends a record that is in no final log.
func (a *accounting) settleRecord(p int, r *record) {
	if r.copies > 0 {
		return
	}
	s := &a.producers[p].sum
	mask := a.topics[r.topic].mask
	confirmed := r.fate == acked && a.spec.Producers[p].Config.Acks != scenarios.AcksNone
	retired := r.offset >= 0 && r.partition != nowhere && r.offset < a.partition(Partition{r.topic, r.partition}).log.start
	if confirmed && r.offset >= 0 && !retired {
		s.Truncated++
	}
	switch {
	case mask != 0 && r.done&mask == mask, retired && mask == 0:
		s.Delivered++
	case retired:
		s.LostRetention++
	case r.fate == open:
		s.InFlight++
	case r.fate == dropped:
		s.LostBuffer++
	case r.fate == failed:
		s.LostExpired++
	case r.fate == crashed:
		s.LostClientCrash++
	case confirmed:
		s.LostAcked++
	default:
		s.LostUnconfirmed++
	}
}

// sumOf is the ledger of a record's producer.
func (a *accounting) sumOf(r *record) *tally.Records { return &a.producers[r.producer].sum }
