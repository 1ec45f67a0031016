// Package image finds the container image that real Kafka is run from:
// kafkasim/kafka, which `make kafka-image` builds, else apache/kafka.
package image

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"kafkasim/harness/engine"
)

// recipeLabel and versionLabel are what build.sh puts on an image of ours.
const (
	recipeLabel  = "kafkasim.recipe"
	versionLabel = "kafkasim.kafka"
)

// An Image is one to run Kafka from, present on the engine.
type Image struct {
	Name    string // such as kafkasim/kafka:4.3.1
	ID      string // the engine's digest of it
	Kafka   string // the version of Kafka in it, such as 4.3.1; empty when nothing says
	Tools   bool   // it has ip, iptables and tc
	Sidecar string // the image of the container that holds a node's address: one with tools where there is one, else this
}

// Resolve finds the image called name; without a name, ours of that version of
// Kafka, and where there is none apache/kafka of that version. What is not on the
// engine is pulled. The error is one sentence that says what can be done.
func Resolve(ctx context.Context, e *engine.Engine, name, version string) (Image, error) {
	ours := "kafkasim/kafka:" + version
	if name != "" {
		found, err := locate(ctx, e, name)
		if err != nil {
			return Image{}, fmt.Errorf("the image %s cannot be had: %w", name, err)
		}
		return withSidecar(ctx, e, found, ours)
	}
	found, err := inspect(ctx, e, ours)
	if err == nil {
		return withSidecar(ctx, e, found, ours)
	}
	if !errdefs.IsNotFound(err) {
		return Image{}, engine.Explain(err)
	}
	official := "apache/kafka:" + version
	found, err = locate(ctx, e, official)
	if err != nil {
		return Image{}, fmt.Errorf("there is no image of Kafka %s: %s is not there (`make kafka-image KAFKA_VERSION=%s` builds it) and %s cannot be had: %w",
			version, ours, version, official, err)
	}
	return withSidecar(ctx, e, found, ours)
}

// locate looks for an image on the engine and pulls it when it is not there.
func locate(ctx context.Context, e *engine.Engine, name string) (Image, error) {
	found, err := inspect(ctx, e, name)
	if err == nil || !errdefs.IsNotFound(err) {
		return found, engine.Explain(err)
	}
	pull, err := e.Docker().ImagePull(ctx, name, client.ImagePullOptions{})
	if err != nil {
		return Image{}, engine.Explain(err)
	}
	if err := errors.Join(pull.Wait(ctx), pull.Close()); err != nil {
		return Image{}, engine.Explain(err)
	}
	found, err = inspect(ctx, e, name)
	return found, engine.Explain(err)
}

// inspect reads what the engine knows of an image.
func inspect(ctx context.Context, e *engine.Engine, name string) (Image, error) {
	answer, err := e.Docker().ImageInspect(ctx, name)
	if err != nil {
		return Image{}, err
	}
	found := Image{Name: name, ID: answer.ID, Kafka: versionIn(name)}
	if answer.Config != nil {
		found.Tools = answer.Config.Labels[recipeLabel] != ""
		if version := answer.Config.Labels[versionLabel]; version != "" {
			found.Kafka = version
		}
	}
	return found, nil
}

// withSidecar settles where the tools for faults of the network come from. The
// official image has none, and needs none when ours is there too.
func withSidecar(ctx context.Context, e *engine.Engine, found Image, ours string) (Image, error) {
	found.Sidecar = found.Name
	if found.Tools {
		return found, nil
	}
	other, err := inspect(ctx, e, ours)
	switch {
	case err == nil:
		found.Sidecar, found.Tools = other.Name, other.Tools
	case !errdefs.IsNotFound(err):
		return Image{}, engine.Explain(err)
	}
	return found, nil
}

// versionIn is the version of Kafka that a name's tag states: 4.3.1 in
// apache/kafka:4.3.1-rc0. It is empty when the tag is no version.
func versionIn(name string) string {
	slash := strings.LastIndexByte(name, '/')
	_, tag, _ := strings.Cut(name[slash+1:], ":")
	tag, _, _ = strings.Cut(tag, "@")
	tag, _, _ = strings.Cut(tag, "-")
	parts := strings.Split(tag, ".")
	if len(parts) != 3 {
		return ""
	}
	for _, part := range parts {
		if part == "" || strings.Trim(part, "0123456789") != "" {
			return ""
		}
	}
	return tag
}
