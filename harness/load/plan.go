// Package load is the clients of a measured run: producers that bring the
// scenario's records into being at their intended times, and group members that
// work them off, on franz-go (kgo). Each process writes down what it does in a
// journal.
//
// Load is open loop. A record exists at its intended time, whatever the client
// does: where the client's buffer is full it waits outside, and where the
// generator itself is late the journal says by how much.
package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"kafkasim/harness/journal"
	"kafkasim/scenarios"
)

// A Plan is what one client process is to do.
type Plan struct {
	Spec    *scenarios.Spec
	Role    string // journal.RoleProducer or journal.RoleConsumer
	Index   int    // in Spec.Producers or Spec.Groups
	Member  int    // of a group, 1..
	Life    int    // 0 first, one more at each restart
	Seeds   []string
	Zero    time.Time // the scenario's time 0
	Seed    uint64    // of the streams of random numbers, named as in the simulator
	Journal string    // path; it must not exist
	GroupID string    // "" = the group's name
}

// check finds what no process could do.
func (p *Plan) check() error {
	switch {
	case p.Spec == nil:
		return errors.New("load: a plan without a scenario")
	case len(p.Seeds) == 0:
		return errors.New("load: a plan without brokers to ask")
	case p.Role == journal.RoleProducer && p.Index >= 0 && p.Index < len(p.Spec.Producers):
		return needFranzGo(p.Spec.Producers[p.Index].Client, "producer "+p.Spec.Producers[p.Index].Name)
	case p.Role == journal.RoleConsumer && p.Index >= 0 && p.Index < len(p.Spec.Groups) && p.Member > 0:
		return needFranzGo(p.Spec.Groups[p.Index].Client, "group "+p.Spec.Groups[p.Index].Name)
	}
	return fmt.Errorf("load: the scenario has no %s %d with a member %d", p.Role, p.Index, p.Member)
}

func needFranzGo(client scenarios.Client, who string) error {
	if client != scenarios.FranzGo {
		return fmt.Errorf("load: %s is a Java client, and only franz-go ones can be run; write client: franz-go", who)
	}
	return nil
}

// entity names the streams of a producer's instance or of a member, as in the
// simulator.
func (p *Plan) entity(instance int) string {
	if p.Role == journal.RoleConsumer {
		return "member/" + p.Spec.Groups[p.Index].Name + "/" + strconv.Itoa(p.Member)
	}
	return producerEntity(p.Spec, p.Index, instance)
}

func producerEntity(spec *scenarios.Spec, producer, instance int) string {
	return "producer/" + spec.Producers[producer].Name + "/" + strconv.Itoa(instance)
}

// at is the wall clock's Unix time at an instant of the scenario.
func (p *Plan) at(d time.Duration) int64 { return p.Zero.UnixNano() + int64(d) }

// header is that of the process's journal.
func (p *Plan) header(notes map[string]string) journal.Header {
	return journal.Header{Role: p.Role, Index: p.Index, Member: p.Member, Life: p.Life, PID: os.Getpid(), Notes: notes}
}

// write stores the plan in a file.
func (p *Plan) write(path string) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("load: plan: %w", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("load: plan: %w", err)
	}
	return nil
}

// readPlan reads it back.
func readPlan(path string) (Plan, error) {
	var p Plan
	text, err := os.ReadFile(path)
	if err != nil {
		return p, fmt.Errorf("load: plan: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, fmt.Errorf("load: plan %s: %w", path, err)
	}
	return p, p.check()
}
