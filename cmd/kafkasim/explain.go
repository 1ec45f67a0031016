package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kafkasim/models"
	"kafkasim/reports/explain"
	"kafkasim/reports/result"
	"kafkasim/reports/result/story"
	"kafkasim/reports/trace"
	"kafkasim/scenarios"
)

// followOptions are the flags of `kafkasim run` that look into one replication.
type followOptions struct {
	trace       string // file, or ""
	explain     string // what, or ""
	replication int    // from 1; 0: the first in which it happened
}

// explainFirst is --explain without a value: the worst kind of loss that there was, of
// duplicate, and the longest stall.
const explainFirst = "first"

// explainAll explains every kind that there was.
const explainAll = "all"

// flags adds them to a command.
func (o *followOptions) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.trace, "trace", "", "write what happens in one replication to `FILE`, for ui.perfetto.dev or chrome://tracing")
	flags.StringVar(&o.explain, "explain", "", "tell in words how the first record was lost or there twice, and of the longest stall;\n"+
		"`WHAT` names what, as in --explain=lost.buffer or --explain=all")
	flags.Lookup("explain").NoOptDefVal = explainFirst
	flags.IntVar(&o.replication, "replication", 0, "look into this one with --trace and --explain, a `NUMBER` from 1, instead of the first in which it happened")
}

// wanted says whether anything is to be looked into.
func (o *followOptions) wanted() bool { return o.trace != "" || o.explain != "" }

// check refuses what makes no sense, before anything runs.
func (o *followOptions) check(names []string, json string) error {
	switch {
	case o.trace != "" && len(names) > 1:
		return usage(errors.New("--trace holds one replication of one scenario; run them one at a time"))
	case o.explain != "" && json == "-":
		return usage(errors.New("--json - leaves no room for --explain on stdout; write the JSON to a file"))
	case o.trace == "-":
		return usage(errors.New("--trace - : a trace goes to a file, as in --trace run.trace.json"))
	case o.replication != 0 && !o.wanted():
		return usage(errors.New("--replication says which one --trace or --explain looks into; neither is asked for"))
	case o.replication < 0:
		return usage(fmt.Errorf("--replication %d: they are counted from 1", o.replication))
	}
	for _, name := range names {
		if _, err := (&followOptions{explain: name}).subjects(); err == nil && o.explain == explainFirst && strings.Contains(name, ".") {
			return usage(fmt.Errorf("%s is what --explain can tell of, and no scenario; write --explain=%s", name, name))
		}
	}
	_, err := o.subjects()
	return err
}

// subjects are groups of metrics: of each group the first that happened is explained.
func (o *followOptions) subjects() ([][]string, error) {
	switch o.explain {
	case "":
		return nil, nil
	case explainFirst:
		return [][]string{explain.Losses(), explain.Duplicates(), {explain.Stall}}, nil
	}
	var groups [][]string
	for word := range strings.SplitSeq(o.explain, ",") {
		switch word {
		case explainAll:
			for _, metric := range explain.Subjects() {
				groups = append(groups, []string{metric})
			}
			continue
		case "loss":
			groups = append(groups, explain.Losses())
			continue
		case "duplicate":
			groups = append(groups, explain.Duplicates())
			continue
		case "stall":
			word = explain.Stall
		}
		metric := word
		if !slices.Contains(explain.Subjects(), metric) {
			metric = "records." + word
		}
		if !slices.Contains(explain.Subjects(), metric) {
			return nil, usage(fmt.Errorf("--explain=%s: there are all, loss, duplicate, stall, and %s", word, strings.Join(explain.Subjects(), ", ")))
		}
		groups = append(groups, []string{metric})
	}
	return groups, nil
}

// A subject is something that happened, and the replication to look into.
type subject struct {
	metric      string
	replication int // from 0
}

// happened finds, of each group, the first metric that happened in any replication, or
// in the one that was asked for.
func (o *followOptions) happened(set *result.Set) (found []subject, missing [][]string) {
	groups, _ := o.subjects()
	if o.explain == "" { // a trace alone: of what --explain would tell of
		groups, _ = (&followOptions{explain: explainFirst}).subjects()
	}
	for _, group := range groups {
		some := false
		for _, metric := range group {
			if n := o.replicationOf(set, metric); n >= 0 {
				found, some = append(found, subject{metric, n}), true
				break
			}
		}
		if !some {
			missing = append(missing, group)
		}
	}
	return found, missing
}

// replicationOf is the replication to look into for a metric: the first in which it
// happened, of a stall the one in which it was longest; -1: it did not happen.
func (o *followOptions) replicationOf(set *result.Set, metric string) int {
	m, known := set.Metric(metric)
	if !known {
		return -1
	}
	best, most := -1, 0.0
	for i, v := range m.Column("value") {
		switch {
		case o.replication != 0 && i != o.replication-1:
		case metric == explain.Stall:
			if v >= explain.WorthTelling.Seconds() && v > most {
				best, most = i, v
			}
		case v > 0 && best < 0:
			best = i
		}
	}
	return best
}

// A looker runs replications of a run once more, by themselves, and writes down what
// happens in them: one is kept at a time, for they are large.
type looker struct {
	spec *scenarios.Spec
	set  *result.Set
	run  runOptions
	last *story.Story
}

// look is the story of a replication, from 0.
func (l *looker) look(ctx context.Context, n int) (*story.Story, error) {
	if l.last != nil && l.last.Replication == n {
		return l.last, nil
	}
	l.last = nil
	followed, replication, err := models.Follow(ctx, l.spec, models.Options{Plane: l.run.plane}, n)
	if err != nil {
		return nil, err
	}
	if n < len(l.set.Fingerprints) && replication.Fingerprint != l.set.Fingerprints[n] {
		return nil, fmt.Errorf("a bug in kafkasim: replication %d of %s was another one when it was followed", n+1, l.spec.Name)
	}
	l.last = followed
	return followed, nil
}

// follow looks into the replications of a run that were asked for.
func (s *session) follow(ctx context.Context, spec *scenarios.Spec, set *result.Set, o runOptions, file *file) error {
	l := &looker{spec: spec, set: set, run: o}
	subjects, missing := o.follow.happened(set)
	if o.follow.explain != "" {
		var text bytes.Buffer
		for _, x := range subjects {
			followed, err := l.look(ctx, x.replication)
			if err != nil {
				return err
			}
			if err := s.tell(&text, followed, x, set.Replications); err != nil {
				return err
			}
		}
		o.follow.tellOthers(&text, subjects, set)
		tellMissing(&text, missing, o.follow.replication, set)
		if _, err := s.stdout.Write(text.Bytes()); err != nil {
			return err
		}
	}
	if file == nil {
		return nil
	}
	n := max(0, o.follow.replication-1)
	if len(subjects) > 0 {
		n = subjects[0].replication
	}
	followed, err := l.look(ctx, n)
	if err != nil {
		return err
	}
	return s.writeTrace(followed, file, o.quiet)
}

// tell writes one telling.
func (s *session) tell(text *bytes.Buffer, followed *story.Story, x subject, total int) error {
	telling, found := explain.Tell(followed, x.metric)
	if !found {
		return fmt.Errorf("a bug in kafkasim: replication %d counts %s, and there is nothing to tell of it", x.replication+1, x.metric)
	}
	fmt.Fprintf(text, "\n%s, replication %d of %d\n", x.metric, x.replication+1, total)
	return explain.Write(text, &telling, s.width())
}

// tellOthers says what else happened of a group of which only the worst is explained.
func (o *followOptions) tellOthers(text *bytes.Buffer, told []subject, set *result.Set) {
	if o.explain != explainFirst {
		return
	}
	groups, _ := o.subjects()
	for _, x := range told {
		for _, group := range groups {
			for k := slices.Index(group, x.metric) + 1; k > 0 && k < len(group); k++ {
				if n := o.replicationOf(set, group[k]); n >= 0 {
					fmt.Fprintf(text, "\n%s happened too, first in replication %d: --explain=%s tells of it.\n", group[k], n+1, strings.TrimPrefix(group[k], "records."))
				}
			}
		}
	}
}

// tellMissing says what did not happen.
func tellMissing(text *bytes.Buffer, missing [][]string, replication int, set *result.Set) {
	where := fmt.Sprintf("any of the %d replications", set.Replications)
	if set.Replications == 1 {
		where = "the one replication"
	}
	if replication != 0 {
		where = fmt.Sprintf("replication %d", replication)
	}
	if len(missing) == 0 {
		return
	}
	fmt.Fprintln(text)
	for _, group := range missing {
		switch {
		case slices.Equal(group, explain.Losses()):
			fmt.Fprintf(text, "No record was lost in %s.\n", where)
		case slices.Equal(group, explain.Duplicates()):
			fmt.Fprintf(text, "No record was written or processed twice in %s.\n", where)
		case slices.Contains(group, explain.Stall):
			fmt.Fprintf(text, "No partition stood still for a second or more in %s.\n", where)
		default:
			fmt.Fprintf(text, "%s: none in %s.\n", strings.Join(group, ", "), where)
		}
	}
}

// writeTrace writes a trace to its file, and says what it holds.
func (s *session) writeTrace(followed *story.Story, file *file, quiet bool) error {
	var text bytes.Buffer
	events, err := trace.Write(&text, followed)
	if err != nil {
		return err
	}
	if err := file.commit(text.Bytes()); err != nil {
		return err
	}
	if !quiet {
		s.say("trace of replication %d: %s events, %s in %s; open it at ui.perfetto.dev", followed.Replication+1,
			result.Number(float64(events)), result.Quantity(float64(text.Len()), "bytes"), file.target)
		if followed.Limited {
			s.say("the replication had more events than were written down: the trace lacks the traffic of its end")
		}
	}
	return nil
}
