package main

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"kafkasim/reports/render"
	"kafkasim/reports/result"
)

// A metricsFlag is --metrics of a subcommand, and the file that it names.
type metricsFlag struct {
	path  string
	epoch string
	begin time.Time // simulated time 0
	file  *file     // claimed before anything runs; nil without the flag and for stdout
}

// defaultEpoch is when simulated time 0 is unless told otherwise: a day that is easy
// to find in a dashboard, and the same in every file.
const defaultEpoch = "2026-01-01T00:00:00Z"

func (m *metricsFlag) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&m.path, "metrics", "", "write the time lines and final counters as OpenMetrics to `FILE`, for `promtool tsdb create-blocks-from openmetrics`")
	flags.StringVar(&m.epoch, "metrics-epoch", defaultEpoch, "the `TIME` (RFC 3339) in --metrics at which the run begins")
}

// check refuses flags that make no sense.
func (m *metricsFlag) check(scenarioCount int) (err error) {
	switch {
	case m.path == "":
		return nil
	case scenarioCount > 1:
		return usage(errors.New("--metrics holds the time lines of one scenario; run them one at a time"))
	case m.path == "-":
		return usage(errors.New("--metrics -: time lines go to a file; name it"))
	}
	m.begin, err = time.Parse(time.RFC3339, m.epoch)
	if err != nil || m.begin.Unix() < 0 || m.begin.Year() > latestEpoch {
		return usage(fmt.Errorf("--metrics-epoch %s: write a time from 1970 to %d as in %s", m.epoch, latestEpoch, defaultEpoch))
	}
	return nil
}

// latestEpoch is the last year in which a run may begin: times of Prometheus have
// room for far more, its dashboards hardly.
const latestEpoch = 2200

// claim begins the file before anything runs.
func (m *metricsFlag) claim(s *session) (err error) {
	if m.path == "" {
		return nil
	}
	m.file, err = s.files.create(m.path)
	return err
}

// write writes the file.
func (m *metricsFlag) write(set *result.Set) error {
	if m.file == nil {
		return nil
	}
	var text bytes.Buffer
	if err := render.OpenMetrics(&text, set, m.begin); err != nil {
		return err
	}
	return m.file.commit(text.Bytes())
}
