package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"kafkasim/harness/engine"
)

// closeLimit is the time that Close has.
const closeLimit = time.Minute

// Close removes the cluster's containers, networks and volumes. It may be called
// again, and works when the context of Start has ended.
func (c *Cluster) Close() error {
	c.closing.Lock()
	defer c.closing.Unlock()
	if c.closed {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if err := remove(ctx, c.engine, c.run); err != nil {
		return fmt.Errorf("not all of the cluster could be removed (docker ps -a --filter label=%s=%s shows it): %w", runLabel, c.run, err)
	}
	c.closed = true
	return nil
}

// Sweep removes what clusters of processes that are gone left on the engine.
func Sweep(ctx context.Context, e *engine.Engine, log io.Writer) error {
	dead, err := leftovers(ctx, e)
	if err != nil {
		return err
	}
	for _, run := range dead {
		_, _ = fmt.Fprintf(log, "removing what is left of cluster %s, whose process is gone\n", run)
		asked, cancel := lasting(ctx)
		err := remove(asked, e, run)
		cancel()
		if err != nil {
			return fmt.Errorf("the remains of an earlier run cannot be removed: %w", err)
		}
	}
	return nil
}

// leftovers lists the runs of which something is there and whose owner is gone.
func leftovers(ctx context.Context, e *engine.Engine) ([]string, error) {
	found, err := list(ctx, e, ownerLabel)
	if err != nil {
		return nil, err
	}
	var dead []string
	seen := make(map[string]bool)
	for _, labels := range found.labels {
		run := labels[runLabel]
		process, ok := parseOwner(labels[ownerLabel])
		if run == "" || seen[run] || !ok || !process.gone() {
			continue
		}
		seen[run] = true
		dead = append(dead, run)
	}
	return dead, nil
}

// belongings is what the engine has under a label.
type belongings struct {
	containers []container.Summary
	networks   []string
	volumes    []string
	labels     []map[string]string // of all of them
}

// empty reports whether there is nothing.
func (b *belongings) empty() bool {
	return len(b.containers) == 0 && len(b.networks) == 0 && len(b.volumes) == 0
}

// list finds all with a label, written NAME or NAME=VALUE.
func list(ctx context.Context, e *engine.Engine, label string) (*belongings, error) {
	var found belongings
	labelled := make(client.Filters).Add("label", label)
	containers, err := e.Docker().ContainerList(ctx, client.ContainerListOptions{All: true, Filters: labelled})
	if err != nil {
		return nil, engine.Explain(err)
	}
	found.containers = containers.Items
	for i := range containers.Items {
		found.labels = append(found.labels, containers.Items[i].Labels)
	}
	networks, err := e.Docker().NetworkList(ctx, client.NetworkListOptions{Filters: labelled})
	if err != nil {
		return nil, engine.Explain(err)
	}
	for i := range networks.Items {
		found.networks = append(found.networks, networks.Items[i].ID)
		found.labels = append(found.labels, networks.Items[i].Labels)
	}
	volumes, err := e.Docker().VolumeList(ctx, client.VolumeListOptions{Filters: labelled})
	if err != nil {
		return nil, engine.Explain(err)
	}
	for i := range volumes.Items {
		found.volumes = append(found.volumes, volumes.Items[i].Name)
		found.labels = append(found.labels, volumes.Items[i].Labels)
	}
	return &found, nil
}

// remove removes all that belongs to a run, and looks again until nothing is
// there: an engine may answer before it is done.
func remove(ctx context.Context, e *engine.Engine, run string) error {
	for {
		found, err := list(ctx, e, runLabel+"="+run)
		if err != nil || found.empty() {
			return err
		}
		err = removeAll(ctx, e, found)
		if err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(lookAgain):
		}
	}
}

// removeAll removes containers, and then what they used.
func removeAll(ctx context.Context, e *engine.Engine, found *belongings) error {
	removed := make([]error, len(found.containers))
	var wait sync.WaitGroup
	for i := range found.containers {
		wait.Go(func() {
			if found.containers[i].State == container.StatePaused { // one that is frozen cannot be killed by every engine
				_, _ = e.Docker().ContainerUnpause(ctx, found.containers[i].ID, client.ContainerUnpauseOptions{})
			}
			_, err := e.Docker().ContainerRemove(ctx, found.containers[i].ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
			removed[i] = unlessGone(err)
		})
	}
	wait.Wait()
	if err := errors.Join(removed...); err != nil {
		return err
	}
	var failures []error
	for _, id := range found.networks {
		_, err := e.Docker().NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
		failures = append(failures, unlessGone(err))
	}
	for _, name := range found.volumes {
		_, err := e.Docker().VolumeRemove(ctx, name, client.VolumeRemoveOptions{Force: true})
		failures = append(failures, unlessGone(err))
	}
	return errors.Join(failures...)
}

// unlessGone is the error of a removal, but for what was not there any more.
func unlessGone(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return engine.Explain(err)
}
