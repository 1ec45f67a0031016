package scenarios

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"kafkasim/sim/unit"
)

const (
	day            = 24 * time.Hour
	maxTracePoints = 100_000
	maxTraceSource = 8 << 20 // bytes
)

// A ReadFile reads a file that a scenario names, relative to the scenario's own
// place.
type ReadFile func(name string) ([]byte, error)

// trace makes the points of a trace, from the file itself or from another.
func (s *resolver) trace(c *fileCurve, at *node) []RatePoint {
	switch {
	case c.points.given() && c.file.given():
		s.problem(c.file.node.at, "file and points are both there; keep one")
	case !c.points.given() && !c.file.given():
		s.problem(at.at, "a rate of shape trace needs points, as in points: [{at: 0 s, rate: 100/s}, ...], or a file")
	case c.points.known:
		return s.ratePoints(&c.points, "points")
	case c.file.known && s.read == nil:
		s.unsupported(c.file.node, "a trace from a file where files cannot be read; write points instead")
	case c.file.known:
		source, err := s.read(c.file.is)
		if err != nil {
			s.problem(c.file.node.at, "file: %v", err)
			return nil
		}
		points, err := parseTrace(source)
		if err != nil {
			s.problem(c.file.node.at, "file: %s, %v", c.file.is, err)
		}
		return points
	}
	return nil
}

func (s *resolver) ratePoints(list *value[[]value[fileRatePoint]], key string) []RatePoint {
	if !list.known {
		return nil
	}
	if len(list.is) == 0 {
		s.problem(list.node.at, "%s has no entry; add one, as in %s: [{at: 0 s, rate: 100/s}]", key, key)
	}
	var points []RatePoint
	for i := range list.is {
		f := &list.is[i].is
		if !f.at.known {
			continue
		}
		if last := len(points) - 1; last >= 0 && f.at.is <= points[last].At {
			s.problem(f.at.node.at, "at: %s is not after the %s of the entry before it; put them in order", spellDuration(f.at.is), spellDuration(points[last].At))
		}
		if len(points) == 0 && f.at.is != 0 {
			s.problem(f.at.node.at, "at: the first entry of %s is at %s; it must be at 0 s, so that there is a rate from the start", key, spellDuration(f.at.is))
		}
		points = append(points, RatePoint{At: f.at.is, Rate: f.rate.is})
	}
	return points
}

// parseTrace reads a trace from CSV: a line for each point with a time and a
// rate, each with its unit or in seconds and records per second. A first line of
// words is a heading; empty lines and those that begin with # are skipped.
func parseTrace(source []byte) ([]RatePoint, error) {
	if len(source) > maxTraceSource {
		return nil, fmt.Errorf("%d bytes; a trace has at most %d", len(source), maxTraceSource)
	}
	var points []RatePoint
	for i, raw := range bytes.Split(source, []byte("\n")) {
		line := strings.TrimSpace(strings.TrimPrefix(string(raw), "\uFEFF"))
		if line == "" || line[0] == '#' || i == 0 && strings.IndexByte("0123456789.-+", line[0]) < 0 {
			continue
		}
		p, err := parseTraceLine(line)
		last := len(points) - 1
		switch {
		case err != nil:
		case last < 0 && p.At != 0:
			err = fmt.Errorf("the first point is at %s; it must be at 0, so that there is a rate from the start", spellDuration(p.At))
		case last >= 0 && p.At <= points[last].At:
			err = fmt.Errorf("the time %s is not after the %s of the point before it", spellDuration(p.At), spellDuration(points[last].At))
		case len(points) == maxTracePoints:
			err = fmt.Errorf("more than %d points", maxTracePoints)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		points = append(points, p)
	}
	if len(points) == 0 {
		return nil, fmt.Errorf("no points in it; write a line for each, as in 60,100 for 100 records a second after a minute")
	}
	return points, nil
}

func parseTraceLine(line string) (RatePoint, error) {
	cells := strings.Split(line, ",")
	if len(cells) != 2 {
		return RatePoint{}, fmt.Errorf("%d columns; write two, a time and a rate", len(cells))
	}
	at, rate := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1])
	if _, err := strconv.ParseFloat(at, 64); err == nil {
		at += " s"
	}
	if _, err := strconv.ParseFloat(rate, 64); err == nil {
		rate += "/s"
	}
	t, err := parseDuration(at)
	if err != nil {
		return RatePoint{}, fmt.Errorf("the time %s %w", shown(at), err)
	}
	v, err := parseRate(rate)
	if err != nil {
		return RatePoint{}, fmt.Errorf("the rate %s %w", shown(rate), err)
	}
	return RatePoint{At: t, Rate: unit.Rate(v)}, nil
}
