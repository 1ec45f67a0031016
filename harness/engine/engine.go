// Package engine is the container engine of this machine: whether there is one
// that can run Kafka, and what it says when something goes wrong, in sentences.
package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

// An Engine is a container engine that answers and can run Linux containers.
type Engine struct {
	docker *client.Client

	Version string // as the engine states it, such as 20.10.24+dfsg1
	API     string // the version of the interface that is spoken with it
	Kernel  string
	CPUs    int
	Memory  int64  // bytes
	Cgroups string // "1" or "2"
}

// Connect finds the engine that DOCKER_HOST names, else the local one. The error
// is a sentence: there is none, it is too old, or it runs no Linux containers.
func Connect(ctx context.Context) (*Engine, error) {
	docker, err := client.New(client.FromEnv)
	if err != nil {
		return nil, fmt.Errorf("DOCKER_HOST=%s does not name a container engine: %w", os.Getenv("DOCKER_HOST"), err)
	}
	e := &Engine{docker: docker}
	if err := e.look(ctx); err != nil {
		return nil, errors.Join(err, docker.Close())
	}
	return e, nil
}

// look asks the engine who it is.
func (e *Engine) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ping, err := e.docker.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	if err != nil {
		if strings.Contains(err.Error(), "minimum supported API version") {
			return fmt.Errorf("the container engine is too old (%s); Docker 20.10 or later is needed", ping.APIVersion)
		}
		return Explain(err)
	}
	if ping.OSType != "" && ping.OSType != "linux" {
		return fmt.Errorf("the container engine runs %s containers; Linux containers are needed", ping.OSType)
	}
	answer, err := e.docker.Info(ctx, client.InfoOptions{})
	if err != nil {
		return Explain(err)
	}
	info := answer.Info
	e.Version, e.API = info.ServerVersion, e.docker.ClientVersion()
	e.Kernel, e.CPUs, e.Memory, e.Cgroups = info.KernelVersion, info.NCPU, info.MemTotal, info.CgroupVersion
	return nil
}

// Docker is the client of the engine's interface.
func (e *Engine) Docker() *client.Client { return e.docker }

// Close lets go of the connections to the engine.
func (e *Engine) Close() error { return e.docker.Close() }

// String names the engine as a result's provenance does.
func (e *Engine) String() string {
	return fmt.Sprintf("engine %s, kernel %s, %d CPUs, %d MiB of memory", e.Version, e.Kernel, e.CPUs, e.Memory>>20)
}
