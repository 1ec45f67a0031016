package scenarios

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"kafkasim/sim/unit"
)

// calibrationKey is what a profile's file may hold beside the machine's figures:
// a block of text that says how they were found. The language does not read it.
const calibrationKey = "calibration"

// ParseHardware reads a machine profile, a file like those of this package: a map
// of figures, and perhaps the calibration that they come from, which is returned
// as it is written. The file gives every figure, or names under profile a shipped
// one to take the others from. Problems are in the order of the file; then there
// is no profile.
func ParseHardware(name string, source []byte) (h *Hardware, calibration string, problems []Problem) {
	r := &reader{file: name}
	root := loadYAML(r, source, place{})
	if root == nil {
		return nil, "", r.sorted()
	}
	if root.kind != mapNode {
		r.problem(root.at, "the profile is %s; it must be a map of a machine's figures, as in cores: 4", root.noun())
		return nil, "", r.sorted()
	}
	base := new(Hardware)
	figures := &node{kind: mapNode, at: root.at}
	for _, e := range root.entries {
		switch {
		case e.key == calibrationKey && e.value.kind == scalarNode:
			calibration = e.value.text
		case e.key == "profile" && e.value.kind == scalarNode:
			base = r.namedProfile(e.value)
		default:
			figures.entries = append(figures.entries, e)
		}
	}
	var settings value[[]Setting]
	settingsForm(&settings).read(r, "the profile", figures)
	if len(r.problems) == 0 && base.Name == "" {
		r.wholeProfile(figures)
	}
	if len(r.problems) == 0 {
		h, problems = decodeInlineHardware(base, settings.is)
		r.adopt(root, problems)
	}
	if len(r.problems) > 0 {
		return nil, "", r.sorted()
	}
	h.Name = strings.TrimSuffix(name[strings.LastIndexByte(name, '/')+1:], ".yaml")
	return h, calibration, nil
}

// namedProfile is the shipped profile that a file builds on.
func (r *reader) namedProfile(n *node) *Hardware {
	h, found := hardwareByName(n.text)
	if !found {
		r.problem(n.at, "profile: there is no profile %s; %s", shown(n.text), didYouMean(n.text, hardwareNames(), "profiles"))
		return new(Hardware)
	}
	return h
}

// wholeProfile reports the figures that a profile lacks which builds on no other.
func (r *reader) wholeProfile(figures *node) {
	for _, name := range []string{
		"cores", "speed", "network", "rtt_same_rack", "rtt_cross_rack", "disk_write", "disk_read", "disk_seek", "fsync", "cpu_per_mb",
		"cpu_per_request", "cpu_idle", "wakeup", "client_delay", "replica_delay", "metadata_apply", "page_cache", "recovery_rate", "clean_load",
	} {
		if figures.get(name) == nil {
			r.problem(figures.at, "%s is missing in the profile; add it, or a shipped profile to take it from, as in profile: container", name)
		}
	}
}

// HardwareSource is the file of a shipped profile; false if there is none of that
// name.
func HardwareSource(name string) ([]byte, bool) {
	h, found := hardwareByName(name)
	if !found {
		return nil, false
	}
	text, err := hardwareFiles.ReadFile("hardware/" + h.Name + ".yaml")
	if err != nil {
		panic("scenarios: embedded hardware profile: " + err.Error())
	}
	return text, true
}

// Check finds what is impossible in a profile that was not read from a file: a
// figure out of its range, or two that contradict each other. The messages are
// those for a file.
func (h *Hardware) Check() []Problem {
	again := *h
	problems := applyHardware(&again, h.settings())
	return append(problems, hardwareConflicts(h, nil)...)
}

// WriteHardware writes a profile as ParseHardware reads it: one figure a line, in
// the order of the language, each with the note that notes has for its key.
// Reading it gives the same profile to the nanosecond and the byte, but for its
// name, which is the file's.
func WriteHardware(w io.Writer, h *Hardware, notes map[string]string) error {
	var out strings.Builder
	for _, s := range h.settings() {
		line := s.Name + ": " + s.Value
		if note := notes[s.Name]; note != "" {
			line = fmt.Sprintf("%-30s # %s", line, note)
		}
		out.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// settings are the figures of a profile as its file writes them.
func (h *Hardware) settings() []Setting {
	var all []Setting
	add := func(name, value string) { all = append(all, Setting{Name: name, Value: value}) }
	latency := func(name string, l Latency) {
		add(name, writtenSpan(l.Median))
		add(name+"_p99", writtenSpan(l.P99))
	}
	add("cores", strconv.Itoa(h.Cores))
	add("cpu_shared", strconv.FormatBool(h.CPUShared))
	add("speed", writtenNumber(h.Speed))
	add("network", writtenThroughput(h.NetworkBase))
	if h.NetworkBurst != h.NetworkBase {
		add("network_burst", writtenThroughput(h.NetworkBurst))
		add("network_credit", writtenSpan(h.NetworkCredit))
	}
	add("network_shared", strconv.FormatBool(h.NetworkShared))
	latency("rtt_same_rack", h.RTTSameRack)
	latency("rtt_cross_rack", h.RTTCrossRack)
	add("disk_write", writtenThroughput(h.DiskWrite))
	if h.DiskBurst != h.DiskWrite {
		add("disk_burst", writtenThroughput(h.DiskBurst))
		add("disk_credit", writtenSpan(h.DiskCredit))
	}
	add("disk_read", writtenThroughput(h.DiskRead))
	add("disk_shared", strconv.FormatBool(h.DiskShared))
	add("disk_seek", writtenSpan(h.DiskSeek))
	latency("fsync", h.Fsync)
	add("cpu_per_mb", writtenSpan(h.CPUPerMB))
	add("cpu_per_request", writtenSpan(h.CPUPerRequest))
	add("cpu_idle", writtenNumber(h.CPUIdle))
	latency("wakeup", h.Wakeup)
	latency("client_delay", h.ClientDelay)
	add("client_cpu", writtenSpan(h.ClientCPU))
	latency("replica_delay", h.ReplicaDelay)
	latency("metadata_apply", h.MetadataApply)
	add("page_cache", writtenBytes(h.PageCache))
	add("recovery_rate", writtenThroughput(h.RecoveryRate))
	latency("clean_load", h.CleanLoad)
	add("price_per_hour", writtenNumber(h.PricePerHour))
	return all
}

func writtenNumber(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// writtenSpan is a duration in the unit that suits it, exact to the nanosecond.
func writtenSpan(d time.Duration) string {
	switch {
	case d == 0 || d >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
	default:
		return strconv.FormatFloat(float64(d)/1e6, 'f', -1, 64) + " ms"
	}
}

// writtenThroughput is a rate in MB/s.
func writtenThroughput(v unit.ByteRate) string {
	return strconv.FormatFloat(float64(v)/1e6, 'g', -1, 64) + " MB/s"
}

// writtenBytes is a size in the largest unit of which it is a whole number, without
// the commas of a message.
func writtenBytes(b unit.Bytes) string {
	for _, u := range []struct {
		name string
		size unit.Bytes
	}{{"GiB", unit.GiB}, {"MiB", unit.MiB}, {"KiB", unit.KiB}} {
		if b%u.size == 0 {
			return strconv.FormatInt(int64(b/u.size), 10) + " " + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10) + " B"
}

// WithHardware is the scenario with every broker of every cluster on machines of
// profile h: a copy, whose hash is that of what it means now, so that it equals
// the hash of a file that names such a profile. The brokers share one copy of h.
func (s *Spec) WithHardware(h *Hardware) *Spec {
	own := *h
	changed := *s
	changed.Clusters = slices.Clone(s.Clusters)
	for i := range changed.Clusters {
		c := &changed.Clusters[i]
		c.Brokers = slices.Clone(c.Brokers)
		for b := range c.Brokers {
			c.Brokers[b].Hardware = &own
		}
	}
	changed.SHA256 = changed.hash()
	return &changed
}
