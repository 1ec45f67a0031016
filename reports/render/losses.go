package render

import (
	"fmt"
	"math"
	"strings"

	"kafkasim/reports/result"
)

// lossWords say of each end of a record that nobody wanted how it comes about under
// Kafka's rules, and what would have kept it.
func lossWords(name string) (why, cure string) {
	switch strings.TrimPrefix(name, "records.lost.") {
	case "acked":
		return "The producer was told that these records are safe. Their leader had them and the next leader had not: " +
				"with acks=1 a leader acknowledges before its followers have fetched, an unclean election puts a replica in charge that " +
				"lacks them, a lost machine takes what was not yet on the disk.",
			"acks=all with min.insync.replicas of 2 or more, and no unclean election, keep them, at the price of the slowest replica's latency."
	case "buffer":
		return "The producer's buffer was full, and a record that found no room in max.block.ms was dropped by its application: " +
				"the cluster took less than was offered for longer than the buffer holds.",
			"A larger buffer.memory (or max_buffered_records), a longer max.block.ms, or a cluster that fails over faster."
	case "expired":
		return "The producer gave up: delivery.timeout.ms passed, or an error was final, before an acknowledgement came; the record is not in the log.",
			"A longer delivery.timeout.ms outlasts the outage; the records wait in the buffer meanwhile."
	case "unconfirmed":
		return "Sent with acks=0: nobody was asked whether the record arrived, and it is not in the log.",
			"acks=1 or acks=all: the producer then knows, and sends again."
	case "client_crash":
		return "The process of the producer died with these records in its memory, or was down when they were offered.",
			"A smaller buffer or linger.ms loses less; what must not be lost has to be on disk before it is handed to a producer."
	case "retention":
		return "The log was cut by retention before a group had read these records.",
			"A longer retention.ms or a larger retention.bytes outlasts the outage of a consumer."
	case "skipped":
		return "A consumer committed its position before it had processed these records, and then died or lost the partition: the next owner begins behind them.",
			"Commit after processing; the price is that some records are processed twice."
	}
	return "", ""
}

// losses lists every kind of loss that any replication had.
func (p *page) losses() []loss {
	generated := math.NaN()
	if m, found := p.set.Metric("records.generated"); found {
		generated = m.Mean
	}
	var all []loss
	for _, name := range result.LostNames() {
		m, found := p.set.Metric(name)
		if !found || !(m.Mean > 0) {
			continue
		}
		why, cure := lossWords(name)
		n := 0
		for _, v := range m.Column("value") {
			if v > 0 {
				n++
			}
		}
		l := loss{name: name, why: why, cure: cure, figures: []figure{
			{"mean " + aRun(p.set), result.Number(m.Mean)},
			{"95 % interval", result.QuantityInterval(m.CI95, m.Unit)},
			{"worst", result.Quantity(worst(m, false), m.Unit)},
			{"share of all records", share(m.Mean, generated)},
			{"lost something", fmt.Sprintf("%d of %s", n, counted(p.set.Replications, runs(p.set)))},
		}}
		if name == "records.lost.acked" {
			l.figures = append(l.figures, figure{"at most (bound)", p.bound()})
		}
		all = append(all, l)
	}
	return all
}

// bound is the most that the faults of a replication can have cost: the mean over
// replications, and the worst.
func (p *page) bound() string {
	m, found := p.set.Metric("loss.bound.acked")
	if !found || math.IsNaN(m.Mean) {
		return ""
	}
	text, highest := result.Number(m.Mean), worst(m, false)
	if highest > m.Mean {
		text += ", worst " + result.Number(highest)
	}
	return text
}

// lossSummary says in sentences what was lost, and how sure that is.
func (p *page) lossSummary(losses []loss) []block {
	var words []string
	lost := false
	for i := range losses {
		lost = lost || losses[i].name == "records.lost.acked"
	}
	if len(losses) == 0 {
		words = append(words, fmt.Sprintf("Nothing was lost in %s.", counted(p.set.Replications, runs(p.set))))
	} else if !lost {
		words = append(words, "No acknowledged record was lost.")
	}
	if words = append(words, p.lossBound()); !p.provenSafe() {
		words = append(words, p.lossProbability(), p.nines())
	}
	var out []block
	for _, w := range words {
		if w != "" {
			out = append(out, paragraph(w))
		}
	}
	return out
}

// lossProbability says how likely a run is to lose an acknowledged record.
func (p *page) lossProbability() string {
	m, found := p.set.Metric("loss.probability")
	if !found || !m.CI95.Known() {
		return ""
	}
	if m.Mean == 0 {
		return fmt.Sprintf("The probability that a run loses an acknowledged record is at most %s (at 95 %%): none of %s did.",
			result.Percent(m.CI95.High), counted(p.set.Replications, runs(p.set)))
	}
	return fmt.Sprintf("The probability that a run loses an acknowledged record is %s (95 %% interval %s).",
		result.Percent(m.Mean), result.QuantityInterval(m.CI95, "ratio"))
}

// provenSafe reports whether the bound of every run is 0: then nothing that was only
// observed is worth saying.
func (p *page) provenSafe() bool {
	m, found := p.set.Metric("loss.bound.acked")
	return found && worst(m, false) == 0
}

// lossBound says what the faults can cost at the very most.
func (p *page) lossBound() string {
	m, found := p.set.Metric("loss.bound.acked")
	if !found || math.IsNaN(m.Mean) {
		return ""
	}
	highest := worst(m, false)
	switch {
	case p.provenSafe():
		return "The faults of a run cannot cost an acknowledged record: that is proven and not estimated (loss.bound.acked is 0)."
	case highest > m.Mean:
		return fmt.Sprintf("At the very most, proven and not estimated, the faults of a run can cost %s acknowledged records in the worst run, and %s in the mean over runs (loss.bound.acked).",
			result.Number(highest), result.Number(m.Mean))
	}
	return fmt.Sprintf("At the very most, proven and not estimated, the faults of a run can cost %s acknowledged records (loss.bound.acked).", result.Number(highest))
}

// nines says how durable acknowledged records are.
func (p *page) nines() string {
	m, found := p.set.Metric("durability.acked.nines")
	switch {
	case !found || math.IsNaN(m.Mean):
		return ""
	case m.Bound:
		return "Durability of acknowledged records: at least " + result.Number(m.Mean) + " nines; more runs may prove more."
	}
	return fmt.Sprintf("Durability of acknowledged records: %s nines (95 %% interval %s).", result.Number(m.Mean), result.QuantityInterval(m.CI95, m.Unit))
}

// runs is what a run of the set is called.
func runs(s *result.Set) string {
	if s.Origin == result.Measured {
		return "repetition"
	}
	return "replication"
}

func aRun(s *result.Set) string { return "a " + runs(s) }
