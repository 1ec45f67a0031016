package scenarios

import (
	"time"

	"kafkasim/sim/unit"
)

type fileProducer struct {
	name, topic, cluster value[string]
	instances            value[int]
	rate                 value[unit.Rate]
	curve                value[fileCurve]
	recordSize           value[unit.Bytes]
	recordSizes          value[fileRecordSize]
	arrivals             value[Arrivals]
	keyless              value[bool]
	keys                 value[fileKeys]
	client               value[Client]
	partitioner          value[Partitioner]
	config, options      value[[]Setting]
}

func producerShape(f *fileProducer) shape {
	return shape{"a producer", []field{
		{"name", "what faults and overrides call it", true, nameForm(&f.name)},
		{"topic", "the topic that it writes to", true, referenceForm(&f.topic)},
		{"cluster", "which of clusters the topic is in, if several have one of that name", false, nameForm(&f.cluster)},
		{"instances", "how many equal clients share the rate; 1", false, wholeForm(&f.instances, 1, maxClients)},
		{"rate", "records of all instances together, as in 2000/s, or a curve", true, eitherForm{scalar: rateForm(&f.rate), object: mapForm(&f.curve, curveShape)}.form()},
		{"record_size", "of a record on the wire, as in 1 KiB, or {mean: 1 KiB, p99: 8 KiB}", true, eitherForm{
			scalar: sizeForm(&f.recordSize, maxRecord), object: mapForm(&f.recordSizes, recordSizeShape),
		}.form()},
		{"arrivals", "how records are spread over time; poisson", false, wordForm(&f.arrivals, word[Arrivals]{"poisson", Poisson}, word[Arrivals]{"even", Even})},
		{"keys", "none, or as in {count: 10000, skew: 0.9}; none", false, eitherForm{
			scalar: wordForm(&f.keyless, word[bool]{"none", true}), object: mapForm(&f.keys, keysShape),
		}.form()},
		{"client", "whose defaults and habits it has; java", false, clientForm(&f.client)},
		{"partitioner", "where records without a key go; default", false, wordForm(&f.partitioner,
			word[Partitioner]{"default", DefaultPartitioner},
			word[Partitioner]{"avoid_under_replicated", AvoidUnderReplicated},
			word[Partitioner]{"avoid_unavailable", AvoidUnavailable})},
		{"config", "producer settings under Kafka's names, as in {acks: all, linger.ms: 5}", false, settingsForm(&f.config)},
		{"client_options", "franz-go's own settings in snake_case", false, settingsForm(&f.options)},
	}}
}

func clientForm(dst *value[Client]) form {
	return wordForm(dst, word[Client]{"java", Java}, word[Client]{"franz-go", FranzGo})
}

type fileRecordSize struct{ mean, p99 value[unit.Bytes] }

func recordSizeShape(f *fileRecordSize) shape {
	return shape{"record_size", []field{
		{"mean", "the mean of a lognormal distribution, as in 1 KiB", true, sizeForm(&f.mean, maxRecord)},
		{"p99", "its 99th percentile, as in 8 KiB", true, sizeForm(&f.p99, maxRecord)},
	}}
}

type fileKeys struct {
	count value[int]
	skew  value[float64]
}

func keysShape(f *fileKeys) shape {
	return shape{"keys", []field{
		{"count", "how many different keys there are", true, wholeForm(&f.count, 1, maxKeys)},
		{"skew", "the exponent of Zipf's law: 0 means that all keys are equally frequent; 0", false, numberForm(&f.skew, 0, 10)},
	}}
}

type fileConsumer struct {
	group, cluster  value[string]
	topics          value[[]value[string]]
	members         value[int]
	protocol        value[Protocol]
	processing      value[fileProcessing]
	commit          value[CommitMode]
	client          value[Client]
	config, options value[[]Setting]
	autoscaler      value[fileAutoscaler]
}

func consumerShape(f *fileConsumer) shape {
	return shape{"a consumer group", []field{
		{"group", "its name", true, nameForm(&f.group)},
		{"cluster", "which of clusters the topics are in, if several have such topics", false, nameForm(&f.cluster)},
		{"topics", "what it reads, as in [events]", true, listForm(&f.topics, maxTopics, referenceForm)},
		{"members", "how many members it has; with an autoscaler, at the start", false, wholeForm(&f.members, 1, maxClients)},
		{"protocol", "how it rebalances; cooperative for franz-go, eager for java", false, wordForm(&f.protocol,
			word[Protocol]{"eager", Eager}, word[Protocol]{"cooperative", Cooperative}, word[Protocol]{"consumer", ConsumerProtocol})},
		{"processing", "the work on a record, as in {time: 0.5 ms, distribution: exponential, threads: 1}", true, mapForm(&f.processing, processingShape)},
		{"commit", "when offsets are committed; after_processing", false, wordForm(&f.commit,
			word[CommitMode]{"after_processing", CommitAfterProcessing},
			word[CommitMode]{"after_each_poll", CommitAfterEachPoll},
			word[CommitMode]{"before_processing", CommitBeforeProcessing})},
		{"client", "whose defaults and habits it has; java", false, clientForm(&f.client)},
		{"config", "consumer settings under Kafka's names, as in {session.timeout.ms: 10000}", false, settingsForm(&f.config)},
		{"client_options", "franz-go's own settings in snake_case", false, settingsForm(&f.options)},
		{"autoscaler", "what changes the number of members", false, autoscalerForm(&f.autoscaler)},
	}}
}

type fileProcessing struct {
	time, p99    value[time.Duration]
	distribution value[Distribution]
	threads      value[int]
}

func processingShape(f *fileProcessing) shape {
	return shape{"processing", []field{
		{"time", "the mean time that a record takes a thread, as in 0.5 ms", true, durationForm(&f.time, 0)},
		{"distribution", "how it varies; fixed", false, wordForm(&f.distribution,
			word[Distribution]{"fixed", FixedTime}, word[Distribution]{"exponential", ExponentialTime}, word[Distribution]{"lognormal", LognormalTime})},
		{"p99", "its 99th percentile, if it is lognormal", false, durationForm(&f.p99, 1)},
		{"threads", "how many records a member works on at a time; 1", false, wholeForm(&f.threads, 1, maxThreads)},
	}}
}

type fileCurve struct {
	shape        value[Shape]
	rate         value[unit.Rate]
	peak         value[unit.Rate]
	peakToTrough value[float64]
	period       value[time.Duration]
	phase        value[time.Duration]
	weekend      value[float64]
	steps        value[[]value[fileRatePoint]]
	points       value[[]value[fileRatePoint]]
	file         value[string]
	bursts       value[[]value[fileBurst]]
}

func curveShape(f *fileCurve) shape {
	return shape{"a rate", []field{
		{"shape", "one of constant, diurnal, steps, trace", true, wordForm(&f.shape,
			word[Shape]{"constant", ConstantRate}, word[Shape]{"diurnal", DiurnalRate}, word[Shape]{"steps", StepRate}, word[Shape]{"trace", TraceRate})},
		{"rate", "constant: the rate, as in 2000/s", false, rateForm(&f.rate)},
		{"peak", "diurnal: the highest rate, as in 1M/s", false, rateForm(&f.peak)},
		{"peak_to_trough", "diurnal: the highest rate over the lowest", false, numberForm(&f.peakToTrough, 1, 1e6)},
		{"period", "diurnal: from one peak to the next; 24 h", false, durationForm(&f.period, time.Second)},
		{"phase", "diurnal: the peak is at period/2 + phase; 0 h", false, durationForm(&f.phase, 0)},
		{"weekend", "diurnal: what the rate is multiplied by on days 6 and 7 of a week; 1", false, ratioForm(&f.weekend, 0, 100)},
		{"steps", "steps: as in [{at: 0 s, rate: 100/s}, {at: 1 min, rate: 200/s}]", false, listForm(&f.steps, maxTracePoints, func(p *value[fileRatePoint]) form {
			return mapForm(p, ratePointShape)
		})},
		{"points", "trace: as steps, with straight lines between the points", false, listForm(&f.points, maxTracePoints, func(p *value[fileRatePoint]) form {
			return mapForm(p, ratePointShape)
		})},
		{"file", "trace: a CSV file with a line for each point, a time and a rate", false, textForm(&f.file)},
		{
			"bursts", "short peaks on top, as in [{at: 3 h, factor: 3, rise: 1 min, hold: 10 min, decay: 5 min}]", false,
			listForm(&f.bursts, maxEntries, func(b *value[fileBurst]) form { return mapForm(b, burstShape) }),
		},
	}}
}

type fileRatePoint struct {
	at   value[time.Duration]
	rate value[unit.Rate]
}

func ratePointShape(f *fileRatePoint) shape {
	return shape{"a point of a rate", []field{
		{"at", "the time, as in 1 min", true, durationForm(&f.at, 0)},
		{"rate", "the rate, as in 100/s", true, rateForm(&f.rate)},
	}}
}

type fileBurst struct {
	at, rise, hold, decay value[time.Duration]
	factor                value[float64]
}

func burstShape(f *fileBurst) shape {
	return shape{"a burst", []field{
		{"at", "when it begins, as in 3 h", true, durationForm(&f.at, 0)},
		{"factor", "what the rate is multiplied by at its height", true, numberForm(&f.factor, 0, 1e6)},
		{"rise", "how long it takes to reach that; 0 s", false, durationForm(&f.rise, 0)},
		{"hold", "how long it stays there", true, durationForm(&f.hold, 0)},
		{"decay", "how long it takes to end; 0 s", false, durationForm(&f.decay, 0)},
	}}
}
