package explain

import (
	"fmt"
	"time"

	"kafkasim/reports/result"
	"kafkasim/reports/result/story"
	"kafkasim/scenarios"
)

// offsetOf is where a batch stands: the base of its last append and the record's place.
func (t *teller) offsetOf(id int32) int64 {
	r := &t.Records[id]
	appends := t.appends(r.Batch)
	if len(appends) == 0 {
		return -1
	}
	return appends[len(appends)-1].Base + int64(r.Index)
}

// missing is the first group that reads the record's topic and has not processed it.
func (t *teller) missing(id int32) (group int32, found bool) {
	done := map[int32]bool{}
	for i := range t.Reads {
		if t.Reads[i].Record == id {
			done[t.Members[t.Reads[i].Member].Group] = true
		}
	}
	topic := int(t.Partitions[t.Batches[t.Records[id].Batch].Partition].Topic)
	for g := range t.Spec.Groups {
		for _, reads := range t.Spec.Groups[g].Topics {
			if reads == topic && !done[int32(g)] {
				return int32(g), true
			}
		}
	}
	return 0, false
}

// readers tells what became of a group's members and of its reading of a partition
// between two instants.
func (t *teller) readers(group, p int32, from, to time.Duration) {
	w := window{max(from, 0), to} // members have started before
	t.members(group, w)
	for i := range t.Groups {
		if g := &t.Groups[i]; w.has(g.At) && g.Group == group {
			t.around(g.At, "group %s is %s (generation %d)", t.Spec.Groups[group].Name, g.State, g.Generation)
		}
	}
	for i := range t.Ownerships {
		if o := &t.Ownerships[i]; w.has(o.At) && o.Partition == p && t.Members[o.Member].Group == group {
			verb := "gives up"
			if o.Owns {
				verb = "is assigned"
			}
			t.around(o.At, "%s %s %s", t.MemberName(o.Member), verb, t.Partitions[p].Name)
		}
	}
	for i := range t.Positions {
		if x := &t.Positions[i]; w.has(x.At) && x.Partition == p && t.Members[x.Member].Group == group {
			t.around(x.At, "%s begins to read %s at offset %s: %s", t.MemberName(x.Member), t.Partitions[p].Name, count(x.Offset), positionWords(x.Why))
		}
	}
}

// members tells of the processes of a group's members.
func (t *teller) members(group int32, w window) {
	first := t.MemberNode(0)
	of := func(node int32) bool { return node >= first && t.Members[node-first].Group == group }
	for i := range t.Lives {
		if l := &t.Lives[i]; w.has(l.At) && of(l.Node) {
			t.around(l.At, "%s", t.lifeWords(l))
		}
	}
	for i := range t.Faults {
		f := &t.Faults[i]
		spec := &t.Spec.Faults[f.Index]
		switch {
		case !w.has(f.At) || !of(f.Node) || spec.Kind != scenarios.SlowDownstream:
		case f.Begin:
			t.around(f.At, "%s: the work of %s takes %g times as long", t.faultName(f.Index), t.NodeName(f.Node), spec.Factor)
		default:
			t.around(f.At, "%s: %s works at its own pace again", t.faultName(f.Index), t.NodeName(f.Node))
		}
	}
}

func positionWords(why story.PositionKind) string {
	switch why {
	case story.FromCommit:
		return "the group's committed offset"
	case story.FromEarliest:
		return "auto.offset.reset=earliest, there being no valid offset"
	case story.FromLatest, story.FromReset:
		return "auto.offset.reset=latest, there being no valid offset"
	case story.FromCut:
		return "the log has been cut there"
	}
	return "it was told so"
}

// commits tells of a group's last commit of a partition before an instant, and of those
// that failed after it.
func (t *teller) commits(group, p int32, before time.Duration) (offset int64, found bool) {
	var last *story.Commit
	for i := range t.Commits {
		c := &t.Commits[i]
		if c.Group == group && c.Partition == p && c.At <= before && c.Error == "" {
			last = c
		}
	}
	if last != nil {
		t.step(last.At, "the group's offset of %s is committed as %s, by %s", t.Partitions[p].Name, count(last.Offset), t.MemberName(last.Member))
		offset, found = last.Offset, true
	}
	failed := 0
	for i := range t.Commits {
		c := &t.Commits[i]
		if c.Group == group && c.Partition == p && c.At <= before && (last == nil || c.At > last.At) && c.Error != "" {
			failed++
			if failed <= 2 {
				t.step(c.At, "a commit of offset %s fails: %s", count(c.Offset), c.Error)
			}
		}
	}
	return offset, found
}

// lostToRetention tells of a record that was deleted unread.
func (t *teller) lostToRetention(id int32) {
	r := &t.Records[id]
	p := t.Batches[r.Batch].Partition
	appends := t.appends(r.Batch)
	t.appended(appends, r.Index)
	end, _ := t.ended(r.Batch)
	t.acknowledged(r.Batch, t.producerOf(id).Config.Acks)
	var gone *holding
	for _, h := range t.holdings(r.Batch) {
		if !h.has && h.why == 0 {
			gone = &h
			break
		}
	}
	at := end.At
	topic := &t.Spec.Topics[t.Partitions[p].Topic]
	limitWords := retentionWords(&topic.Config)
	if gone != nil {
		at = gone.at
		t.step(gone.at, "broker %d deletes the segment that holds it (%s)", gone.broker+1, limitWords)
	}
	if group, found := t.missing(id); found {
		spec := &t.Spec.Groups[group]
		position := t.positionAt(group, p, at)
		t.step(at, "group %s has not read it: it is at offset %s of %s, and the record is at %s", spec.Name, count(position), t.Partitions[p].Name, count(t.offsetOf(id)))
		t.readers(group, p, r.At-30*time.Second, at)
	}
	t.cluster(p, r.At-t.lookBack(p, r.At), at, -1)
	t.told.Class = "retention"
	t.rule("Retention deletes whole segments that are old or too much, read or not: it knows of no group. The leader deletes below its high watermark, and followers by themselves.",
		"storage/.../log/UnifiedLog.java, deleteOldSegments; core/.../log/LogManager.scala, cleanupLogs")
	t.cure(fmt.Sprintf("a longer retention than %s: longer than the longest outage of a reader and the time to catch up", limitWords),
		"disk: the inbound bytes of that time, times the replication_factor")
	t.cure("more members, or faster processing, so that the group keeps up", "machines; and no more members than partitions are of use")
}

func retentionWords(c *scenarios.TopicConfig) string {
	switch {
	case c.RetentionTime != scenarios.Forever && c.RetentionBytes != scenarios.Unbounded:
		return fmt.Sprintf("retention.ms %s, retention.bytes %s", span(c.RetentionTime), result.Quantity(float64(c.RetentionBytes), "bytes"))
	case c.RetentionBytes != scenarios.Unbounded:
		return "retention.bytes " + result.Quantity(float64(c.RetentionBytes), "bytes")
	case c.RetentionTime != scenarios.Forever:
		return "retention.ms " + span(c.RetentionTime)
	}
	return "no limit"
}

// positionAt is up to where a group had processed a partition.
func (t *teller) positionAt(group, p int32, at time.Duration) int64 {
	next := int64(0)
	for i := range t.Reads {
		if r := &t.Reads[i]; r.At <= at && r.Partition == p && t.Members[r.Member].Group == group {
			next = max(next, r.Offset+1)
		}
	}
	return next
}

// lostSkipped tells of a record that a group has passed over.
func (t *teller) lostSkipped(id int32) {
	r := &t.Records[id]
	p := t.Batches[r.Batch].Partition
	appends := t.appends(r.Batch)
	t.appended(appends, r.Index)
	t.acknowledged(r.Batch, t.producerOf(id).Config.Acks)
	group, found := t.missing(id)
	if !found {
		return
	}
	spec := &t.Spec.Groups[group]
	offset := t.offsetOf(id)
	handed, to := t.handedOut(group, p, offset, r.At)
	from := r.At
	if handed != nil {
		from = handed.At
		t.step(handed.At, "handed to %s, which begins to work on it", t.MemberName(handed.Member))
	}
	passed := t.passed(group, p, offset, from)
	until := to
	if passed != nil {
		until = max(until, passed.At)
	}
	if early := t.committedPast(group, p, offset, until); early != nil {
		t.step(early.At, "the group's offset of %s is committed as %s, past the record, by %s", t.Partitions[p].Name, count(early.Offset), t.MemberName(early.Member))
	}
	t.readers(group, p, from-time.Second, until)
	if handed == nil {
		t.passedOver(p, r.At, until, passed)
		return
	}
	t.told.Class = "committed before it was processed"
	t.rule("The group goes on at the committed offset. What was committed when the records were handed out, and was not processed when the member stopped, nobody processes: the next owner begins behind it.",
		"clients/.../consumer/internals/ConsumerCoordinator.java (positions are committed, not results)")
	price := "records are processed again after a crash or a move of their partition, those since the last commit"
	if spec.Commit == scenarios.CommitAfterProcessing || spec.Commit == scenarios.CommitAfterEachPoll {
		t.cure("none of Kafka's: positions were committed past what the application had done", price)
		return
	}
	t.cure("commit: after_processing, or after_each_poll, instead of before_processing (of the application: commit what is done)", price)
}

// handedOut is the first time that a record was handed to a member of a group, and when
// that member was done, or stopped.
func (t *teller) handedOut(group, p int32, offset int64, after time.Duration) (*story.Poll, time.Duration) {
	for i := range t.Polls {
		x := &t.Polls[i]
		if x.At < after || x.Partition != p || offset < x.From || offset >= x.To || t.Members[x.Member].Group != group {
			continue
		}
		for k := range t.Lives {
			if l := &t.Lives[k]; l.At >= x.At && l.Node == t.MemberNode(x.Member) {
				return x, l.At
			}
		}
		return x, t.End
	}
	return nil, after
}

// committedPast is a group's last commit beyond an offset that counted at an instant.
func (t *teller) committedPast(group, p int32, offset int64, until time.Duration) *story.Commit {
	var last *story.Commit
	for i := range t.Commits {
		if c := &t.Commits[i]; c.Group == group && c.Partition == p && c.Error == "" && c.Offset > offset && (last == nil || c.At <= until) {
			last = c
		}
	}
	return last
}

// passed is where a member of a group first began to read a partition beyond an offset,
// after an instant; nil: nowhere.
func (t *teller) passed(group, p int32, offset int64, after time.Duration) *story.Position {
	for i := range t.Positions {
		if x := &t.Positions[i]; x.At >= after && x.Partition == p && x.Offset > offset && t.Members[x.Member].Group == group {
			return x
		}
	}
	return nil
}

// passedOver is a record that no member of the group was ever handed.
func (t *teller) passedOver(p int32, from, until time.Duration, passed *story.Position) {
	t.told.Class = "position past it"
	t.cluster(p, from-t.lookBack(p, from), until, -1)
	if passed != nil && passed.Why != story.FromCommit && passed.Why != story.FromCut {
		t.rule("A member begins where the group's committed offset says, and where there is none, or it is out of range, where auto.offset.reset says: with latest all that is there is passed over.",
			"clients/.../consumer/internals/SubscriptionState.java; ConsumerCoordinator.java, refreshCommittedOffsetsIfNeeded")
		t.cure("auto.offset.reset=earliest", "records may be read again from the log's start; processing must bear it")
		return
	}
	t.rule("A group's committed offset is a number. When the log has been cut below it, and grown again, new records stand at offsets that the group has behind it; "+
		"an offset that was committed without its leader epoch cannot be told from a good one.",
		"clients/.../consumer/internals/SubscriptionState.java, maybeCompleteValidation; KIP-320; KAFKA-20507")
	t.cure("what keeps the log from being cut: acks=all with min.insync.replicas of 2 or more, and unclean.leader.election.enable=false",
		"acknowledgements wait for all of the ISR, and a partition without a member of its ISR waits for one")
	t.cure("a group that is set back by hand after a log was cut (kafka-consumer-groups --reset-offsets)", "records are read again; processing must bear it")
}

// processedTwice tells of the first record that a group processed again.
func (t *teller) processedTwice() bool {
	var again *story.Read
	n := 0
	for i := range t.Reads {
		if r := &t.Reads[i]; r.Again {
			if again == nil {
				again = r
			}
			n++
		}
	}
	if again == nil {
		return false
	}
	id, p := again.Record, again.Partition
	group := t.Members[again.Member].Group
	spec := &t.Spec.Groups[group]
	var before *story.Read
	for i := range t.Reads {
		if r := &t.Reads[i]; r.Record == id && !r.Again && t.Members[r.Member].Group == group {
			before = r
			break
		}
	}
	if before == nil {
		return false
	}
	t.told.Title = fmt.Sprintf("%s was processed twice by group %s: the first of %s that were processed again in this replication.",
		capital(t.recordName(id)), spec.Name, many(n, "record"))
	t.step(t.Records[id].At, "generated by the application: %s", t.recordName(id))
	t.appended(t.appends(t.Records[id].Batch), t.Records[id].Index)
	t.step(before.At, "processed by %s: offset %s of %s", t.MemberName(before.Member), count(before.Offset), t.Partitions[p].Name)
	begin := t.beginning(again, before.At)
	committed, known := t.commits(group, p, begin)
	t.step(again.At, "processed again, by %s, at offset %s", t.MemberName(again.Member), count(again.Offset))
	t.readers(group, p, before.At-time.Second, again.At)
	t.twiceWhy(again, before, spec, committed, known)
	return true
}

// beginning is when the member that processed a record again had begun to read there.
func (t *teller) beginning(again *story.Read, after time.Duration) time.Duration {
	at := again.At
	for i := range t.Positions {
		if x := &t.Positions[i]; x.Member == again.Member && x.Partition == again.Partition && x.At <= again.At && x.At >= after {
			at = x.At
		}
	}
	return at
}

// twiceWhy is the rule behind a record that was processed again.
func (t *teller) twiceWhy(again, before *story.Read, spec *scenarios.Group, committed int64, known bool) {
	if again.Offset != before.Offset {
		t.told.Class = "written twice"
		t.rule("The record stands in the log twice, and each copy is delivered.", "--explain=duplicated.produced tells how it was")
		t.cureIdempotence(again.Record)
		return
	}
	t.told.Class = "redelivered"
	where := "no offset was committed yet"
	if known {
		where = "which was " + count(committed)
	}
	t.rule("A partition's new owner begins at the group's committed offset ("+where+"): all that was processed since that commit is delivered once more. "+
		"Kafka promises at least once, and not once.", "clients/.../consumer/internals/ConsumerCoordinator.java; group-coordinator/.../OffsetMetadataManager.java")
	switch spec.Commit {
	case scenarios.CommitAfterProcessing:
		t.cure(fmt.Sprintf("commit: after_each_poll, or a shorter auto.commit.interval.ms than %s", span(spec.Config.AutoCommitInterval)),
			"more commits: each is a write at acks=all to __consumer_offsets, and after_each_poll waits for it")
	case scenarios.CommitAfterEachPoll:
		t.cure(fmt.Sprintf("a smaller max.poll.records than %s", limit(spec.Config.MaxPollRecords)), "more polls and commits for as many records")
	case scenarios.CommitBeforeProcessing:
		t.cure("none of Kafka's: the commit had not been taken when the partition moved", "the other way round records are passed over")
	}
	if !spec.Config.StaticMembership {
		t.cure("group.instance.id (static membership): a member that is back within its session keeps its partitions",
			"the partitions of one that does not come back stand still for session.timeout.ms ("+span(spec.Config.SessionTimeout)+")")
	}
	t.cure("processing that may be done twice (idempotent, or with the offset stored beside the result)", "work in the application, and nothing in Kafka")
}
