// Kafkasim predicts what an Apache Kafka cluster loses, how long it stalls and
// how far its consumers lag, from a scenario file. `kafkasim help` lists what
// it can do.
package main

import (
	"context"
	"io"
	"os"

	"kafkasim/harness/measure"
	"kafkasim/models"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program: it carries out args and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return program{
		simulate: models.Simulate, measure: measureKafka, measurable: measure.Check, healthy: measureHealthy, getenv: os.Getenv,
	}.run(ctx, args, stdin, stdout, stderr)
}
