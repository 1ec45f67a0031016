package kafka

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// The scripts under testdata/epochs are stories of logs and their leader epochs.
// A log is written as its batches, one record each: 0*3 1*2 are three records of
// epoch 0 and two of epoch 1.
//
//	cache     one "epoch start" a line, as they are assigned
//	assign, truncate-end, truncate-start, end-offset, latest   on that cache
//	log       name=a start=0, its records as input
//	lead      log=a epoch=3: a leader of that epoch begins
//	append    log=a count=2: it appends
//	fetch     follower=b leader=a [rounds=1]: rounds until the logs agree
//	retain    log=a from=5
func TestEpochScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/epochs", func(t *testing.T, path string) {
		t.Helper()
		story := epochStory{logs: map[string]*testLog{}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			return story.run(t, d)
		})
	})
}

// A testLog is a log of one record a batch, which it keeps by its epoch, and the
// cache of its epochs. Records of the same epoch and offset are the same record.
type testLog struct {
	start   Offset
	records []LeaderEpoch
	cache   EpochCache
	epoch   LeaderEpoch // in which it leads
}

func (l *testLog) end() Offset { return l.start + Offset(len(l.records)) }

func (l *testLog) append(epoch LeaderEpoch) {
	l.cache.Assign(epoch, l.end())
	l.records = append(l.records, epoch)
}

// lead is what a leader does to its log when its epoch begins.
func (l *testLog) lead(epoch LeaderEpoch) {
	l.epoch = epoch
	l.cache.Assign(epoch, l.end())
}

// truncate is UnifiedLog.truncateTo.
func (l *testLog) truncate(to Offset) {
	if to < l.start {
		l.reset(to)
		return
	}
	to = min(to, l.end())
	l.records = l.records[:to-l.start]
	l.cache.TruncateFromEnd(to)
}

func (l *testLog) reset(start Offset) { *l = testLog{start: start} }

func (l *testLog) retain(from Offset) {
	l.records = l.records[from-l.start:]
	l.start = from
	l.cache.TruncateFromStart(from)
}

// fetchRound is one fetch of at most count records: what the follower asks, what
// the leader answers, what the follower does (AbstractFetcherThread).
func (l *testLog) fetchRound(leader *testLog, count int) (verdict FetchVerdict, said Divergence, from Offset) {
	from = l.end()
	verdict, said = leader.cache.CheckFetch(l.cache.Latest(), from, leader.start, leader.end())
	switch verdict {
	case FetchDiverges:
		l.truncate(l.cache.TruncationOffset(said, from))
	case FetchOutOfRange:
		switch {
		case leader.end() < from:
			l.truncate(leader.end())
		case leader.start > from:
			l.reset(leader.start)
		}
	case FetchInRange:
		for ; count > 0 && l.end() < leader.end(); count-- {
			l.append(leader.records[l.end()-leader.start])
		}
	}
	return verdict, said, from
}

type epochStory struct {
	cache EpochCache
	logs  map[string]*testLog
}

func (s *epochStory) run(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	switch d.Cmd {
	case "cache", "assign":
		if d.Cmd == "cache" {
			s.cache = EpochCache{}
		}
		for line := range strings.Lines(d.Input) {
			var epoch LeaderEpoch
			var start Offset
			if _, err := fmt.Sscan(line, &epoch, &start); err != nil {
				d.Fatalf(t, "%q: %v", line, err)
			}
			s.cache.Assign(epoch, start)
		}
		return s.cache.text()
	case "truncate-end":
		s.cache.TruncateFromEnd(Offset(NumberArg(t, d, "at", 0)))
		return s.cache.text()
	case "truncate-start":
		s.cache.TruncateFromStart(Offset(NumberArg(t, d, "at", 0)))
		return s.cache.text()
	case "latest":
		return fmt.Sprintf("%d\n", s.cache.Latest())
	case "end-offset":
		epoch, end := s.cache.EndOffset(LeaderEpoch(NumberArg(t, d, "epoch", 0)), Offset(NumberArg(t, d, "log-end", 0)))
		return fmt.Sprintf("epoch %d ends at %d\n", epoch, end)
	case "check":
		verdict, said := s.cache.CheckFetch(LeaderEpoch(NumberArg(t, d, "epoch", -1)), Offset(NumberArg(t, d, "from", 0)),
			Offset(NumberArg(t, d, "start", 0)), Offset(NumberArg(t, d, "log-end", 0)))
		return verdictText(verdict, said) + "\n"
	default:
		return s.onLog(t, d)
	}
}

// onLog runs the commands on whole logs.
func (s *epochStory) onLog(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	var name string
	if d.HasArg("log") {
		d.ScanArgs(t, "log", &name)
	}
	log := s.logs[name]
	switch d.Cmd {
	case "log":
		d.ScanArgs(t, "name", &name)
		log = &testLog{start: Offset(NumberArg(t, d, "start", 0))}
		s.logs[name] = log
		for word := range strings.FieldsSeq(d.Input) {
			epoch, count, _ := strings.Cut(word, "*")
			e, err1 := strconv.Atoi(epoch)
			n, err2 := strconv.Atoi(count)
			if err1 != nil || err2 != nil {
				d.Fatalf(t, "records %q", word)
			}
			for range n {
				log.append(LeaderEpoch(e))
			}
		}
	case "lead":
		log.lead(LeaderEpoch(NumberArg(t, d, "epoch", 0)))
	case "append":
		for range NumberArg(t, d, "count", 1) {
			log.append(log.epoch)
		}
	case "cut":
		log.truncate(Offset(NumberArg(t, d, "to", 0)))
	case "retain":
		log.retain(Offset(NumberArg(t, d, "from", 0)))
	case "fetch":
		return s.fetch(t, d)
	default:
		d.Fatalf(t, "unknown command %q", d.Cmd)
	}
	return log.text()
}

// fetch runs rounds until the follower has what the leader has.
func (s *epochStory) fetch(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	var leaderName, followerName string
	d.ScanArgs(t, "leader", &leaderName)
	d.ScanArgs(t, "follower", &followerName)
	leader, follower := s.logs[leaderName], s.logs[followerName]
	var text strings.Builder
	for range NumberArg(t, d, "rounds", 10) {
		latest := follower.cache.Latest()
		verdict, said, from := follower.fetchRound(leader, 100)
		fmt.Fprintf(&text, "from %d, last epoch %d: %s\n", from, latest, verdictText(verdict, said))
		text.WriteString("  " + follower.text())
		if verdict == FetchInRange && follower.end() == leader.end() {
			break
		}
	}
	return text.String()
}

func verdictText(verdict FetchVerdict, said Divergence) string {
	switch verdict {
	case FetchInRange:
		return "served"
	case FetchDiverges:
		return fmt.Sprintf("diverges, epoch %d ends at %d", said.Epoch, said.End)
	case FetchOutOfRange:
		return "OFFSET_OUT_OF_RANGE"
	default:
		return "no verdict"
	}
}

func (c *EpochCache) text() string {
	text := ""
	for _, e := range c.Entries {
		text += fmt.Sprintf("%d from %d\n", e.Epoch, e.Start)
	}
	if text == "" {
		return "empty\n"
	}
	return text
}

// text writes a log as its records, and its epochs where they say more.
func (l *testLog) text() string {
	text := fmt.Sprintf("%d:", l.start)
	for i := 0; i < len(l.records); {
		n := i
		for n < len(l.records) && l.records[n] == l.records[i] {
			n++
		}
		text += fmt.Sprintf(" %d*%d", l.records[i], n-i)
		i = n
	}
	if n := len(l.cache.Entries); n > 0 && l.cache.Entries[n-1].Start == l.end() {
		text += fmt.Sprintf(" (epoch %d begins)", l.cache.Entries[n-1].Epoch)
	}
	return text + "\n"
}
