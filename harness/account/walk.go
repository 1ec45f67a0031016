package account

import "kafkasim/reports/result"

// walk goes through the run in steps of a tick and samples what changes with time:
// lag, members, the series. Before the first step everything that happened before
// time 0 has happened.
func (a *accounting) walk() []result.Series {
	lines := a.newSeries()
	a.findLooks()
	at, last := 0, a.lastAnswer()
	for now := instant(0); now <= a.end; now += tick {
		a.advanceAll(now)
		for g := range a.groups {
			a.sampleGroup(&a.groups[g], now)
		}
		if at < a.o.Grid.Count && now >= a.o.Grid.Start+instant(at)*a.o.Grid.Step {
			a.sampleSeries(lines, at, now)
			at++
		}
		if now >= max(a.load, last) && a.settled == a.end && a.readToEnd(now) {
			a.settled = now
		}
	}
	a.advanceAll(a.end)
	a.rates(lines, at)
	return lines
}

// lastAnswer is when the last record was settled for its producer; the end of the
// run if some was not.
func (a *accounting) lastAnswer() (last instant) {
	a.each(func(_ int, r *record) {
		if r.fate == open {
			last = a.end
		} else if r.sent {
			last = max(last, r.settled)
		}
	})
	return last
}

// readToEnd reports whether every partition has a leader and every group has read
// it to its end.
func (a *accounting) readToEnd(now instant) bool {
	all := true
	a.eachPartition(func(_ Partition, b *partitionBook) { all = all && b.led(now) })
	for g := range a.groups {
		b := &a.groups[g]
		for flat, at := range b.partitions {
			all = all && b.shares[flat].processed >= a.o.LogEnd[at]
		}
	}
	return all
}

func (a *accounting) advanceAll(now instant) {
	a.see(now)
	a.eachPartition(func(_ Partition, b *partitionBook) { b.advance(now) })
	for g := range a.groups {
		a.advance(&a.groups[g], now)
	}
}

// sampleGroup takes a group's lag, from the end of the warm-up on, and its
// members.
func (a *accounting) sampleGroup(b *groupBook, now instant) {
	up := int64(0)
	for m := range b.members {
		if b.members[m].runs(now) {
			up++
		}
	}
	b.memberTime += instant(up) * tick
	if now < a.warm {
		return
	}
	b.memberCount.Add(up, uint64(tick))
	behind := int64(0)
	for flat := range b.partitions {
		if s := a.sight(b, flat, now); a.partition(b.partitions[flat]).led(now) && s.hw > s.committed {
			behind += s.hw - s.committed
		}
	}
	lag, age := a.lag(b, now)
	b.lagRecords.Add(lag, uint64(tick))
	b.lagTime.Add(int64(age), uint64(tick))
	b.lagCommitted.Add(behind, uint64(tick))
	b.peak.Follow(now, lag, now < a.warm+tick)
}

// led reports whether a partition has a registered leader.
func (b *partitionBook) led(now instant) bool { return b.at(now).leader >= 0 }

// lag is a group's lag: high watermark − position, summed over its partitions, and
// the age of the oldest record below the high watermark that is not processed.
func (a *accounting) lag(b *groupBook, now instant) (lag int64, oldest instant) {
	for flat := range b.partitions {
		p := a.partition(b.partitions[flat])
		s := a.sight(b, flat, now)
		if !p.led(now) || s.hw <= s.done {
			continue
		}
		lag += s.hw - s.done
		if r := p.log.oldest(max(s.done, p.log.start), s.hw, s.at); r != nil {
			oldest = max(oldest, s.at-r.intended)
		}
	}
	return lag, oldest
}
