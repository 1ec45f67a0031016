package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// Exec runs a command in a running container and returns what it wrote to its
// standard output. A command that fails is an error with what it wrote to its
// standard error.
func (e *Engine) Exec(ctx context.Context, container string, command ...string) ([]byte, error) {
	created, err := e.docker.ExecCreate(ctx, container, client.ExecCreateOptions{Cmd: command, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return nil, Explain(err)
	}
	attached, err := e.docker.ExecAttach(ctx, created.ID, client.ExecAttachOptions{})
	if err != nil {
		return nil, Explain(err)
	}
	defer attached.Close()
	stop := context.AfterFunc(ctx, attached.Close) // reading does not look at ctx
	defer stop()
	var out, words bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &words, attached.Reader); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, Explain(err)
	}
	ended, err := e.docker.ExecInspect(ctx, created.ID, client.ExecInspectOptions{})
	if err != nil {
		return nil, Explain(err)
	}
	if ended.ExitCode != 0 {
		return out.Bytes(), fmt.Errorf("%s failed with exit code %d: %s", command[0], ended.ExitCode, strings.TrimSpace(words.String()))
	}
	return out.Bytes(), nil
}

// A File is one to put into a container.
type File struct {
	Path    string // absolute; its directory is made
	Content string
}

// Upload puts files into a container, running or not, owned by root and readable
// by all.
func (e *Engine) Upload(ctx context.Context, container string, files []File) error {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, f := range files {
		header := &tar.Header{Name: strings.TrimPrefix(f.Path, "/"), Mode: 0o644, Size: int64(len(f.Content))}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.WriteString(w, f.Content); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	_, err := e.docker.CopyToContainer(ctx, container, client.CopyToContainerOptions{DestinationPath: "/", Content: &archive})
	return Explain(err)
}

// Logs is all that a container's processes wrote, one life after the other, each
// line after the instant at which the engine got it (RFC 3339, nanoseconds, UTC)
// and a blank. Tail limits it to the last lines; 0 means all.
func (e *Engine) Logs(ctx context.Context, container string, tail int) ([]byte, error) {
	options := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true}
	if tail > 0 {
		options.Tail = fmt.Sprint(tail)
	}
	stream, err := e.docker.ContainerLogs(ctx, container, options)
	if err != nil {
		return nil, Explain(err)
	}
	var lines bytes.Buffer
	_, err = stdcopy.StdCopy(&lines, &lines, stream)
	if closing := stream.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, Explain(err)
	}
	return slices.Clip(lines.Bytes()), nil
}
