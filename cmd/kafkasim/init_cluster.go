package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"kafkasim/harness/describe"
)

// A fromCluster says which cluster to describe, and how long to look at it.
type fromCluster struct {
	address string
	look    time.Duration // between the two looks at the ends of the logs; 0: one look
	timeout time.Duration // for all answers, beside look
}

func (f *fromCluster) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.address, "from-cluster", "", "describe the cluster that the broker at `HOST:PORT` belongs to")
	cmd.Flags().DurationVar(&f.look, "look", 0, "take rates from two looks at the ends of the logs, this long apart, as in 10s")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 30*time.Second, "how long the cluster may take to answer all that it is asked")
}

// asked reports whether a cluster is to be described.
func (f *fromCluster) asked(cmd *cobra.Command) bool {
	return cmd.Flags().Changed("from-cluster") || cmd.Flags().Changed("look") || cmd.Flags().Changed("timeout")
}

// check refuses what cannot be done.
func (f *fromCluster) check() error {
	if f.address == "" {
		return errors.New("--look and --timeout belong to --from-cluster HOST:PORT")
	}
	host, port, err := net.SplitHostPort(f.address)
	number, notNumber := strconv.Atoi(port)
	switch {
	case err != nil || host == "" || notNumber != nil || number < 1 || number > 65535:
		return fmt.Errorf("--from-cluster %q is no address of a broker; write HOST:PORT, as in localhost:9092", f.address)
	case f.look < 0 || f.look > 24*time.Hour:
		return fmt.Errorf("--look %v is out of range; it must be from 0s to 24h", f.look)
	case f.timeout <= 0:
		return fmt.Errorf("--timeout %v is out of range; it must be more than 0s", f.timeout)
	}
	return nil
}

// describe is a scenario of a cluster that runs.
func (s *session) describe(ctx context.Context, from *fromCluster) ([]byte, error) {
	if err := from.check(); err != nil {
		return nil, usage(err)
	}
	limited, stop := context.WithTimeout(ctx, from.timeout+from.look)
	defer stop()
	if from.look > 0 {
		s.say("looking at %s for %v", from.address, from.look)
	}
	cluster, err := describe.Look(limited, from.address, from.look)
	if ctx.Err() != nil {
		return nil, &codedError{exitInterrupted, errors.New("interrupted before the cluster was described; nothing is written")}
	}
	if err != nil {
		return nil, err
	}
	for _, text := range cluster.Untold {
		s.say("not told: %s", text)
	}
	return cluster.Scenario()
}
