package load

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// now is the wall clock in Unix nanoseconds.
func now() int64 { return time.Now().UnixNano() }

// coarse is how long before a moment a sleeper goes over from Go's timers, which
// the runtime rounds to a millisecond where it waits in epoll, to the kernel's.
const coarse = 3 * time.Millisecond

// sleepUntil sleeps until the wall clock shows a moment, to within the kernel's
// timer slack (50 µs) and the scheduler's delays. It returns false at once when
// stop is closed before the last few milliseconds.
func sleepUntil(at int64, stop <-chan struct{}) bool {
	for {
		left := time.Duration(at - now())
		if left <= 0 {
			return true
		}
		if left > coarse {
			timer := time.NewTimer(left - coarse)
			select {
			case <-stop:
				timer.Stop()
				return false
			case <-timer.C:
			}
			continue
		}
		if err := nanosleep(left); err != nil {
			time.Sleep(left) // less exact, and never wrong
		}
	}
}

// nanosleep blocks the thread; an interrupted sleep is a short one.
func nanosleep(d time.Duration) error {
	request := unix.NsecToTimespec(int64(d))
	if err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &request, nil); err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("load: sleep: %w", err)
	}
	return nil
}
