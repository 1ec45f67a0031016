package batch

import (
	"fmt"
	"strings"
	"time"
)

// fault writes one random fault: any kind, any target of that kind, at any time
// and for any time, so that faults overlap and healing meets other faults.
func (s *swarmWriter) fault() {
	at := s.between(0, s.duration-time.Millisecond)
	if s.chance(0.3) {
		at = at.Truncate(10 * time.Second) // some at the same instant
	}
	kinds := []func(at, duration string){
		s.brokerFault, s.brokerFault, s.brokerFault, s.networkCut, s.networkCut, s.networkTrouble, s.controlFault, s.clientFault, s.topicFault,
	}
	duration := swarmTime(s.between(50*time.Millisecond, 40*time.Second))
	kinds[s.IntN(len(kinds))](swarmTime(at), duration)
}

// heals is a duration as an entry of a fault; some never heal.
func (s *swarmWriter) heals(duration string) string {
	if s.chance(0.12) {
		return ""
	}
	return ", duration: " + duration
}

// brokerFault hits brokers.
func (s *swarmWriter) brokerFault(at, duration string) {
	kind := s.pick("broker_crash", "broker_crash", "broker_stop", "broker_pause", "machine_loss", "disk_loss", "slow_disk", "rack_loss", "rolling_restart")
	target, extra := s.brokerTarget(), ""
	switch kind {
	case "slow_disk":
		extra = ", factor: " + s.pick("3", "50")
	case "rack_loss":
		target = fmt.Sprintf("rack %d", 1+s.IntN(s.racks))
	case "rolling_restart":
		target, extra = "each", ", pause: "+s.pick("0 s", "1 s", "10 s")
	case "machine_loss":
		if s.chance(0.2) {
			target = s.controllerTarget()
		}
	}
	s.line("  - {at: %s, kind: %s, target: %s%s%s}", at, kind, target, extra, s.heals(duration))
}

// brokerTarget names brokers.
func (s *swarmWriter) brokerTarget() string {
	switch s.IntN(8) {
	case 0:
		return "random"
	case 1, 2, 3:
		return "leader of " + s.partition()
	case 4:
		return "follower of " + s.partition()
	case 5:
		if s.chance(0.3) {
			return "each"
		}
		return fmt.Sprintf("rack %d", 1+s.IntN(s.racks))
	default:
		return fmt.Sprintf("broker %d", 1+s.IntN(s.brokers))
	}
}

// partition names a partition of the scenario's topics.
func (s *swarmWriter) partition() string {
	t := s.IntN(len(s.topics))
	return fmt.Sprintf("t%d-%d", t, s.IntN(s.topics[t]))
}

// controllerTarget names a controller.
func (s *swarmWriter) controllerTarget() string {
	if s.controllers > 0 && s.chance(0.5) {
		return fmt.Sprintf("controller %d", 101+s.IntN(s.controllers))
	}
	return "active controller"
}

// networkCut separates two sets of servers, or of servers and clients.
func (s *swarmWriter) networkCut(at, duration string) {
	if sides, two := s.sides(); two {
		s.line("  - {at: %s, kind: partition, between: %s%s}", at, sides, s.heals(duration))
	}
}

// sides divides some of the servers and the clients into two sets.
func (s *swarmWriter) sides() (text string, two bool) {
	var all []string
	for b := range s.brokers {
		all = append(all, fmt.Sprintf("broker %d", b+1))
	}
	for c := range s.controllers {
		all = append(all, fmt.Sprintf("controller %d", 101+c))
	}
	all = append(all, "clients")
	var sides [2][]string
	for _, node := range all {
		if side := s.IntN(3); side < 2 {
			sides[side] = append(sides[side], node)
		}
	}
	if len(sides[0]) == 0 || len(sides[1]) == 0 {
		sides[0], sides[1] = all[:1], all[1:]
	}
	return fmt.Sprintf("[[%s], [%s]]", strings.Join(sides[0], ", "), strings.Join(sides[1], ", ")), len(sides[1]) > 0
}

// networkTrouble delays packets or loses them.
func (s *swarmWriter) networkTrouble(at, duration string) {
	where := "target: " + s.pick(s.brokerTarget(), "clients", "active controller", "producer p0")
	if sides, two := s.sides(); two && s.chance(0.5) {
		where = "between: " + sides
	}
	if s.chance(0.5) {
		s.line("  - {at: %s, kind: network_loss, %s, loss: %s%s}", at, where, s.pick("1 %", "20 %", "90 %"), s.heals(duration))
		return
	}
	delay := s.between(time.Millisecond, time.Second)
	s.line("  - {at: %s, kind: network_delay, %s, delay: %s, jitter: %s%s}", at, where, swarmTime(delay), swarmTime(delay/2), s.heals(duration))
}

// controlFault hits the controllers.
func (s *swarmWriter) controlFault(at, duration string) {
	s.line("  - {at: %s, kind: controller_crash, target: %s%s}", at, s.controllerTarget(), s.heals(duration))
}

// clientFault hits producers and consumers.
func (s *swarmWriter) clientFault(at, duration string) {
	if len(s.groups) == 0 || s.chance(0.2) {
		s.line("  - {at: %s, kind: producer_crash, target: producer p%d%s}", at, s.IntN(s.producers), s.heals(duration))
		return
	}
	g := s.IntN(len(s.groups))
	member := fmt.Sprintf("member %d of g%d", 1+s.IntN(s.memberCount[g]), g)
	switch s.IntN(6) {
	case 0, 1:
		s.line("  - {at: %s, kind: consumer_crash, target: %s%s}", at, member, s.heals(duration))
	case 2:
		s.line("  - {at: %s, kind: consumer_stop, target: %s%s}", at, member, s.heals(duration))
	case 3, 4:
		s.line("  - {at: %s, kind: consumer_pause, target: %s%s}", at, member, s.heals(duration))
	default:
		s.line("  - {at: %s, kind: slow_downstream, target: %s, factor: %s%s}", at, member, s.pick("2", "100"), s.heals(duration))
	}
}

// topicFault changes a topic's settings.
func (s *swarmWriter) topicFault(at, _ string) {
	change := s.pick("min.insync.replicas: 1", "min.insync.replicas: 2", "min.insync.replicas: 3",
		"unclean.leader.election.enable: true", "unclean.leader.election.enable: false", "retention.ms: 1000")
	s.line("  - {at: %s, kind: config_change, topic: t%d, config: {%s}}", at, s.IntN(len(s.topics)), change)
}
