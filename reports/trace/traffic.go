package trace

import (
	"fmt"

	"kafkasim/reports/result/story"
)

// producers draws each instance: its sends and answers, by partition, its batches from
// the first send to their end, and what it dropped.
func (t *tracer) producers() {
	begun := make([]bool, len(t.Batches))
	for i := range t.Sends {
		s := &t.Sends[i]
		b := &t.Batches[s.Batch]
		pid := t.pids.producer + s.Producer
		if !begun[s.Batch] {
			begun[s.Batch] = true
			t.add(event{
				at: s.At, phase: 'b', pid: pid, tid: partition(b.Partition), id: int64(s.Batch), name: "batch", category: "batch",
				args: []arg{{name: "partition", text: t.Partitions[b.Partition].Name}, {name: "records", value: int64(b.Count)}, {name: "bytes", value: int64(b.Bytes)}},
			})
		}
		t.span(pid, partition(b.Partition), s.At, s.At+slice, fmt.Sprintf("send to broker %d", s.Broker+1), "produce",
			arg{name: "batch", value: int64(s.Batch)}, arg{name: "records", value: int64(b.Count)})
	}
	for i := range t.Answers {
		a := &t.Answers[i]
		name := a.Error
		if name == "" {
			name = "acknowledged"
		}
		t.span(t.pids.producer+a.Producer, partition(t.Batches[a.Batch].Partition), a.At, a.At+slice, name, "produce", arg{name: "batch", value: int64(a.Batch)})
	}
	for i := range t.BatchEnds {
		e := &t.BatchEnds[i]
		b := &t.Batches[e.Batch]
		if begun[e.Batch] {
			begun[e.Batch] = false
			t.add(event{at: e.At, phase: 'e', pid: t.pids.producer + b.Producer, tid: partition(b.Partition), id: int64(e.Batch), name: "batch", category: "batch"})
		}
		if e.Why != story.Acked {
			t.instant(t.pids.producer+b.Producer, partition(b.Partition), e.At, "batch given up", "loss", arg{name: "batch", value: int64(e.Batch)}, arg{name: "records", value: int64(b.Count)})
		}
	}
	for id, open := range begun {
		if open {
			b := &t.Batches[id]
			t.add(event{at: t.End, phase: 'e', pid: t.pids.producer + b.Producer, tid: partition(b.Partition), id: int64(id), name: "batch", category: "batch"})
		}
	}
	for i := range t.Disconnects {
		d := &t.Disconnects[i]
		t.instant(t.pids.producer+d.Producer, lifeThread, d.At, fmt.Sprintf("connection to broker %d closed", d.Broker+1), "produce")
	}
	for i := range t.Drops {
		d := &t.Drops[i]
		t.instant(t.pids.producer+d.Producer, lifeThread, d.At, "record dropped", "loss", arg{name: "buffered records", value: int64(d.Held)})
	}
	t.clientLives(len(t.Producers), t.ProducerNode(0), func(i int32) (pid, tid int32) { return t.pids.producer + i, lifeThread })
}

// clientLives marks what becomes of the processes of clients.
func (t *tracer) clientLives(n int, first int32, where func(i int32) (pid, tid int32)) {
	for i := range t.Lives {
		l := &t.Lives[i]
		if l.Node < first || l.Node >= first+int32(n) {
			continue
		}
		pid, tid := where(l.Node - first)
		name := lifeName(l.What)
		if name == "" {
			name = "goes on"
		}
		t.instant(pid, tid, l.At, name, "life")
	}
}

// replication draws the leaders' appends and the followers' copies, with the flows of
// produce and of replicate.
func (t *tracer) replication() {
	sent := make([]int, len(t.Batches)) // the latest send of each batch, from 1
	next := 0
	logs := make([][]place, len(t.Partitions)) // of each partition: appends since its leader began, and their offsets
	ends := make([][]int64, len(t.Partitions))
	copied := 0
	for i := range t.Appends {
		a := &t.Appends[i]
		for next < len(t.Sends) && t.Sends[next].At <= a.At {
			sent[t.Sends[next].Batch] = next + 1
			next++
		}
		for copied < len(t.Copies) && t.Copies[copied].At < a.At {
			t.copied(&t.Copies[copied], logs, ends)
			copied++
		}
		b := &t.Batches[a.Batch]
		here := place{a.At, t.process(a.Broker), partition(a.Partition)}
		t.span(here.pid, here.tid, a.At, a.At+slice, "append", "produce",
			arg{name: "offset", value: a.Base}, arg{name: "records", value: int64(b.Count)}, arg{name: "batch", value: int64(a.Batch)})
		if n := sent[a.Batch]; n > 0 {
			s := &t.Sends[n-1]
			t.flow(place{s.At, t.pids.producer + s.Producer, partition(b.Partition)}, here, "produce")
		}
		logs[a.Partition] = append(logs[a.Partition], here)
		ends[a.Partition] = append(ends[a.Partition], a.Base)
	}
	for ; copied < len(t.Copies); copied++ {
		t.copied(&t.Copies[copied], logs, ends)
	}
}

// copied draws a follower's append, and a flow from the leader's last append in it.
func (t *tracer) copied(k *story.Copy, logs [][]place, ends [][]int64) {
	here := place{k.At, t.process(k.Broker), partition(k.Partition)}
	t.span(here.pid, here.tid, k.At, k.At+slice, fmt.Sprintf("copy from broker %d", k.Leader+1), "replicate",
		arg{name: "offset", value: k.Base}, arg{name: "records", value: k.End - k.Base})
	if from, found := lastBefore(logs[k.Partition], ends[k.Partition], k.End, t.process(k.Leader)); found {
		t.flow(from, here, "replicate")
	}
}

// lookBack is how many appends a flow's source is looked for.
const lookBack = 64

// lastBefore is the latest append at a broker that begins below an offset.
func lastBefore(log []place, bases []int64, below int64, pid int32) (place, bool) {
	for i := len(log) - 1; i >= 0 && i >= len(log)-lookBack; i-- {
		if bases[i] < below && log[i].pid == pid {
			return log[i], true
		}
	}
	return place{}, false
}

// groups draws each group: its coordinator's states, its members' fetches and polls.
func (t *tracer) groups() {
	t.groupStates()
	logs := make([][]place, len(t.Partitions))
	bases := make([][]int64, len(t.Partitions))
	next := 0
	for i := range t.Fetches {
		f := &t.Fetches[i]
		for next < len(t.Appends) && t.Appends[next].At < f.At {
			a := &t.Appends[next]
			logs[a.Partition] = append(logs[a.Partition], place{a.At, t.process(a.Broker), partition(a.Partition)})
			bases[a.Partition] = append(bases[a.Partition], a.Base)
			next++
		}
		pid, tid := t.memberThread(f.Member, fetchThread)
		t.span(pid, tid, f.At, f.At+slice, "fetched "+t.Partitions[f.Partition].Name, "fetch",
			arg{name: "offset", value: f.From}, arg{name: "records", value: f.To - f.From}, arg{name: "broker", value: int64(f.Broker) + 1})
		if from, found := lastBefore(logs[f.Partition], bases[f.Partition], f.To, t.process(f.Broker)); found {
			t.flow(from, place{f.At, pid, tid}, "fetch")
		}
	}
	t.polls()
	for i := range t.Commits {
		c := &t.Commits[i]
		pid, tid := t.memberThread(c.Member, fetchThread)
		name := "committed"
		if c.Error != "" {
			name = "commit failed: " + c.Error
		}
		t.instant(pid, tid, c.At, name, "commit", arg{name: "partition", text: t.Partitions[c.Partition].Name}, arg{name: "offset", value: c.Offset})
	}
	for i := range t.Ownerships {
		o := &t.Ownerships[i]
		pid, tid := t.memberThread(o.Member, fetchThread)
		name := "gives up "
		if o.Owns {
			name = "is assigned "
		}
		t.instant(pid, tid, o.At, name+t.Partitions[o.Partition].Name, "rebalance")
	}
	t.clientLives(len(t.Members), t.MemberNode(0), func(i int32) (pid, tid int32) { return t.memberThread(i, pollThread) })
}

// Threads of a member in its group's process.
const (
	fetchThread = iota
	pollThread
	memberThreads
)

// memberThread is a thread of a member.
func (t *tracer) memberThread(i, which int32) (pid, tid int32) {
	m := &t.Members[i]
	return t.pids.group + m.Group, firstPartition + m.Number*memberThreads + which
}

// groupStates draws a group's states.
func (t *tracer) groupStates() {
	for g := range t.Spec.Groups {
		var last *story.GroupState
		until := t.End
		for i := range t.Groups {
			s := &t.Groups[i]
			if int(s.Group) != g {
				continue
			}
			if last != nil {
				t.span(t.pids.group+int32(g), lifeThread, last.At, s.At, last.State, "rebalance", arg{name: "generation", value: int64(last.Generation)})
			}
			last = s
		}
		if last != nil {
			t.span(t.pids.group+int32(g), lifeThread, last.At, until, last.State, "rebalance", arg{name: "generation", value: int64(last.Generation)})
		}
	}
}

// polls draws what each member's application is at work on.
func (t *tracer) polls() {
	since := make([]int, len(t.Members)) // first of Polls that is in hand, from 1
	records := make([]int64, len(t.Members))
	next := 0
	end := func(i int32, e story.PollEnd) {
		if since[i] == 0 {
			return
		}
		pid, tid := t.memberThread(i, pollThread)
		t.span(pid, tid, t.Polls[since[i]-1].At, e.At, "at work", "process", arg{name: "records", value: records[i]})
		since[i], records[i] = 0, 0
	}
	for i := range t.PollEnds {
		e := t.PollEnds[i]
		for next < len(t.Polls) && t.Polls[next].At < e.At {
			p := &t.Polls[next]
			if since[p.Member] == 0 {
				since[p.Member] = next + 1
			}
			records[p.Member] += p.To - p.From
			next++
		}
		end(e.Member, e)
	}
	for i := range t.Members {
		end(int32(i), story.PollEnd{At: t.End})
	}
}
