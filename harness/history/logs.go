package history

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// A Truncation is a broker cutting its log of a partition.
type Truncation struct {
	At        time.Time
	Topic     string
	Partition int32
	To        int64 // the offset from which on nothing is left
	// Below is the high watermark if the log was cut below it, else -1.
	Below int64
}

// A Fencing is a controller fencing a broker whose session has timed out.
type Fencing struct {
	At     time.Time
	Broker int32
	Epoch  int64
}

// A Leading is a broker beginning to lead a partition: from then on it takes
// records.
type Leading struct {
	At        time.Time
	Topic     string
	Partition int32
	Epoch     int32
	From      int64 // its log's end
}

// The lines of Kafka 4.0 to 4.3 that are read, each after the time with which it
// was printed: UnifiedLog.truncateTo (only what it says before it really cuts),
// LogLoader.recoverLog's neighbours aside; AbstractFetcherThread.handleOutOfRange
// for a log that is begun anew; ReplicationControlManager.maybeFenceOneStaleBroker;
// Partition.makeLeader.
const (
	stampPattern    = `^\[?(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)[.,](\d{1,9})Z?\]?.*`
	cutPattern      = `\[UnifiedLog partition=(\S+)-(\d+), dir=[^\]]*\] Truncating to offset (\d+)`
	belowPattern    = `\[UnifiedLog partition=(\S+)-(\d+), dir=[^\]]*\] Truncating \S+ to offset (\d+) below high watermark (\d+)`
	anewPattern     = `Truncate fully and reset fetch offset for partition (\S+)-(\d+) from \d+ to the current leader's start offset (\d+)`
	fencePattern    = `Fencing broker (\d+) at epoch (\d+) because its session has timed out`
	leadingPattern  = `Leader (\S+)-(\d+) with topic id \S+ starts at leader epoch (\d+) from offset (\d+)`
	timestampLayout = "2006-01-02 15:04:05"
)

// Truncations finds in what a broker has printed every cut of a log, in order.
// Lines without a time (log4j2's %d, in UTC) are skipped.
func Truncations(log []byte) (found []Truncation) {
	cut, below := regexp.MustCompile(stampPattern+cutPattern), regexp.MustCompile(stampPattern+belowPattern)
	anew := regexp.MustCompile(stampPattern + anewPattern)
	under := map[string]int64{} // high watermark of the line before, by partition
	for line := range bytes.Lines(log) {
		if !bytes.Contains(line, []byte("Truncat")) {
			continue
		}
		if m := below.FindSubmatch(line); m != nil {
			under[string(m[4])+"-"+string(m[5])] = number(m[7])
			continue
		}
		m := cut.FindSubmatch(line)
		if m == nil {
			m = anew.FindSubmatch(line)
		}
		if m == nil {
			continue
		}
		t := Truncation{At: stamp(m), Topic: string(m[4]), Partition: int32(number(m[5])), To: number(m[6]), Below: -1}
		name := string(m[4]) + "-" + string(m[5])
		if hw, announced := under[name]; announced {
			t.Below = hw
			delete(under, name)
		}
		found = append(found, t)
	}
	return found
}

// Fencings finds in what a controller has printed every broker that it fenced for
// its silence, in order.
func Fencings(log []byte) (found []Fencing) {
	line := regexp.MustCompile(stampPattern + fencePattern)
	for _, m := range matches(log, line, "Fencing broker") {
		found = append(found, Fencing{At: stamp(m), Broker: int32(number(m[4])), Epoch: number(m[5])})
	}
	return found
}

// Leadings finds in what a broker has printed every partition that it began to
// lead, in order.
func Leadings(log []byte) (found []Leading) {
	line := regexp.MustCompile(stampPattern + leadingPattern)
	for _, m := range matches(log, line, "starts at leader epoch") {
		found = append(found, Leading{
			At: stamp(m), Topic: string(m[4]), Partition: int32(number(m[5])), Epoch: int32(number(m[6])), From: number(m[7]),
		})
	}
	return found
}

// Followings finds in what a broker has printed each time that it began to fetch
// partitions from their leaders, in order; the first of a life ends the loading of its
// logs.
func Followings(log []byte) (found []time.Time) {
	line := regexp.MustCompile(stampPattern + `.*Started fetchers as part of become-follower`)
	for _, m := range matches(log, line, "Started fetchers") {
		found = append(found, stamp(m))
	}
	return found
}

// matches are the lines that match, of those that have a phrase.
func matches(log []byte, line *regexp.Regexp, phrase string) (found [][][]byte) {
	for text := range bytes.Lines(log) {
		if bytes.Contains(text, []byte(phrase)) {
			if m := line.FindSubmatch(text); m != nil {
				found = append(found, slices.Clone(m))
			}
		}
	}
	return found
}

// stamp is the time of a matched line.
func stamp(m [][]byte) time.Time {
	at, err := time.Parse(timestampLayout, string(m[1])+" "+string(m[2]))
	if err != nil {
		return time.Time{} // 24:61, say, which no clock prints
	}
	fraction := string(m[3]) + "000000000"
	return at.Add(time.Duration(number([]byte(fraction[:9]))))
}

// number is a matched number; one that no field of Kafka's can hold is 0.
func number(digits []byte) int64 {
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
