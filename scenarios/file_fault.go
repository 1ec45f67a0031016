package scenarios

import "time"

type fileFault struct {
	at, delay, jitter, pause, mtbf value[time.Duration]
	kind                           value[FaultKind]
	target, topic, cluster         value[string]
	duration                       value[time.Duration]
	random                         value[fileRandom]
	between                        value[[]value[[]value[string]]]
	loss, factor                   value[float64]
	config                         value[[]Setting]
	process                        value[bool]
	each                           value[string]
}

func faultShape(f *fileFault) shape {
	return shape{"a fault", []field{
		{"at", "when it begins, as in 30 s", false, durationForm(&f.at, 0)},
		{"kind", "what breaks, as in broker_crash", true, wordForm(&f.kind, faultKinds()...)},
		{"target", "what it hits, as in leader of events-0", false, textForm(&f.target)},
		{"topic", "config_change: the topic", false, referenceForm(&f.topic)},
		{"cluster", "which of clusters the target is in", false, nameForm(&f.cluster)},
		{"duration", "after which it heals, as in 20 s; never", false, eitherForm{
			scalar: durationForm(&f.duration, 1), object: mapForm(&f.random, randomShape),
		}.form()},
		{
			"between", "partition, network_delay, network_loss: the two sides, as in [[broker 1], [broker 2, broker 3]]", false,
			listForm(&f.between, 2, func(side *value[[]value[string]]) form { return listForm(side, maxBrokers, textForm) }),
		},
		{"delay", "network_delay: added to each message", false, durationForm(&f.delay, 1)},
		{"jitter", "network_delay: how much more or less that may be; 0 s", false, durationForm(&f.jitter, 0)},
		{"loss", "network_loss: the share of packets, as in 5 %", false, ratioForm(&f.loss, 0, 1)},
		{"factor", "slow_disk, slow_downstream: how many times slower", false, numberForm(&f.factor, 1, 1e6)},
		{"config", "config_change: the topic's new settings", false, settingsForm(&f.config)},
		{"pause", "rolling_restart: from one broker's return to the next one's stop; 0 s", false, durationForm(&f.pause, 0)},
		{"process", "random faults: exponential", false, wordForm(&f.process, word[bool]{"exponential", true})},
		{"mtbf", "random faults: the mean time between failures of each unit, as in 4000 h", false, durationForm(&f.mtbf, time.Millisecond)},
		{"each", "random faults: what fails on its own, one of " + eachList(), false, wordForm(&f.each, eachWords()...)},
	}}
}

// fileRandom is a random duration.
type fileRandom struct {
	exponential value[time.Duration]
	lognormal   value[fileLognormal]
}

func randomShape(f *fileRandom) shape {
	return shape{"a random duration", []field{
		{"exponential", "the mean of an exponential distribution, as in 10 min", false, durationForm(&f.exponential, 1)},
		{"lognormal", "as in {median: 10 min, p99: 2 h}", false, mapForm(&f.lognormal, lognormalShape)},
	}}
}

type fileLognormal struct{ median, p99 value[time.Duration] }

func lognormalShape(f *fileLognormal) shape {
	return shape{"a lognormal duration", []field{
		{"median", "which half of them exceed, as in 10 min", true, durationForm(&f.median, 1)},
		{"p99", "which one in a hundred exceeds, as in 2 h", true, durationForm(&f.p99, 1)},
	}}
}

func eachWords() []word[string] {
	return []word[string]{
		{"broker", "broker"},
		{"disk", "disk"},
		{"machine", "machine"},
		{"rack", "rack"},
		{"controller", "controller"},
		{"client", "client"},
	}
}

func eachList() string { return "broker, disk, machine, rack, controller or client" }

// faultKinds are the kinds as a file writes them.
func faultKinds() []word[FaultKind] {
	return []word[FaultKind]{
		{"broker_crash", BrokerCrash},
		{"broker_stop", BrokerStop},
		{"broker_pause", BrokerPause},
		{"machine_loss", MachineLoss},
		{"disk_loss", DiskLoss},
		{"partition", NetworkPartition},
		{"network_delay", NetworkDelay},
		{"network_loss", NetworkLoss},
		{"slow_disk", SlowDisk},
		{"rack_loss", RackLoss},
		{"controller_crash", ControllerCrash},
		{"consumer_crash", ConsumerCrash},
		{"consumer_pause", ConsumerPause},
		{"producer_crash", ProducerCrash},
		{"slow_downstream", SlowDownstream},
		{"config_change", ConfigChange},
		{"rolling_restart", RollingRestart},
		{"consumer_stop", ConsumerStop},
	}
}

// String is the kind as a file writes it.
func (k FaultKind) String() string {
	for _, w := range faultKinds() {
		if w.is == k {
			return w.text
		}
	}
	return "unknown fault"
}
