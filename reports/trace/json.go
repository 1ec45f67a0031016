package trace

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// write writes the events, and before them the names of all processes and threads.
func (t *tracer) write(to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<16)
	// What a bufio.Writer meets is told by its Flush.
	_, _ = w.WriteString(`{"displayTimeUnit":"ms","otherData":{"scenario":` + quoted(t.Spec.Name) +
		`,"spec_sha256":` + quoted(t.Spec.SHA256) + `,"seed":"` + strconv.FormatUint(t.Spec.Seed, 10) +
		`","replication":"` + strconv.Itoa(t.Replication+1) + `"},"traceEvents":[`)
	line := t.names(nil)
	for i := range t.events {
		if len(line) > 0 || i > 0 {
			line = append(line, ',', '\n')
		}
		line = t.events[i].append(line)
		_, _ = w.Write(line)
		line = line[:0]
	}
	_, _ = w.Write(line)
	_, _ = w.WriteString("]}\n")
	return w.Flush()
}

// quoted is a string in JSON.
func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("trace: " + err.Error()) // a string has no value that JSON cannot hold
	}
	return string(text)
}

// append appends an event.
func (e *event) append(line []byte) []byte {
	line = append(line, `{"ph":"`...)
	line = append(line, e.phase)
	line = append(line, `","ts":`...)
	line = appendMicros(line, e.at)
	line = append(line, `,"pid":`...)
	line = strconv.AppendInt(line, int64(e.pid), 10)
	line = append(line, `,"tid":`...)
	line = strconv.AppendInt(line, int64(e.tid), 10)
	line = append(line, `,"cat":`...)
	line = append(line, quoted(e.category)...)
	line = append(line, `,"name":`...)
	line = append(line, quoted(e.name)...)
	switch e.phase {
	case 'X':
		line = append(line, `,"dur":`...)
		line = appendMicros(line, e.length)
	case 'i':
		line = append(line, `,"s":"t"`...)
	case 's', 'f', 'b', 'e':
		line = append(line, `,"id":`...)
		line = strconv.AppendInt(line, e.id, 10)
		if e.phase == 'f' {
			line = append(line, `,"bp":"e"`...)
		}
	}
	if len(e.args) > 0 {
		line = append(line, `,"args":{`...)
		for i := range e.args {
			if i > 0 {
				line = append(line, ',')
			}
			line = e.args[i].append(line)
		}
		line = append(line, '}')
	}
	return append(line, '}')
}

func (a *arg) append(line []byte) []byte {
	line = append(line, quoted(a.name)...)
	line = append(line, ':')
	if a.text != "" {
		return append(line, quoted(a.text)...)
	}
	return strconv.AppendInt(line, a.value, 10)
}

// appendMicros writes a time in microseconds, its nanoseconds as decimals.
func appendMicros(line []byte, d time.Duration) []byte {
	line = strconv.AppendInt(line, int64(d/time.Microsecond), 10)
	if ns := int64(d % time.Microsecond); ns != 0 {
		line = append(line, '.', byte('0'+ns/100), byte('0'+ns/10%10), byte('0'+ns%10))
	}
	return line
}

// names writes the metadata events that name processes and threads, for those that
// have events.
func (t *tracer) names(line []byte) []byte {
	type thread struct{ pid, tid int32 }
	var used []thread
	seen := map[thread]bool{}
	for i := range t.events {
		if k := (thread{t.events[i].pid, t.events[i].tid}); !seen[k] {
			seen[k] = true
			used = append(used, k)
		}
	}
	slices.SortFunc(used, func(a, b thread) int {
		if a.pid != b.pid {
			return int(a.pid - b.pid)
		}
		return int(a.tid - b.tid)
	})
	comma := func() {
		if len(line) > 0 {
			line = append(line, ',', '\n')
		}
	}
	last := int32(-1)
	for _, k := range used {
		if k.pid != last {
			last = k.pid
			comma()
			line = fmt.Appendf(line, `{"ph":"M","pid":%d,"tid":0,"name":"process_name","args":{"name":%s}}`, k.pid, quoted(t.processName(k.pid)))
			comma()
			line = fmt.Appendf(line, `{"ph":"M","pid":%d,"tid":0,"name":"process_sort_index","args":{"sort_index":%d}}`, k.pid, k.pid)
		}
		comma()
		line = fmt.Appendf(line, `{"ph":"M","pid":%d,"tid":%d,"name":"thread_name","args":{"name":%s}}`, k.pid, k.tid, quoted(t.threadName(k.pid, k.tid)))
	}
	return line
}

// processName names a process.
func (t *tracer) processName(pid int32) string {
	switch {
	case pid < t.pids.metadata:
		return t.NodeName(pid - t.pids.broker)
	case pid == t.pids.metadata:
		return "metadata"
	case pid == t.pids.faults:
		return "faults"
	case pid < t.pids.group:
		return t.ProducerName(pid - t.pids.producer)
	default:
		return "group " + t.Spec.Groups[pid-t.pids.group].Name
	}
}

// threadName names a thread of a process.
func (t *tracer) threadName(pid, tid int32) string {
	switch {
	case pid == t.pids.faults:
		f := &t.Spec.Faults[tid-1]
		return fmt.Sprintf("fault %d: %s", tid, f.Kind)
	case pid >= t.pids.group:
		if tid == lifeThread {
			return "coordinator"
		}
		member := fmt.Sprintf("member %d", (tid-firstPartition)/memberThreads+1)
		if (tid-firstPartition)%memberThreads == fetchThread {
			return member + ": client"
		}
		return member + ": application"
	case tid == lifeThread && pid == t.pids.metadata:
		return "controllers"
	case tid == lifeThread:
		return "process"
	default:
		return t.Partitions[tid-firstPartition].Name
	}
}
