package scenarios

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"kafkasim/sim/unit"
)

//go:embed hardware/*.yaml
var hardwareFiles embed.FS

// hardwareNames lists the shipped machine profiles in alphabetical order. The
// name m5.large is taken too: it means m5.large-gp3, AWS's default volume type.
func hardwareNames() []string {
	entries, err := hardwareFiles.ReadDir("hardware")
	if err != nil {
		panic("scenarios: embedded hardware profiles: " + err.Error())
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = strings.TrimSuffix(entry.Name(), ".yaml")
	}
	return names
}

// hardwareByName returns a fresh copy of a shipped profile; false if there is
// none of that name.
func hardwareByName(name string) (*Hardware, bool) {
	if name == "m5.large" {
		name = "m5.large-gp3"
	}
	if !slices.Contains(hardwareNames(), name) {
		return nil, false
	}
	return mustReadHardware(name), true
}

// mustReadHardware parses an embedded profile, which a test has found good.
func mustReadHardware(name string) *Hardware {
	text, err := hardwareFiles.ReadFile("hardware/" + name + ".yaml")
	if err != nil {
		panic("scenarios: embedded hardware profile: " + err.Error())
	}
	var entries yaml.MapSlice
	if err := yaml.Unmarshal(text, &entries); err != nil {
		panic("scenarios: hardware profile " + name + ": " + err.Error())
	}
	hardware := Hardware{Name: name}
	problems := applyHardware(&hardware, hardwareSettings(entries))
	problems = append(problems, hardwareConflicts(&hardware, nil)...)
	if len(problems) > 0 {
		panic("scenarios: hardware profile " + name + ": " + problems[0].Message)
	}
	return &hardware
}

func hardwareSettings(entries yaml.MapSlice) []Setting {
	var settings []Setting
	for _, entry := range entries {
		if name := fmt.Sprint(entry.Key); name != calibrationKey {
			settings = append(settings, Setting{Name: name, Value: fmt.Sprint(entry.Value)})
		}
	}
	return settings
}

// decodeInlineHardware reads an inline machine such as {profile: container,
// cores: 4, disk_write: 400 MB/s}: the settings change a copy of base, which is
// the profile that the caller found under profile, or container if it is nil.
//
// A rate without its burst (network, disk_write) is a machine that does not
// burst, and a median without its 99th percentile (rtt_same_rack,
// rtt_cross_rack, fsync, wakeup, client_delay, replica_delay, metadata_apply,
// clean_load) keeps the ratio of the two.
func decodeInlineHardware(base *Hardware, settings []Setting) (*Hardware, []Problem) {
	if base == nil {
		base = mustReadHardware("container")
	}
	hardware := *base
	var own []Setting
	for _, s := range settings {
		if s.Name != "profile" {
			own = append(own, s)
		}
	}
	if len(own) > 0 {
		hardware.Name = base.Name + ", changed"
	}
	problems := applyHardware(&hardware, own)
	if len(problems) == 0 {
		problems = hardwareConflicts(&hardware, own)
	}
	return &hardware, problems
}

// applyHardware stores the settings, then what follows from those that stand
// alone.
func applyHardware(h *Hardware, settings []Setting) []Problem {
	before := *h
	rules := hardwareRules(h)
	var problems []Problem
	for i, s := range settings {
		if first, again := settingNamed(settings[:i], s.Name); again {
			problems = append(problems, twice(first, s))
			continue
		}
		rule, ok := ruleNamed(rules, s.Name)
		if !ok {
			names := make([]string, len(rules))
			for j, r := range rules {
				names[j] = r.name
			}
			problems = append(problems, nameProblem(s, "%s", unknownOf(fmt.Sprintf("key %q of a machine", s.Name), s.Name, names)))
			continue
		}
		if err := rule.set(strings.TrimSpace(s.Value)); err != nil {
			problems = append(problems, valueProblem(s, "%s: %v", s.Name, err))
		}
	}
	if given(settings, "network") && !given(settings, "network_burst") {
		h.NetworkBurst, h.NetworkCredit = h.NetworkBase, 0
	}
	if given(settings, "disk_write") && !given(settings, "disk_burst") {
		h.DiskBurst, h.DiskCredit = h.DiskWrite, 0
	}
	scaleP99(settings, "rtt_same_rack", before.RTTSameRack, &h.RTTSameRack, maxMachineLag)
	scaleP99(settings, "rtt_cross_rack", before.RTTCrossRack, &h.RTTCrossRack, maxMachineLag)
	scaleP99(settings, "fsync", before.Fsync, &h.Fsync, maxMachineLag)
	scaleP99(settings, "wakeup", before.Wakeup, &h.Wakeup, maxMachineLag)
	scaleP99(settings, "client_delay", before.ClientDelay, &h.ClientDelay, maxMachineLag)
	scaleP99(settings, "replica_delay", before.ReplicaDelay, &h.ReplicaDelay, maxMachineLag)
	scaleP99(settings, "metadata_apply", before.MetadataApply, &h.MetadataApply, maxMachineLag)
	scaleP99(settings, "clean_load", before.CleanLoad, &h.CleanLoad, maxMachineLoad)
	return problems
}

// scaleP99 keeps the spread of a latency whose median alone is given, up to the
// longest that it may be.
func scaleP99(settings []Setting, name string, before Latency, field *Latency, longest time.Duration) {
	if !given(settings, name) || given(settings, name+"_p99") {
		return
	}
	field.P99 = field.Median
	if before.Median > 0 {
		field.P99 = scaleTime(field.Median, float64(before.P99)/float64(before.Median), longest)
	}
}

// hardwareConflicts finds figures that contradict each other.
func hardwareConflicts(h *Hardware, settings []Setting) []Problem {
	var problems []Problem
	clash := func(names []string, format string, args ...any) {
		for _, name := range names {
			if s, ok := settingNamed(settings, name); ok {
				problems = append(problems, valueProblem(s, format, args...))
				return
			}
		}
		problems = append(problems, Problem{Message: fmt.Sprintf(format, args...)})
	}
	for _, burst := range []struct {
		name, base string
		low, high  unit.ByteRate
		credit     bool
	}{
		{"network", "network", h.NetworkBase, h.NetworkBurst, h.NetworkCredit > 0},
		{"disk", "disk_write", h.DiskWrite, h.DiskBurst, h.DiskCredit > 0},
	} {
		names := []string{burst.name + "_burst", burst.name + "_credit", burst.base}
		switch {
		case burst.high < burst.low:
			clash(names, "%s_burst (%.4g MB/s) is below %s (%.4g MB/s); leave it out for no burst",
				burst.name, float64(burst.high)/1e6, burst.base, float64(burst.low)/1e6)
		case burst.high > burst.low != burst.credit:
			clash(names, "%s_burst above %s and %s_credit (how long a full bucket lasts) go together; give both or none",
				burst.name, burst.base, burst.name)
		}
	}
	for _, latency := range []struct {
		name string
		Latency
	}{
		{"rtt_same_rack", h.RTTSameRack},
		{"rtt_cross_rack", h.RTTCrossRack},
		{"fsync", h.Fsync},
		{"wakeup", h.Wakeup},
		{"client_delay", h.ClientDelay},
		{"replica_delay", h.ReplicaDelay},
		{"metadata_apply", h.MetadataApply},
		{"clean_load", h.CleanLoad},
	} {
		if latency.P99 < latency.Median {
			clash([]string{latency.name + "_p99", latency.name}, "%s_p99 (%v) is below the median %s (%v)",
				latency.name, latency.P99, latency.name, latency.Median)
		}
	}
	if h.CPUIdle >= float64(h.Cores) {
		clash([]string{"cpu_idle", "cores"}, "cpu_idle (%g) must be less than cores (%d)", h.CPUIdle, h.Cores)
	}
	return problems
}
