package calibrate

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

// atRest is the share of its processors' time that a machine at rest leaves idle.
const atRest = 0.9

// restWindow is over how long that is looked at.
const restWindow = 3 * time.Second

// AwaitRest waits until the machine has nothing else to do, for at most patience: what
// was built or tested just before still writes, and would be measured with the cluster.
// It returns the share of the processors' time that was not idle at last, 0 to 1; 0
// where the kernel does not tell.
func AwaitRest(ctx context.Context, patience time.Duration) (busy float64) {
	for began := time.Now(); ; {
		idle, all, known := processorTimes()
		if !known {
			return 0
		}
		select {
		case <-ctx.Done():
			return busy
		case <-time.After(restWindow):
		}
		laterIdle, laterAll, _ := processorTimes()
		if laterAll > all {
			busy = 1 - float64(laterIdle-idle)/float64(laterAll-all)
		}
		if busy <= 1-atRest || time.Since(began) >= patience {
			return busy
		}
	}
}

// processorTimes are the ticks that all processors have been idle, and have been
// there, since the machine started (proc(5), /proc/stat: user, nice, system, idle,
// iowait, irq, softirq, steal; waiting for a disk is not idle here).
func processorTimes() (idle, all int64, known bool) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, false
	}
	first, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(first)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, 0, false
	}
	for i, field := range fields[1:9] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, false
		}
		all += ticks
		if i == 3 {
			idle = ticks
		}
	}
	return idle, all, true
}
