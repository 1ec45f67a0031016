// Package sim is a discrete-event engine: simulated time, an event heap of
// values, and a fingerprint of all that fired. It knows nothing of Kafka.
package sim
