package batch

import (
	"kafkasim/models/kafka"
	"kafkasim/reports/result/story"
)

// A fateCount says how many records of a producer met which end.
type fateCount struct {
	acked, delivered, inFlight, truncated, phantom, written             int64
	lostAcked, expired, unconfirmed, clientCrash, retention, skippedOne int64
}

// finalLog is the log that counts at the end of a run: the registered leader's.
// While there is none, or its process does not serve, nothing is decided: then it is
// the most recent, the longest of those that end in the newest leader epoch. It has
// all that is committed, whoever will lead (the order of Raft's elections, section
// 5.4.1); a longer one that ends in an older epoch is a former leader's, which went
// on after its successor was elected.
func (w *world) finalLog(p kafka.PartitionID) *replicaLog {
	base := w.plan.partitions[p].replica
	if s := &w.control.image[p]; s.Leader != kafka.NoReplica {
		if lead := &w.replicas[base+int(s.Leader)]; w.processes[lead.broker].up && w.serving(lead.broker) {
			return &lead.log
		}
	}
	best := &w.replicas[base].log
	for i := range w.assigned[p] {
		if log := &w.replicas[base+i].log; log.moreRecent(best) {
			best = log
		}
	}
	return best
}

// settle gives every record its end (design: the ledger) and returns the counts
// by producer.
func (w *world) settle() []fateCount {
	counts := make([]fateCount, len(w.plan.spec.Producers))
	for i := range w.producer {
		p := &w.producer[i]
		for local, id := range p.global {
			if id != noBatch {
				w.globalBatch(int32(i), kafka.BatchID(local)) // its final number of records
			}
		}
		counts[w.plan.producers[i].producer].inFlight += int64(p.machine.Waiting())
	}
	for p := range w.plan.partitions {
		if !w.plan.topics[w.plan.partitions[p].topic].internal {
			w.settleLog(counts, kafka.PartitionID(p))
		}
	}
	for id := range w.batches {
		b := &w.batches[id]
		if b.fate != fateCommit {
			w.settleBatch(&counts[w.plan.producers[b.producer].producer], b)
		}
	}
	for i := range w.observed.producers {
		o := &w.observed.producers[i]
		counts[i].expired += o.tooLarge
		counts[i].clientCrash += o.crashed
	}
	return counts
}

// settleLog finds the batches that are in a partition's final log, and the ends
// of their records.
func (w *world) settleLog(counts []fateCount, p kafka.PartitionID) {
	log := w.finalLog(p)
	mask := w.plan.topics[w.plan.partitions[p].topic].groupBits
	for _, e := range log.entries {
		b := &w.batches[e.batch]
		if b.fate == fateCommit {
			continue
		}
		c := &counts[w.plan.producers[b.producer].producer]
		if b.found < 255 {
			b.found++
		}
		if b.found > 1 {
			c.written += int64(b.count)
			continue
		}
		passed := w.groupsPast(p, e.base)
		k := kafka.Offset(0)
		for r := b.first; r >= 0; r = w.records[r].next {
			missing := mask &^ w.records[r].done
			switch {
			case missing == 0:
				c.delivered++
				w.tellEnd(r, story.Delivered)
			case w.passedBy(p, e.base+k, missing, passed):
				c.skippedOne++
				w.tellEnd(r, story.LostSkipped)
			default:
				c.inFlight++
				w.tellEnd(r, story.InFlight)
			}
			k++
		}
		if b.fate == fateFailed {
			c.phantom += int64(b.count)
		}
	}
}

// groupsPast is a quick look at which groups are past an offset.
func (w *world) groupsPast(p kafka.PartitionID, offset kafka.Offset) uint32 {
	past := uint32(0)
	for g := range w.plan.groups {
		flat, reads := w.plan.groups[g].flat[int32(p)]
		if reads && w.nextOf(g, flat) > offset {
			past |= 1 << w.plan.groups[g].bit
		}
	}
	return past
}

// passedBy says whether every group that misses the record at an offset has gone
// past it for good.
func (w *world) passedBy(p kafka.PartitionID, offset kafka.Offset, missing, past uint32) bool {
	if missing&^past != 0 {
		return false
	}
	for g := range w.plan.groups {
		bit := uint32(1) << w.plan.groups[g].bit
		flat, reads := w.plan.groups[g].flat[int32(p)]
		if reads && missing&bit != 0 && w.nextOf(g, flat) <= offset {
			return false
		}
	}
	return true
}

// nextOf is the offset that a group would process next in a partition: its
// owner's position, or else what is committed.
func (w *world) nextOf(g int, flat int32) kafka.Offset {
	gs := &w.consumers.groups[g]
	if i := gs.owner[flat]; i >= 0 {
		m := &w.consumers.members[i]
		if at := m.slot[flat]; at >= 0 {
			if done := m.owned[at].done; done >= 0 {
				return done
			}
		}
	}
	return max(gs.committed[flat], 0)
}

// settleBatch gives the records of a batch their end that are not in the final
// log.
func (w *world) settleBatch(c *fateCount, b *batchState) {
	n := int64(b.count)
	acked := b.fate == fateAcked
	confirmed := acked && w.producer[b.producer].config.Acks != acksNone
	if acked {
		c.acked += n
	}
	if b.found > 0 {
		return
	}
	if confirmed && b.appended > 0 && !b.retired {
		c.truncated += n
		w.checkGone(b)
	}
	mask := w.plan.topics[w.plan.partitions[b.partition].topic].groupBits
	for r := b.first; r >= 0; r = w.records[r].next {
		switch {
		case mask != 0 && w.records[r].done&mask == mask, b.retired && mask == 0:
			c.delivered++
			w.tellEnd(r, story.Delivered)
		case b.retired:
			c.retention++
			w.tellEnd(r, story.LostRetention)
		case b.fate == fateOpen:
			c.inFlight++
			w.tellEnd(r, story.InFlight)
		case b.fate == fateFailed:
			c.expired++
			w.tellEnd(r, story.LostExpired)
		case b.fate == fateCrashed:
			c.clientCrash++
			w.tellEnd(r, story.LostClientCrash)
		case confirmed:
			c.lostAcked++
			w.tellEnd(r, story.LostAcked)
		default:
			c.unconfirmed++
			w.tellEnd(r, story.LostUnconfirmed)
		}
	}
}
