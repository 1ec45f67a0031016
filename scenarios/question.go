package scenarios

import (
	"bytes"
	"strings"
)

// questionMark begins the first line of an embedded scenario and is followed by
// the question that it answers, one of Questions.
const questionMark = "# Question: "

// realKafkaQuestion is the question of all of verify, whatever a file there asks of
// Kafka.
const realKafkaQuestion = "Was the model right? (real Kafka)"

// Questions are what the embedded scenarios answer, in the order in which they are
// listed.
func Questions() []string {
	return []string{
		"What does a good day look like?",
		"What is lost when a broker dies or falls silent?",
		"How long do writes stall?",
		"What do shutdowns and restarts cost?",
		"How far do consumers lag, and what is processed twice?",
		"What is lost though no broker fails?",
		"What does a publish buffer or a partitioner buy?",
		realKafkaQuestion,
	}
}

// questionOf is the question that a scenario file answers: its folder's, or that of
// its first line, or none.
func questionOf(folder string, source []byte) string {
	if folder == "verify" {
		return realKafkaQuestion
	}
	first, _, _ := bytes.Cut(source, []byte("\n"))
	question, found := strings.CutPrefix(string(first), questionMark)
	if !found {
		return ""
	}
	return strings.TrimSpace(question)
}
