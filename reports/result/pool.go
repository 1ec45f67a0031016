package result

import (
	"slices"

	"kafkasim/sim/stats"
)

// maxGroups bounds a pool's memory. More than half of it are in use once so
// many replications were added, which a bootstrap can resample well.
const maxGroups = 512

// A pool keeps what one distribution saw, by group of consecutive replications.
// Replications are independent, so groups are, and intervals may be computed by
// resampling groups. A group is one replication until there are more than
// maxGroups; then neighbours merge and a group's size doubles.
type pool struct {
	size   int // replications a group
	filled int // replications in the last group
	groups []*stats.Sketch
}

// add takes one replication; a nil or empty sketch is none. It copies.
func (p *pool) add(s *stats.Sketch) {
	if s.Count() == 0 {
		return
	}
	if p.size == 0 {
		p.size, p.filled = 1, 1
	}
	if p.filled < p.size && len(p.groups) > 0 {
		last := p.groups[len(p.groups)-1]
		last.Merge(s)
		if p.filled++; p.filled == p.size {
			p.groups[len(p.groups)-1] = last.Compact()
		}
		return
	}
	if len(p.groups) == maxGroups {
		p.halve()
	}
	p.groups = append(p.groups, s.Compact())
	p.filled = 1
}

// halve merges neighbours. All groups are full when it is called.
func (p *pool) halve() {
	half := len(p.groups) / 2
	for i := range half {
		merged := p.groups[2*i].Compact()
		merged.Merge(p.groups[2*i+1])
		p.groups[i] = merged.Compact()
	}
	clear(p.groups[half:])
	p.groups = p.groups[:half]
	p.size *= 2
}

// clone is a copy that later additions do not change. Full groups never change.
func (p *pool) clone() pool {
	c := *p
	if c.groups = slices.Clone(p.groups); len(c.groups) > 0 {
		c.groups[len(c.groups)-1] = c.groups[len(c.groups)-1].Compact()
	}
	return c
}

// total is everything that the pool saw.
func (p *pool) total() *stats.Sketch {
	t := new(stats.Sketch)
	for _, g := range p.groups {
		t.Merge(g)
	}
	return t
}
