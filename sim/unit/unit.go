// Package unit holds the quantities that the simulator computes with. Durations
// are time.Duration and instants are sim.Time; everything else that has a unit
// has a type here, so that bytes are not added to records by accident.
package unit

import (
	"fmt"
	"math"
	"time"
)

// Bytes is an amount of data in bytes.
type Bytes int64

// Multiples of a byte. KB and KiB differ, as on a data sheet.
const (
	KB  Bytes = 1000
	MB        = 1000 * KB
	GB        = 1000 * MB
	TB        = 1000 * GB
	KiB Bytes = 1024
	MiB       = 1024 * KiB
	GiB       = 1024 * MiB
	TiB       = 1024 * GiB
)

// ByteRate is a throughput in bytes per second.
type ByteRate float64

// Rate is a frequency in 1/s: records, requests or events per second.
type Rate float64

// TimeFor reports how long moving b takes at rate r, rounded up to a whole
// nanosecond so that a non-zero transfer never takes zero time.
// It panics if r is not positive: specs are validated on load, so a zero rate
// here is a bug.
func (r ByteRate) TimeFor(b Bytes) time.Duration {
	if !(r > 0) {
		panic(fmt.Sprintf("unit: TimeFor needs a positive rate, got %g B/s", float64(r)))
	}
	return time.Duration(math.Ceil(float64(b) / float64(r) * float64(time.Second)))
}
