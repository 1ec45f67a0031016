package batch

import "kafkasim/sim"

// Event kinds. The comment names the entity and the argument.
const (
	evArrive          sim.Kind = iota + 1 // node; message
	evProcess                             // node; message: the CPU work of a request or response is done
	evReset                               // node; message: the connection it was sent on is gone
	evRecord                              // producer instance: the next record arrives
	evProducerWake                        // producer instance; wake generation
	evConnect                             // producer instance; broker: a connection attempt ends
	evFetcher                             // fetcher; fetchersBegin, or 0: send a fetch if it can
	evFetcherTimeout                      // fetcher: the parked request's wait may be over
	evFetcherSocket                       // fetcher; session: the request's socket timeout
	evReplicaRetry                        // replica; incarnation: its fetch back-off is over
	evProduceTimeout                      // broker: the oldest waiting produce request may have timed out
	evISRCheck                            // broker; incarnation
	evCheckpoint                          // broker; incarnation: the high watermark checkpoint
	evAlterSend                           // broker; incarnation: send pending AlterPartition
	evRegister                            // broker; incarnation: try to register
	evHeartbeat                           // broker; incarnation: send a heartbeat
	evControlTimeout                      // broker; request number: no answer from the controller
	evBoot                                // broker; incarnation: the next slice of its start's work
	evReady                               // broker; incarnation: logs are loaded
	evMetaCommit                          // controller; flush number
	evMetaApply                           // broker; commit and topic
	evStaleCheck                          // controller; term
	evPreferred                           // controller; term
	evUnclean                             // controller; term
	evQuorum                              // controller: a quorum timer
	evRetention                           // broker; incarnation
	evMemberWake                          // member; generation
	evMemberStart                         // member
	evFetchWait                           // consumer source: a parked consumer fetch's wait may be over
	evSourceRetry                         // consumer source
	evPollDone                            // member; poll generation
	evGroupTimer                          // group
	evCommitDue                           // member
	evMemberMetadata                      // member: its metadata is due
	evRequestTimeout                      // member; request
	evFault                               // fault: it begins
	evHeal                                // fault: it ends
	evRolling                             // fault: the next step of a rolling restart
	evTick                                // sampling
	evStop                                // producers stop
	evEnd                                 // the drain time is over
	evStopping                            // broker; incarnation: SIGTERM has reached its lifecycle manager
	evSettled                             // broker; incarnation: it may ask to be unfenced
	evReturn                              // broker: its last process has ended, and the next one may start
	evExit                                // broker: a stopping process closes its sockets
	evReceive                             // broker; message: a request that has come is taken from its socket
	evRead                                // broker; message: all of a large request has come
	evWork                                // broker; message: a request that has been read goes to an I/O thread
	evRespond                             // broker; message: a response goes to the network thread that sends it
	evFetcherReset                        // fetcher; session: the leader's process closed the connection
	evClientReset                         // client node; broker and incarnation: the process closed the connection
	evMetaCatchUp                         // broker; incarnation: apply all metadata that it missed
	evControlLost                         // broker; message: no controller answers at that address
	evGroupSilent                         // member; request sequence: no answer from the coordinator
	evFindRetry                           // member; number
	evGroupLoad                           // group; number
	evCommitSilent                        // member; ticket
	evCommitRetry                         // member; number
	evOffsetsRetry                        // member
	evMetadataTimeout                     // client node; number
	evConfigApply                         // topic; min.insync.replicas: leaders take over its settings
	evProducerStart                       // producer instance
)
