package mutation

// A mutation is one bug, seeded by hand: in file, old becomes new, and the tests
// that run names in pkg must fail.
type mutation struct {
	bug      string
	file     string
	old, new string
	pkg, run string
	hours    string // of the swarm, where that is what notices
}

const (
	kafkaTests = "./models/kafka"
	batchTests = "./models/batch"
	swarm      = "TestSwarm$"
)

// mutations is the table. What notices a bug is the cheapest of what does: a
// script of the machine, or the swarm by an invariant.
func mutations() []mutation {
	return []mutation{
		{
			bug:  "the high watermark is one too high",
			file: "models/kafka/replication.go",
			old:  "	return max(hw, l.HW)\n",
			new:  "	return max(hw+1, l.HW)\n",
			pkg:  batchTests, run: swarm, hours: "0.2",
		},
		{
			bug:  "the high watermark forgets an ISR member",
			file: "models/kafka/replication.go",
			old:  "if maximal.Has(index) || (eligible",
			new:  "if (index != 2 && maximal.Has(index)) || (eligible",
			pkg:  batchTests, run: swarm, hours: "8",
		},
		{
			bug:  "the high watermark does not stand still below min ISR",
			file: "models/kafka/replication.go",
			old:  "	if l.ISR.Committed.Len() < l.MinISR {\n		return l.HW\n	}\n",
			new:  "",
			pkg:  batchTests, run: swarm, hours: "8",
		},
		{
			bug:  "a pending expansion does not count for the high watermark",
			file: "models/kafka/replication.go",
			old:  "		return s.Committed | s.Pending\n",
			new:  "		return s.Committed\n",
			pkg:  batchTests, run: swarm, hours: "8",
		},
		{
			bug:  "a follower joins the ISR before it has the start of the leader's epoch",
			file: "models/kafka/replication.go",
			old:  " && f.LogEnd >= l.HW && f.LogEnd >= l.EpochStart",
			new:  " && f.LogEnd >= l.HW",
			pkg:  batchTests, run: swarm, hours: "8",
		},
		{
			bug:  "a new leader keeps what it knew of its followers in another epoch",
			file: "models/kafka/replication.go",
			old:  "		l.Followers[i].Reset(now, logEnd, newLeader, state.ISR.Has(ReplicaIndex(i)))\n",
			new:  "		l.Followers[i].Reset(now, logEnd, false, state.ISR.Has(ReplicaIndex(i)))\n",
			pkg:  kafkaTests, run: "TestReplicationScripts|TestCommittedRecordsSurvive",
		},
		{
			bug:  "the lag rule never removes a follower",
			file: "models/kafka/replication.go",
			old:  "			out = out.With(index)\n",
			new:  "			out = out.Without(index)\n",
			pkg:  batchTests, run: "TestISRShrinksByTheLagRule",
		},
		{
			bug:  "an election takes the last of the ISR",
			file: "models/kafka/election.go",
			old:  "		return candidates.First(), CleanElection\n",
			new:  "		return ReplicaIndex(31 - bits.LeadingZeros32(uint32(candidates))), CleanElection\n",
			pkg:  kafkaTests, run: "TestPartitionChangeAsInKafka|TestControllerScripts",
		},
		{
			bug:  "an election takes a replica that is not in the ISR",
			file: "models/kafka/election.go",
			old:  "	candidates &= change.acceptable\n",
			new:  "	candidates = change.acceptable\n",
			pkg:  batchTests, run: swarm, hours: "8",
		},
		{
			bug:  "the ELR is not emptied when the ISR is large enough",
			file: "models/kafka/election.go",
			old:  "		return 0\n	default:\n		return (old.ELR",
			new:  "		return old.ELR &^ change.targetISR\n	default:\n		return (old.ELR",
			pkg:  batchTests, run: swarm, hours: "8",
		},
		{
			bug:  "a diverging follower does not truncate",
			file: "models/batch/fetch.go",
			old:  "			w.truncate(p.replica, cut, p.position)\n",
			new:  "			_ = cut\n			w.delayReplica(now, p.replica)\n			rep.log.epochs.Assign(p.epoch, rep.log.end)\n",
			pkg:  batchTests, run: swarm, hours: "8",
		},
		{
			bug:  "a leader takes a fetch of an older leader epoch",
			file: "models/batch/fetch.go",
			old:  "	case p.epoch < rep.epoch:\n		p.code = fetchFencedEpoch\n		return true\n	case rep.role",
			new:  "	case rep.role",
			pkg:  batchTests, run: "TestFetchOfAnotherEpoch",
		},
		{
			bug:  "a restart within its session is not refused",
			file: "models/kafka/controller_broker.go",
			old:  "	if broker.ContactKnown && !c.expired(broker.LastContact, now) {\n		return RegisterResult{Refused: true}, out\n",
			new:  "	if broker.ContactKnown && c.expired(broker.LastContact, now) && broker.Epoch < 0 {\n		return RegisterResult{Refused: true}, out\n",
			pkg:  kafkaTests, run: "TestControllerScripts",
		},
		{
			bug:  "AlterPartition of an older partition epoch is granted",
			file: "models/kafka/controller_partition.go",
			old:  "	case request.PartitionEpoch < state.PartitionEpoch:\n		return AlterInvalidUpdateVersion\n",
			new:  "",
			pkg:  kafkaTests, run: "TestControllerScripts",
		},
		{
			bug:  "AlterPartition of an older leader epoch is granted",
			file: "models/kafka/controller_partition.go",
			old:  "	case request.LeaderEpoch < state.LeaderEpoch:\n		return AlterFencedLeaderEpoch\n",
			new:  "",
			pkg:  kafkaTests, run: "TestControllerScripts",
		},
		{
			bug:  "a fenced broker may join the ISR",
			file: "models/kafka/controller_partition.go",
			old:  "		if !broker.active() {\n			return false\n		}\n",
			new:  "",
			pkg:  kafkaTests, run: "TestControllerScripts|TestControllerInvariants",
		},
		{
			bug:  "a duplicate batch is appended",
			file: "models/kafka/dedup.go",
			old:  "				return DedupDuplicate, b.firstOffset\n",
			new:  "				return DedupAppend, b.firstOffset\n",
			pkg:  kafkaTests, run: "TestDedupScripts",
		},
		{
			bug:  "acks=all is answered at the append",
			file: "models/batch/produce.go",
			old:  "	if !all || rep.leader.HW >= until {\n",
			new:  "	if until >= 0 {\n",
			pkg:  batchTests, run: swarm, hours: "8",
		},
		{
			bug:  "acks=all is admitted below min ISR",
			file: "models/batch/produce.go",
			old:  "	if all && rep.leader.ISR.Committed.Len() < rep.leader.MinISR {\n",
			new:  "	if all && rep.leader.ISR.Committed.Len() < 1 {\n",
			pkg:  batchTests, run: "TestBelowMinISR",
		},
		{
			bug:  "a starting broker acts as the leader of its last life",
			file: "models/batch/network.go",
			old:  "|| w.closed(m) {\n",
			new:  "{\n",
			pkg:  batchTests, run: swarm, hours: "8",
		},
		{
			bug:  "a consumer commits beyond what it has processed",
			file: "models/batch/autocommit.go",
			old:  "		at := o.done\n",
			new:  "		at := o.taken\n",
			pkg:  batchTests, run: "TestCrashedConsumerSkipsNothing",
		},
		{
			bug:  "a cooperative member keeps what another one has been given",
			file: "models/kafka/member_rebalance.go",
			old:  "		out = append(out, MemberEffect{Kind: RevokePartitions, Partitions: gone})\n",
			new:  "		out = append(out, MemberEffect{Kind: RevokePartitions})\n",
			pkg:  batchTests, run: swarm, hours: "8",
		},
		{
			bug:  "the ledger counts a record twice",
			file: "models/batch/ledger.go",
			old:  "	if b.found > 0 {\n		return\n	}\n",
			new:  "",
			pkg:  batchTests, run: swarm, hours: "0.2",
		},
		{
			bug:  "a message is forgotten",
			file: "models/batch/fetch.go",
			old:  "		w.free(id) // its sender has given it up\n",
			new:  "",
			pkg:  batchTests, run: swarm, hours: "8",
		},
		{
			bug:  "a comparison does not adjust p for the number of rows",
			file: "reports/compare/contrast/judge.go",
			old:  "		tested[i].AdjustedP = number(adjusted)\n",
			new:  "		tested[i].AdjustedP = number(min(adjusted, ps[i]))\n",
			pkg:  "./reports/compare/contrast", run: "TestFalseAlarms",
		},
		{
			bug:  "a gate holds a fall in availability against what is there and not against what is missing",
			file: "reports/compare/contrast/judge.go",
			old:  "			base = 1 - a // what is missing\n",
			new:  "			base = a\n",
			pkg:  "./reports/compare/contrast", run: "TestGate",
		},
		{
			bug:  "results of different seeds are taken for twins",
			file: "reports/compare/contrast/contrast.go",
			old:  "		a.Seed == b.Seed && a.Replications",
			new:  "		a.Replications",
			pkg:  "./reports/compare/contrast", run: "TestTwins",
		},
		{
			bug:  "equal values are ranked as if they were not",
			file: "sim/stats/twosample.go",
			old:  "		for end < len(pooled) && pooled[end] == pooled[first] {\n			end++\n		}\n		for at := first",
			new:  "		end++\n		for at := first",
			pkg:  "./sim/stats", run: "TestMannWhitneyWithTies",
		},
	}
}
