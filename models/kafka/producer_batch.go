package kafka

import (
	"kafkasim/sim"
	"kafkasim/sim/unit"
)

// A ProducerBatch is the records that a producer sends to one partition in one
// piece. Exported fields are for the caller to read.
type ProducerBatch struct {
	Partition   int32 // index in the topic
	Count       int32 // records
	First, Last int32 // record ids; the caller chains those between
	Bytes       unit.Bytes
	Created     sim.Time
	// Sequence of the first record, ProducerID and Epoch are set when the batch is
	// first sent, if the producer is idempotent. An epoch bump rewrites them:
	// copy them when a request is sent.
	Sequence   int32
	ProducerID int64
	Epoch      int16
	// Next batch of the same request, or NoBatch.
	Next BatchID

	attempts      int32 // sends that came back with an error
	leaderEpoch   LeaderEpoch
	leaderChanged int32 // attempts when leaderEpoch last grew
	retained      int32 // by the caller
	raw           unit.Bytes
	memory        unit.Bytes // taken from the buffer
	retryAt       sim.Time   // back-off ends; 0 for a batch that was not sent
	state         batchState
	flags         batchFlags

	// Intrusive lists.
	queuePrev, queueNext BatchID // batches of the partition that wait to be sent
	bornPrev, bornNext   BatchID // all batches that have not ended, oldest first
	lingerPrev           BatchID // batches that still linger, oldest first
	lingerNext           BatchID
	flightPrev           BatchID // batches of the partition with a sequence, in its order
	flightNext           BatchID
}

// batchState is where a batch is.
type batchState uint8

const (
	batchFree    batchState = iota
	batchQueued             // in its partition's queue
	batchSent               // in a request in flight
	batchEnded              // BatchDone was said; memory may still be held by a request
	batchRetired            // nothing of the producer holds it; waits for the caller
)

// batchFlags are facts about a batch.
type batchFlags uint16

const (
	batchClosed   batchFlags = 1 << iota // takes no more records
	batchInFlight                        // a request holds it
	batchLingers                         // in the linger list
	batchSequenced
	batchRetried       // was queued again after a send
	batchReset         // its sequence was rewritten by an epoch bump
	batchUnsure        // kgo: may be in a log: must not be given up
	batchUnanswered    // kgo: sent, and no answer yet
	batchReleaseBuffer // ended while a request held it
)
