package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/moby/moby/client"
)

// Explain turns what the engine answered into a sentence that says what is wrong
// and what would help, where the cause is one that is known; the engine's own
// words follow. Any other error, nil included, is returned as it is.
func Explain(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case strings.Contains(text, "permission denied") && strings.Contains(text, "docker.sock"):
		return fmt.Errorf("the container engine does not let this user in; join its group (docker) or run as root: %w", err)
	case client.IsErrConnectionFailed(err):
		return fmt.Errorf("no container engine answers; start Docker, or name another engine in DOCKER_HOST: %w", err)
	case strings.Contains(text, "no space left on device"):
		return fmt.Errorf("the disk of the container engine is full; make room (docker system df shows what takes it): %w", err)
	case PortTaken(err):
		return fmt.Errorf("a port of this machine is taken by somebody else: %w", err)
	case strings.Contains(text, "cannot allocate memory"):
		return fmt.Errorf("the machine has not enough memory left: %w", err)
	}
	return err
}

// PortTaken reports whether err says that a port to be published is in use.
func PortTaken(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "port is already allocated") || strings.Contains(text, "address already in use")
}

// SubnetTaken reports whether err says that the addresses of a network to be made
// overlap with those of another.
func SubnetTaken(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "Pool overlaps") || strings.Contains(text, "pool overlaps") || strings.Contains(text, "overlaps with")
}
