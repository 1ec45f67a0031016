package measure

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"kafkasim/harness/cluster"
	"kafkasim/harness/fault"
	"kafkasim/harness/journal"
	"kafkasim/harness/load"
	"kafkasim/scenarios"
)

// clientPatience is how long a client process may take to be ready, or to end.
const clientPatience = 30 * time.Second

// A site is a cluster and its clients, as faults see them.
type site struct {
	*admin
	cluster *cluster.Cluster
	clients map[fault.Client]*client
}

// A client is a client process and those that were started in its place.
type client struct {
	ctx     context.Context
	command []string
	plan    load.Plan
	folder  string
	process *load.Process
	lives   []string // journals
	gone    bool     // it does not run because somebody wanted so
}

// start begins the client's next life.
func (c *client) start() error {
	c.plan.Life = len(c.lives)
	c.plan.Journal = filepath.Join(c.folder, fmt.Sprintf("%s-%d-%d-%d.journal", c.plan.Role, c.plan.Index, c.plan.Member, c.plan.Life))
	process, err := load.Start(c.ctx, c.command, c.plan)
	if err != nil {
		return fmt.Errorf("start %s: %w", c.name(), err)
	}
	c.process, c.gone = process, false
	c.lives = append(c.lives, c.plan.Journal)
	return nil
}

func (c *client) name() string {
	if c.plan.Role == journal.RoleProducer {
		return "producer " + c.plan.Spec.Producers[c.plan.Index].Name
	}
	return fmt.Sprintf("member %d of %s", c.plan.Member, c.plan.Spec.Groups[c.plan.Index].Name)
}

func (c *client) Running() bool { return !c.gone }

func (c *client) Kill() (time.Time, error) {
	c.gone = true
	return c.process.Kill()
}

func (c *client) Pause() (time.Time, error) { return c.process.Pause() }

func (c *client) Resume() (time.Time, error) { return c.process.Resume() }

func (c *client) Leave() (time.Time, error) {
	c.gone = true
	return time.Now(), c.process.Leave()
}

func (c *client) Start() (time.Time, error) {
	waiting, cancel := context.WithTimeout(c.ctx, clientPatience)
	defer cancel()
	if err := c.process.Wait(waiting); err != nil && waiting.Err() != nil {
		return time.Time{}, fmt.Errorf("%s did not end: %w", c.name(), err)
	}
	at := time.Now()
	return at, c.start()
}

func (c *client) Slow(factor float64) (time.Time, error) {
	return time.Now(), c.process.Slow(factor)
}

// startClients starts every client of the scenario; consumers first, so that
// their groups stand when the load begins.
func (s *site) startClients(ctx context.Context, r *repetition, zero time.Time, folder string) error {
	s.clients = map[fault.Client]*client{}
	base := load.Plan{Spec: s.spec, Seeds: s.cluster.Bootstrap(), Zero: zero, Seed: r.seed()}
	add := func(name fault.Client, role string) error {
		plan := base
		plan.Role, plan.Index, plan.Member = role, name.Index, name.Member
		if role == journal.RoleConsumer {
			plan.GroupID = s.spec.Groups[name.Index].Name
		}
		c := &client{ctx: ctx, command: r.options.Command, plan: plan, folder: folder}
		s.clients[name] = c
		return c.start()
	}
	for g := range s.spec.Groups {
		for m := range s.spec.Groups[g].Members {
			if err := add(fault.Client{Index: g, Member: m + 1}, journal.RoleConsumer); err != nil {
				return err
			}
		}
	}
	for p := range s.spec.Producers {
		if err := add(fault.Client{Producer: true, Index: p}, journal.RoleProducer); err != nil {
			return err
		}
	}
	return s.clientsReady(ctx, zero)
}

// clientsReady waits until every client process can work.
func (s *site) clientsReady(ctx context.Context, zero time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, zero)
	defer cancel()
	for _, c := range s.clients {
		if err := c.process.Ready(ctx); err != nil {
			return fmt.Errorf("%s was not ready when the load should begin: %w", c.name(), err)
		}
	}
	return nil
}

// endClients ends every client process: members leave, producers have nothing
// left, and what does not end in time is killed.
func (s *site) endClients() {
	for _, c := range s.clients {
		if c.process != nil && !c.gone {
			_, _ = c.process.Resume() // one that is frozen hears nothing
			_ = c.process.Leave()
		}
	}
	for _, c := range s.clients {
		if c.process == nil {
			continue
		}
		waiting, cancel := context.WithTimeout(context.Background(), clientPatience)
		_ = c.process.Wait(waiting)
		if waiting.Err() != nil {
			_, _ = c.process.Kill()
		}
		cancel()
	}
}

func (s *site) Brokers() (ids []int) {
	for _, b := range s.spec.Clusters[0].Brokers {
		ids = append(ids, b.ID)
	}
	return ids
}

func (s *site) Controllers() (ids []int) {
	if s.spec.Clusters[0].Controllers == 0 {
		return s.Brokers()
	}
	for i := range s.spec.Clusters[0].Controllers {
		ids = append(ids, 101+i)
	}
	return ids
}

func (s *site) Leader(ctx context.Context, topic, partition int) (int, []int, error) {
	return s.leader(ctx, topic, partition)
}

func (s *site) ActiveController(ctx context.Context) (int, error) { return s.activeController(ctx) }

func (s *site) Serving(ctx context.Context, node int) (bool, error) { return s.serving(ctx, node) }

// node finds a node, or says that there is none.
func (s *site) node(id int) (*cluster.Node, error) {
	n, found := s.cluster.Node(id)
	if !found {
		return nil, fmt.Errorf("the cluster has no node %d", id)
	}
	return n, nil
}

// act does something to a node.
func (s *site) act(ctx context.Context, id int, what func(*cluster.Node, context.Context) (time.Time, error)) (time.Time, error) {
	n, err := s.node(id)
	if err != nil {
		return time.Time{}, err
	}
	return what(n, ctx)
}

func (s *site) Kill(ctx context.Context, id int) (time.Time, error) {
	return s.act(ctx, id, (*cluster.Node).Kill)
}

func (s *site) Terminate(ctx context.Context, id int) (time.Time, error) {
	return s.act(ctx, id, (*cluster.Node).Terminate)
}

func (s *site) Exited(ctx context.Context, id int) (time.Time, error) {
	return s.act(ctx, id, (*cluster.Node).Exited)
}

func (s *site) Start(ctx context.Context, id int) (time.Time, error) {
	return s.act(ctx, id, (*cluster.Node).Start)
}

func (s *site) Pause(ctx context.Context, id int) (time.Time, error) {
	return s.act(ctx, id, (*cluster.Node).Pause)
}

func (s *site) Resume(ctx context.Context, id int) (time.Time, error) {
	return s.act(ctx, id, (*cluster.Node).Resume)
}

func (s *site) LoseData(ctx context.Context, id int) error {
	n, err := s.node(id)
	if err != nil {
		return err
	}
	return n.LoseData(ctx)
}

func (s *site) Cut(ctx context.Context, a, b []fault.Party) (fault.Trouble, error) {
	t, err := s.cluster.Cut(ctx, parties(a), parties(b))
	return trouble{t}, err
}

func (s *site) Degrade(ctx context.Context, a, b []fault.Party, delay, jitter time.Duration, loss float64) (fault.Trouble, error) {
	t, err := s.cluster.Degrade(ctx, parties(a), parties(b), delay, jitter, loss)
	return trouble{t}, err
}

func parties(list []fault.Party) (out []cluster.Party) {
	for _, p := range list {
		out = append(out, cluster.Party{Node: p.Node, Clients: p.Clients})
	}
	return out
}

// A trouble is a cluster's network fault as faults see it.
type trouble struct{ *cluster.Trouble }

// Since is when its last rule stood.
func (t trouble) Since() time.Time { return t.At }

func (s *site) SetTopic(ctx context.Context, topic int, values []scenarios.ConfigChangeValue) (time.Time, error) {
	return s.setTopic(ctx, topic, values)
}

func (s *site) Client(name fault.Client) (fault.Process, error) {
	c, found := s.clients[name]
	if !found {
		return nil, fmt.Errorf("there is no client %+v", name)
	}
	return c, nil
}
