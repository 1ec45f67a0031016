package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Exclusive waits until no other process of this machine runs real Kafka, and
// keeps others waiting until release is called or this process ends. Two clusters
// at a time on a small machine would spoil each other's measurements. The lock is
// the file kafkasim-kafka.lock in the directory for temporary files; a process
// that has it must not ask again.
func Exclusive(ctx context.Context) (release func(), err error) {
	path := filepath.Join(os.TempDir(), "kafkasim-kafka.lock")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o644) //nolint:gosec // other users may wait for it too
	if err != nil {
		return nil, fmt.Errorf("the lock that keeps real clusters apart cannot be opened: %w", err)
	}
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(fmt.Errorf("%s cannot be locked: %w", path, err), file.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("another process runs real Kafka on this machine (it holds %s): %w", path, ctx.Err()), file.Close())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
