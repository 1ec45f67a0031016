package scenarios

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"kafkasim/sim/unit"
)

// Bounds of a machine's figures: wide enough for every real one, and narrow
// enough that nothing overflows.
const (
	maxCores      = 128
	maxThroughput = unit.ByteRate(unit.TB)
	maxMachineLag = time.Minute // of any latency or cost but
	// maxMachineLoad, that of the start of a process.
	maxMachineLoad = time.Hour
	maxPageCache   = 64 * unit.TiB
)

// hardwareRules are the keys of a machine profile, in the file and inline.
func hardwareRules(h *Hardware) []settingRule {
	return []settingRule{
		wholeRule("cores", wholeRange{1, maxCores}, func(v int64) { h.Cores = int(v) }),
		boolRule("cpu_shared", &h.CPUShared),
		numberRule("speed", 0.01, 100, &h.Speed),
		throughputRule("network", &h.NetworkBase),
		throughputRule("network_burst", &h.NetworkBurst),
		machineSpanRule("network_credit", 24*time.Hour, &h.NetworkCredit),
		boolRule("network_shared", &h.NetworkShared),
		machineSpanRule("rtt_same_rack", maxMachineLag, &h.RTTSameRack.Median),
		machineSpanRule("rtt_same_rack_p99", maxMachineLag, &h.RTTSameRack.P99),
		machineSpanRule("rtt_cross_rack", maxMachineLag, &h.RTTCrossRack.Median),
		machineSpanRule("rtt_cross_rack_p99", maxMachineLag, &h.RTTCrossRack.P99),
		throughputRule("disk_write", &h.DiskWrite),
		throughputRule("disk_burst", &h.DiskBurst),
		machineSpanRule("disk_credit", 24*time.Hour, &h.DiskCredit),
		throughputRule("disk_read", &h.DiskRead),
		boolRule("disk_shared", &h.DiskShared),
		machineSpanRule("disk_seek", maxMachineLag, &h.DiskSeek),
		machineSpanRule("fsync", maxMachineLag, &h.Fsync.Median),
		machineSpanRule("fsync_p99", maxMachineLag, &h.Fsync.P99),
		machineSpanRule("cpu_per_mb", maxMachineLag, &h.CPUPerMB),
		machineSpanRule("cpu_per_request", maxMachineLag, &h.CPUPerRequest),
		numberRule("cpu_idle", 0, maxCores, &h.CPUIdle),
		machineSpanRule("wakeup", maxMachineLag, &h.Wakeup.Median),
		machineSpanRule("wakeup_p99", maxMachineLag, &h.Wakeup.P99),
		machineSpanRule("client_delay", maxMachineLag, &h.ClientDelay.Median),
		machineSpanRule("client_delay_p99", maxMachineLag, &h.ClientDelay.P99),
		machineSpanRule("client_cpu", maxMachineLag, &h.ClientCPU),
		machineSpanRule("replica_delay", maxMachineLag, &h.ReplicaDelay.Median),
		machineSpanRule("replica_delay_p99", maxMachineLag, &h.ReplicaDelay.P99),
		machineSpanRule("metadata_apply", maxMachineLag, &h.MetadataApply.Median),
		machineSpanRule("metadata_apply_p99", maxMachineLag, &h.MetadataApply.P99),
		{"page_cache", func(text string) error {
			size, err := parseSize(text)
			if err == nil && (size < unit.MiB || size > maxPageCache) {
				err = fmt.Errorf("%s is out of range; it must be from 1 MiB to 64 TiB", text)
			}
			if err == nil {
				h.PageCache = size
			}
			return err
		}},
		throughputRule("recovery_rate", &h.RecoveryRate),
		machineSpanRule("clean_load", maxMachineLoad, &h.CleanLoad.Median),
		machineSpanRule("clean_load_p99", maxMachineLoad, &h.CleanLoad.P99),
		numberRule("price_per_hour", 0, 1e6, &h.PricePerHour),
	}
}

func numberRule(name string, low, high float64, field *float64) settingRule {
	return settingRule{name, func(text string) error {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) {
			return fmt.Errorf("%q is not a number", text)
		}
		if v < low || v > high {
			return fmt.Errorf("%s is out of range; it must be from %g to %g", text, low, high)
		}
		*field = v
		return nil
	}}
}

func throughputRule(name string, field *unit.ByteRate) settingRule {
	return settingRule{name, func(text string) error {
		v, err := parseThroughput(text)
		if err == nil && (v < unit.ByteRate(unit.KB) || v > maxThroughput) {
			err = fmt.Errorf("%s is out of range; it must be from 1 KB/s to 1 TB/s", text)
		}
		if err == nil {
			*field = v
		}
		return err
	}}
}

func machineSpanRule(name string, high time.Duration, field *time.Duration) settingRule {
	return settingRule{name, func(text string) error {
		v, err := parseSpan(text)
		if err == nil && v > high {
			err = fmt.Errorf("%s is out of range; it must be at most %v", text, high)
		}
		if err == nil {
			*field = v
		}
		return err
	}}
}

// scaleTime is d times factor to the nanosecond, at most longest.
func scaleTime(d time.Duration, factor float64, longest time.Duration) time.Duration {
	return time.Duration(math.Round(min(float64(d)*factor, float64(longest))))
}
