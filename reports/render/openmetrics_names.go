package render

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"kafkasim/scenarios"
)

// An exposed metric is how a name of ours is exposed to Prometheus.
type exposed struct {
	name   string // ours, without labels
	line   bool   // of a time line; else of a figure of the whole run
	key    string // our label that it must have; "" for none, "*" for any and none
	family string // the name that is exposed, for counters without _total
	kind   string // gauge, counter, summary, info
	label  string // the name of its label there; "" for ours
	unit   string
	help   string
}

// kafkaNames are the names that Kafka has for the same thing, as the JMX exporter
// makes them of Kafka's MBeans: kafka.server:type=ReplicaManager,
// name=UnderReplicatedPartitions is kafka_server_replicamanager_underreplicatedpartitions,
// and …PerSec counts are …_total (its example configuration for Kafka, with
// lowercaseOutputName). A group's lag is no MBean of a broker; its name is the one
// of the widespread kafka_exporter. A new name is one more line.
func kafkaNames() []exposed {
	const (
		broker, controller = "kafka_server_brokertopicmetrics_", "kafka_controller_kafkacontroller_"
		replicas           = "kafka_server_replicamanager_"
		acked              = "Records that brokers have taken in and acknowledged. Kafka also counts those that it took in and never acknowledged."
	)
	return []exposed{
		{"leaderless", true, "*", controller + "offlinepartitionscount", "gauge", "", "", "Partitions without a leader."},
		{"under_replicated", true, "*", replicas + "underreplicatedpartitions", "gauge", "", "", "Partitions with fewer replicas in sync than assigned, of all brokers."},
		{"under_min_isr", true, "*", replicas + "underminisrpartitioncount", "gauge", "", "", "Partitions with fewer replicas in sync than min.insync.replicas, of all brokers."},
		{"leaders", true, "broker", replicas + "leadercount", "gauge", "", "", "Partitions that a broker leads."},
		{"lag.records", true, "group", "kafka_consumergroup_lag", "gauge", "consumergroup", "", "High watermark minus processed position of a group, over all its partitions."},
		{"records.acked", true, "", broker + "messagesin", "counter", "", "", acked},
		{"records.acked", false, "", broker + "messagesin", "counter", "", "", acked},
		{"records.acked", false, "topic", broker + "messagesin", "counter", "", "", acked},
		{"records.acked", false, "producer", "kafka_producer_producer_metrics_record_send", "counter", "client_id", "", "Records that a producer has sent and had acknowledged."},
		{"isr.shrinks", false, "*", replicas + "isrshrinks", "counter", "", "", "A replica left the ISR."},
		{"isr.expands", false, "*", replicas + "isrexpands", "counter", "", "", "A replica joined the ISR."},
		{"elections.unclean", false, "*", "kafka_controller_controllerstats_uncleanleaderelections", "counter", "", "", "A new leader from outside the ISR and the ELR."},
	}
}

// exposedAs is how a name is exposed: as Kafka's where it has the same thing, else
// as kafkasim_… for a time line or a count, and as kafkasim_result_… for another
// figure of the whole run, which has but one value.
func exposedAs(base, labels string, line bool) exposed {
	key := labelKeyOf(labels)
	for _, x := range kafkaNames() {
		if x.name == base && x.line == line && (x.key == "*" || x.key == key) {
			return x
		}
	}
	known, listed := scenarios.MetricByName(base)
	x := exposed{family: "kafkasim_" + exposedName(base), kind: "gauge", help: "The time line " + base + "."}
	if listed {
		x.kind, x.unit, x.help = kindOf(known), exposedUnit(known.Unit), sentence(known.Meaning)
	}
	switch {
	case line && x.kind == "summary": // its values over time
		x.kind = "gauge"
	case !line && x.kind != "counter":
		x.family = "kafkasim_result_" + exposedName(base)
	}
	if x.kind == "counter" {
		x.unit = "" // records are no unit of Prometheus's
	}
	if x.unit != "" {
		x.family = strings.TrimSuffix(strings.TrimSuffix(x.family, "_time"), "_"+x.unit) + "_" + x.unit
	}
	return x
}

// labelKeyOf is topic in {topic=events}.
func labelKeyOf(labels string) string {
	key, _, _ := strings.Cut(strings.TrimPrefix(labels, "{"), "=")
	return key
}

// exposedName makes a name of ours one that Prometheus takes.
func exposedName(base string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, base)
}

// exposedUnit is Prometheus's name of a unit of ours, "" where it is none there.
func exposedUnit(unit string) string {
	switch unit {
	case "s":
		return "seconds"
	case "ratio":
		return "ratio"
	case "bytes/s":
		return "bytes_per_second"
	case "records":
		return "records"
	}
	return ""
}

// sentence gives a meaning of the catalogue a capital letter and a full stop.
func sentence(meaning string) string {
	first, size := utf8.DecodeRuneInString(meaning)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(meaning[size:], ".") + "."
}
