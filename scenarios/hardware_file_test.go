package scenarios

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestProfilesAreReadAsWritten(t *testing.T) {
	t.Parallel()
	for _, name := range hardwareNames() {
		want := mustReadHardware(name)
		var file bytes.Buffer
		if err := WriteHardware(&file, want, map[string]string{"cores": "counted"}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(file.String(), "# counted\n") {
			t.Errorf("%s: the note is gone:\n%s", name, file.String())
		}
		got, calibration, problems := ParseHardware("some/where/"+name+".yaml", file.Bytes())
		if len(problems) > 0 || calibration != "" {
			t.Fatalf("%s: %v, calibration %q", name, problems, calibration)
		}
		if *got != *want {
			t.Errorf("%s: wrote %+v\nread %+v", name, *want, *got)
		}
		source, found := HardwareSource(name)
		if !found {
			t.Fatalf("%s has no source", name)
		}
		if shipped, _, problems := ParseHardware(name, source); len(problems) > 0 || *shipped != *want {
			t.Errorf("%s: its own file reads as %+v, %v", name, shipped, problems)
		}
	}
	if _, found := HardwareSource("nothing"); found {
		t.Error("a profile that nobody ships has a source")
	}
}

// TestCleanLoadWithoutP99IsFixed: profiles from before the p99 stay what they
// were, and one that builds on another keeps the other's spread.
func TestCleanLoadWithoutP99IsFixed(t *testing.T) {
	t.Parallel()
	source, _ := HardwareSource("container")
	var old []string
	for line := range strings.Lines(string(source)) {
		if !strings.HasPrefix(line, "clean_load_p99") {
			old = append(old, line)
		}
	}
	h, _, problems := ParseHardware("old.yaml", []byte(strings.Join(old, "")))
	if base := mustReadHardware("container").CleanLoad; len(problems) > 0 || h.CleanLoad != (Latency{base.Median, base.Median}) {
		t.Errorf("%+v, %v", h, problems)
	}
	// Longer than any other latency may be.
	h, _, problems = ParseHardware("new.yaml", []byte("profile: container\nclean_load: 2 min\n"))
	if base := mustReadHardware("container").CleanLoad; len(problems) > 0 ||
		h.CleanLoad != (Latency{2 * time.Minute, scaleTime(2*time.Minute, float64(base.P99)/float64(base.Median), time.Hour)}) {
		t.Errorf("%+v, %v", h, problems)
	}
}

func TestProfileFilesKeepTheirCalibration(t *testing.T) {
	t.Parallel()
	source := "profile: i3en.2xlarge\nwakeup: 0.2 ms\ncalibration: |\n  {\"a\": [1, 2],\n   \"b\": \"# no comment\"}\n"
	h, calibration, problems := ParseHardware("mine.yaml", []byte(source))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if want := "{\"a\": [1, 2],\n \"b\": \"# no comment\"}\n"; calibration != want {
		t.Errorf("calibration %q, want %q", calibration, want)
	}
	base := mustReadHardware("i3en.2xlarge")
	if h.Name != "mine" || h.Cores != base.Cores || h.Wakeup.Median != 200*time.Microsecond ||
		h.Wakeup.P99 != scaleTime(h.Wakeup.Median, float64(base.Wakeup.P99)/float64(base.Wakeup.Median), maxMachineLag) {
		t.Errorf("%+v", *h)
	}
	if again := *mustReadHardware("container"); hardwareSettings(nil) != nil || again.Name != "container" {
		t.Error("the shipped profile was changed")
	}
}

func mustSource(t *testing.T, name string) []byte {
	t.Helper()
	source, found := HardwareSource(name)
	if !found {
		t.Fatalf("%s has no source", name)
	}
	return source
}

func TestProblemsOfProfileFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, want string }{
		{"profile: container\ncores: 4\nwakup: 1 ms\n", `p.yaml:3:1: unknown key "wakup" of a machine; the nearest known is wakeup`},
		{"profile: container\nspeed: fast\n", `p.yaml:2:8: speed: "fast" is not a number`},
		{"profile: containr\n", `p.yaml:1:10: profile: there is no profile "containr"; did you mean container?`},
		{"cores: [1]\n", "p.yaml:1:8: cores is a list; a setting has a single value"},
		{
			strings.Replace(string(mustSource(t, "m7g.xlarge")), "\nspeed:", "\n# speed:", 1),
			"p.yaml:3:1: speed is missing in the profile; add it, or a shipped profile to take it from, as in profile: container",
		},
		{"- cores\n", "p.yaml:1:1: the profile is a list; it must be a map of a machine's figures, as in cores: 4"},
	} {
		h, _, problems := ParseHardware("p.yaml", []byte(c.source))
		if h != nil || len(problems) != 1 || problems[0].Error() != c.want {
			t.Errorf("%q: %v, want %s", c.source, problems, c.want)
		}
	}
}

func TestProfilesAreChecked(t *testing.T) {
	t.Parallel()
	h := *mustReadHardware("container")
	if problems := h.Check(); len(problems) > 0 {
		t.Error(problems)
	}
	h.Wakeup.P99 = h.Wakeup.Median / 2
	if problems := h.Check(); len(problems) != 1 || !strings.Contains(problems[0].Message, "below the median wakeup") {
		t.Error(problems)
	}
	h = *mustReadHardware("container")
	h.CPUPerMB = time.Hour
	if problems := h.Check(); len(problems) != 1 || !strings.Contains(problems[0].Message, "cpu_per_mb") {
		t.Error(problems)
	}
}

func TestScenariosOnOtherMachines(t *testing.T) {
	t.Parallel()
	const file = "scenario: s\nduration: 1 s\ncluster: {brokers: [{hardware: m7g.xlarge}, {}], hardware: %}\n" +
		"topics: [{name: t, partitions: 1, replication_factor: 1}]\n"
	parse := func(source string) *Spec {
		spec, problems := Parse("s.yaml", []byte(source), nil)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return spec
	}
	before := parse(strings.ReplaceAll(file, "%", "container"))
	sum, first := before.SHA256, before.Clusters[0].Brokers[0].Hardware.Name
	after := before.WithHardware(mustReadHardware("i3en.2xlarge"))
	for _, b := range after.Clusters[0].Brokers {
		if *b.Hardware != *mustReadHardware("i3en.2xlarge") {
			t.Errorf("broker %d is on %+v", b.ID, *b.Hardware)
		}
	}
	if before.SHA256 != sum || before.Clusters[0].Brokers[0].Hardware.Name != first {
		t.Error("the scenario itself was changed")
	}
	want := parse(strings.ReplaceAll(strings.ReplaceAll(file, "{hardware: m7g.xlarge}", "{}"), "%", "i3en.2xlarge"))
	if after.SHA256 != want.SHA256 {
		t.Errorf("hash %s, that of the file that says so is %s", after.SHA256, want.SHA256)
	}
}
