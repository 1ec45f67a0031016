package scenarios

// A Setting is one entry of a map whose keys somebody else chose: Kafka's
// dotted names in config:, a client's own names in client_options:, or an inline
// hardware profile. Value is the text as written, without quotes. Positions
// count from 1. Where the n-th override gave the entry its lines are -n.
type Setting struct {
	Name, Value            string
	Line, Column           int // of the name
	ValueLine, ValueColumn int // of the value
}
