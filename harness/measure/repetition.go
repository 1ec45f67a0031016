package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"kafkasim/harness/account"
	"kafkasim/harness/fault"
	"kafkasim/harness/history"
	"kafkasim/harness/journal"
	"kafkasim/harness/load"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

const (
	// prologue is how long before the load the clients start, as in the simulator:
	// groups form and connections are set up without load.
	prologue = 10 * time.Second
	// longestPhase is how much longer that may take, by chance: brokers' heartbeats
	// and checks keep their phase, and no fault shall meet them always at the same
	// one (kafka.md J.13).
	longestPhase = 2 * time.Second
	// settleInterval is how often it is asked whether every record has met its end.
	settleInterval = 250 * time.Millisecond
	// quietTime is what the last high watermarks and commits need to get through.
	quietTime = time.Second
	// repairTime is how long the cluster has to become whole again before its logs
	// are read.
	repairTime = 90 * time.Second
)

// A repetition is one run of a scenario.
type repetition struct {
	spec    *scenarios.Spec
	options *Options
	index   int
	began   time.Time
	stage   func(what string)

	site     *site
	watching *watcher
	progress *progress
	seen     account.Observed
	folder   string
	warnings []string
}

// seed is the repetition's own.
func (r *repetition) seed() uint64 { return rng.Derive(r.options.Seed, uint64(r.index)) }

// run does it all on a cluster that is as good as new, and ends its clients.
func (r *repetition) run(ctx context.Context, l *life) (seen result.Replication, err error) {
	if r.folder, err = os.MkdirTemp(memory(), "kafkasim-measure-"); err != nil {
		return seen, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.folder)) }()
	r.site = &site{admin: l.admin, cluster: l.cluster}
	if err := r.prepare(ctx); err != nil {
		return seen, err
	}
	defer r.site.endClients()
	if err := r.load(ctx); err != nil {
		return seen, err
	}
	r.stage("accounting for every record")
	seen, err = account.Account(&r.seen)
	seen.Warnings = append(seen.Warnings, r.warnings...)
	if kept := r.keep(); kept != nil {
		err = errors.Join(err, kept)
	}
	return seen, err
}

// memory is a directory in memory, or "" for the usual one: a client that writes its
// journal must not wait for a disk on which others are syncing.
func memory() string {
	const shared = "/dev/shm"
	if info, err := os.Stat(shared); err == nil && info.IsDir() {
		return shared
	}
	return ""
}

// prepare warms the cluster up, creates the topics and starts the clients.
func (r *repetition) prepare(ctx context.Context) error {
	r.stage("warming up")
	w, err := r.site.warmUp(ctx, r.site.cluster.Bootstrap())
	if err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	r.stage(fmt.Sprintf("warm after %.0f s, p95 by second %v", w.After.Seconds(), w.P95))
	if !w.Settled {
		reason := fmt.Sprintf("latencies had not settled after a warm-up of %.0f s", w.After.Seconds())
		r.warnings = append(r.warnings, result.DisturbedWarning(r.index+1, reason))
	}
	if err := r.site.createTopics(ctx); err != nil {
		return err
	}
	if err := r.site.electPreferred(ctx); err != nil {
		return err
	}
	phase := rng.New(r.seed(), "measure", "phase")
	zero := time.Now().Add(prologue + phase.UniformDuration(0, longestPhase))
	r.seen = account.Observed{Spec: r.spec, Index: r.index, Zero: zero, LoadEnd: zero.Add(r.spec.Duration), Grid: r.options.Grid}
	for p := range r.spec.Producers {
		r.seen.Offered = append(r.seen.Offered, load.Offered(r.spec, p, r.seed()))
	}
	r.stage("starting the clients")
	return r.site.startClients(ctx, r, zero, r.folder)
}

// load runs the scenario from its time 0 to its end and reads everything back.
func (r *repetition) load(ctx context.Context) error {
	watching, err := watch(ctx, r.spec, r.site.cluster)
	if err != nil {
		return err
	}
	r.watching, r.progress = watching, newProgress()
	pick := rng.New(r.seed(), "measure", "random target")
	faults := fault.New(r.spec, r.site, r.seen.Zero, pick.IntN, r.options.Log)
	breaking, stopBreaking := context.WithCancel(ctx)
	broken := make(chan error, 1)
	go func() { broken <- faults.Run(breaking) }()
	r.stage("load")
	waited := fault.SleepUntil(ctx, r.seen.LoadEnd)
	if waited {
		r.stage("draining")
		waited, err = r.settle(ctx)
	}
	r.seen.End = time.Now()
	stopBreaking()
	failed := <-broken
	watching.end()
	if err = errors.Join(err, failed); err != nil || !waited {
		return errors.Join(err, ctx.Err())
	}
	for _, f := range faults.Applied() {
		r.seen.Faults = append(r.seen.Faults, account.Applied{Index: f.Index, At: f.At, Healed: f.Healed, Brokers: f.Brokers, Asked: f.Asked, Skipped: f.Skipped})
		if f.Skipped != "" {
			r.warnings = append(r.warnings, fmt.Sprintf("fault %d (line %d) was skipped: %s", f.Index+1, r.spec.Faults[f.Index].Line, f.Skipped))
		}
	}
	r.seen.Watermarks, r.seen.Usage, r.seen.Clocks = watching.watermarks, watching.usage, watching.clocks
	return r.collect(ctx, faults)
}

// collect reads back what the run has left: journals, logs, the metadata log.
func (r *repetition) collect(ctx context.Context, faults *fault.Executor) error {
	r.stage("reading back")
	r.site.endClients()
	for _, c := range r.site.clients {
		for _, path := range c.lives {
			file, err := journal.Read(path)
			if err != nil {
				return err
			}
			r.seen.Journals = append(r.seen.Journals, file)
		}
	}
	if err := faults.Finish(ctx); err != nil {
		return err
	}
	if err := r.site.inSync(ctx, repairTime); err != nil {
		r.warnings = append(r.warnings, "the logs were read before the cluster was whole again: "+err.Error())
	}
	fault.SleepUntil(ctx, time.Now().Add(quietTime))
	back, err := r.site.readBack(ctx, r.site.cluster.Bootstrap())
	if err != nil {
		return err
	}
	r.seen.Logs, r.seen.LogStart, r.seen.LogEnd, r.seen.Committed = back.logs, back.start, back.end, back.committed
	r.seen.History, err = r.history(ctx)
	return err
}

// history reads the metadata log of the controller that has it longest.
func (r *repetition) history(ctx context.Context) (longest history.History, err error) {
	for _, id := range r.site.Controllers() {
		n, err := r.site.node(id)
		if err != nil {
			return longest, err
		}
		raw, err := n.MetadataLog(ctx)
		if err != nil {
			return longest, err
		}
		if r.options.Keep != "" {
			r.write(fmt.Sprintf("metadata-%d.log", id), raw)
		}
		h, err := history.Decode(raw)
		if err != nil {
			return longest, fmt.Errorf("read the metadata log of node %d: %w", id, err)
		}
		if len(h.Changes) > len(longest.Changes) {
			longest = h
		}
	}
	return longest, nil
}

// settle waits until every record has met its end, or the drain is over; false
// when ctx ended first.
func (r *repetition) settle(ctx context.Context) (bool, error) {
	until := r.seen.LoadEnd.Add(r.spec.Drain)
	for time.Now().Before(until) {
		if done, err := r.settled(ctx); done || err != nil {
			return err == nil, err
		}
		if !fault.SleepUntil(ctx, time.Now().Add(settleInterval)) {
			return false, nil
		}
	}
	return ctx.Err() == nil, nil
}

// keep copies what was observed raw to the directory that was asked for.
func (r *repetition) keep() error {
	if r.options.Keep == "" {
		return nil
	}
	for _, n := range r.site.cluster.Nodes() {
		if text, err := n.Logs(context.Background()); err == nil {
			r.write(fmt.Sprintf("node-%d.log", n.ID()), text)
		}
	}
	target := r.keepFolder()
	return errors.Join(os.MkdirAll(target, 0o755), os.CopyFS(filepath.Join(target, "journals"), os.DirFS(r.folder)))
}

func (r *repetition) keepFolder() string {
	return filepath.Join(r.options.Keep, r.spec.Name, fmt.Sprintf("repetition-%d", r.index+1))
}

// write keeps one raw file; that it could not is said and does not end the run.
func (r *repetition) write(name string, content []byte) {
	err := os.MkdirAll(r.keepFolder(), 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(r.keepFolder(), name), content, 0o644)
	}
	if err != nil {
		_, _ = fmt.Fprintf(r.options.Log, "cannot keep %s: %v\n", name, err)
	}
}
