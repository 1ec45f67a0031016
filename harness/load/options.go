package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// Settings collects a client's options and what the journal says about them.
type settings struct {
	options []kgo.Opt
	notes   map[string]string
}

// set adds an option under kgo's name for it.
func (s *settings) set(name string, value any, o kgo.Opt) {
	s.options = append(s.options, o)
	if s.notes == nil {
		s.notes = map[string]string{}
	}
	s.notes[name] = fmt.Sprint(value)
}

// remark adds words to the journal's header.
func (s *settings) remark(name, words string) {
	if s.notes == nil {
		s.notes = map[string]string{}
	}
	s.notes[name] = words
}

// common are the settings that producers and members share. What is not set is
// kgo's default: 10 s to dial, connections closed after 30 s without use, 20
// retries of a request.
func (s *settings) common(p *Plan, who string) {
	s.set("SeedBrokers", strings.Join(p.Seeds, ","), kgo.SeedBrokers(p.Seeds...))
	s.set("ClientID", who, kgo.ClientID(who))
	// Telemetry would be requests of their own, which no model has.
	s.set("DisableClientMetrics", true, kgo.DisableClientMetrics())
	// A connection that is accepted and closed at once, as by a broker killed in
	// that moment or a proxy in front of one that is down, is a failed connection and
	// no reason to give records up (kafka.md J.10).
	s.set("AlwaysRetryEOF", true, kgo.AlwaysRetryEOF())
	s.remark("client", "franz-go "+kgoVersion())
}

// backoff is kgo's default law with another beginning: it doubles with each
// failure in a row up to a limit, give or take 20 % (kgo config.go defaultCfg).
func (s *settings) backoff(base, most time.Duration, stream rng.Stream) {
	var mutex sync.Mutex
	s.set("RetryBackoffFn", fmt.Sprintf("%v·2^(n-1) ±20 %%, at most %v", base, most), kgo.RetryBackoffFn(func(fails int) time.Duration {
		if fails <= 0 {
			return base
		}
		mutex.Lock()
		jitter := 0.8 + 0.4*stream.Float64()
		mutex.Unlock()
		d := float64(base) * jitter
		for range min(fails-1, 40) {
			d *= 2
		}
		return time.Duration(min(d, float64(most)))
	}))
}

// written finds a Kafka setting as the scenario gives it, or "".
func written(settings []scenarios.Setting, name string) string {
	for _, s := range settings {
		if s.Name == name {
			return strings.TrimSpace(s.Value)
		}
	}
	return ""
}

// kafkaNames are the settings that the scenario gives, for the journal.
func (s *settings) kafkaNames(given []scenarios.Setting) {
	all := map[string]string{}
	for _, g := range given {
		all[g.Name] = g.Value
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		words = append(words, name+"="+all[name])
	}
	s.remark("config", strings.Join(words, " "))
}
