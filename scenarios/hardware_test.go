package scenarios

import (
	"slices"
	"testing"
	"time"

	"kafkasim/sim/unit"
)

func TestShippedProfiles(t *testing.T) {
	want := []string{"container", "d2.xlarge-2016", "i3en.2xlarge", "m5.large-gp2", "m5.large-gp3", "m7g.xlarge"}
	if got := hardwareNames(); !slices.Equal(got, want) {
		t.Fatalf("profiles %v, want %v", got, want)
	}
	for _, name := range want {
		h, ok := hardwareByName(name)
		if !ok || h.Name != name {
			t.Errorf("%s: %v %v", name, h, ok)
			continue
		}
		// Every figure is given: none is zero but where zero has a meaning.
		if h.Cores < 1 || h.Speed == 0 || h.NetworkBase == 0 || h.NetworkBurst == 0 || h.RTTSameRack.Median == 0 || h.RTTCrossRack.Median == 0 ||
			h.DiskWrite == 0 || h.DiskRead == 0 || h.DiskBurst == 0 || h.Fsync.Median == 0 || h.DiskSeek == 0 || h.CPUPerMB == 0 ||
			h.CPUPerRequest == 0 || h.CPUIdle == 0 || h.Wakeup.Median == 0 || h.MetadataApply.Median == 0 || h.PageCache == 0 || h.RecoveryRate == 0 || h.CleanLoad.Median == 0 {
			t.Errorf("%s lacks a figure: %+v", name, *h)
		}
	}
	if h, ok := hardwareByName("m5.large"); !ok || h.Name != "m5.large-gp3" {
		t.Errorf("m5.large is %v", h)
	}
	if _, ok := hardwareByName("m5.larg"); ok {
		t.Error("a profile that nobody ships was found")
	}
	h, _ := hardwareByName("m5.large-gp2")
	if h.NetworkBase != 93.75e6 || h.DiskBurst != 262.144e6 || h.DiskCredit != 30*time.Minute || h.PageCache != 9*unit.GiB/2 ||
		h.Fsync != (Latency{1400 * time.Microsecond, 2700 * time.Microsecond}) {
		t.Errorf("m5.large-gp2 was not read as written: %+v", *h)
	}
	if a, b := mustReadHardware("container"), mustReadHardware("container"); a == b {
		t.Error("two callers got the same profile")
	}
}

func TestInlineHardware(t *testing.T) {
	base, _ := hardwareByName("i3en.2xlarge")
	h, problems := decodeInlineHardware(base, config("profile: i3en.2xlarge", "cores: 4", "disk_write: 400 MB/s", "network: 125 MB/s",
		"fsync: 0.2 ms", "rtt_same_rack: 1 ms", "rtt_same_rack_p99: 1.5 ms", "disk_shared: true"))
	only(t, problems, "")
	want := *base
	want.Name, want.Cores, want.DiskShared = "i3en.2xlarge, changed", 4, true
	want.DiskWrite, want.DiskBurst = 400e6, 400e6
	want.NetworkBase, want.NetworkBurst, want.NetworkCredit = 125e6, 125e6, 0
	want.Fsync = Latency{200 * time.Microsecond, time.Millisecond} // the profile's ratio is 5
	want.RTTSameRack = Latency{time.Millisecond, 1500 * time.Microsecond}
	if *h != want {
		t.Errorf("%+v\nwant %+v", *h, want)
	}
	if base.Cores != 8 {
		t.Error("the profile itself was changed")
	}
	if h, _ := decodeInlineHardware(nil, nil); *h != *mustReadHardware("container") {
		t.Errorf("nothing given: %+v, want container", *h)
	}
}

func TestInlineHardwareProblems(t *testing.T) {
	for _, c := range []struct {
		settings []Setting
		want     string
	}{
		{config("core: 4"), `unknown key "core" of a machine; the nearest known is cores`},
		{config("cores: 4", "cores: 5"), "cores is given twice, first in line 1; keep one"},
		{config("cores: 0"), "cores: 0 is out of range; it must be from 1 to 128"},
		{config("speed: fast"), `speed: "fast" is not a number`},
		{config("disk_write: 0 B/s"), "disk_write: 0 B/s is out of range; it must be from 1 KB/s to 1 TB/s"},
		{config("page_cache: 1 KiB"), "page_cache: 1 KiB is out of range; it must be from 1 MiB to 64 TiB"},
		{config("rtt_same_rack: 2 min"), "rtt_same_rack: 2 min is out of range; it must be at most 1m0s"},
		{config("disk_burst: 10 MB/s"), "disk_burst (10 MB/s) is below disk_write (800 MB/s); leave it out for no burst"},
		{config("network_burst: 2 GB/s"), "network_burst above network and network_credit (how long a full bucket lasts) go together; give both or none"},
		{config("fsync_p99: 0.1 ms"), "fsync_p99 (100µs) is below the median fsync (1ms)"},
		{config("clean_load_p99: 2 s"), "clean_load_p99 (2s) is below the median clean_load (3s)"},
		{config("clean_load: 61 min"), "clean_load: 61 min is out of range; it must be at most 1h0m0s"},
		{config("cpu_idle: 4"), "cpu_idle (4) must be less than cores (4)"},
	} {
		_, problems := decodeInlineHardware(nil, c.settings)
		only(t, problems, c.want)
	}
}
