package kafka

import (
	"strconv"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

// The arguments of script commands, for the tests within the package and those
// outside. What cannot be read ends the test.

// values are those of an argument, as in m=(0,1) or m=0; none if it is not given.
func values(d *datadriven.TestData, key string) []string {
	for _, arg := range d.CmdArgs {
		if arg.Key == key {
			return arg.Vals
		}
	}
	return nil
}

// WordArg is an argument of one word, or otherwise if it is not given.
func WordArg(d *datadriven.TestData, key, otherwise string) string {
	if words := values(d, key); len(words) > 0 {
		return words[0]
	}
	return otherwise
}

// NumbersArg is an argument of one number or several, or otherwise if it is not
// given; without an otherwise it must be.
func NumbersArg(t *testing.T, d *datadriven.TestData, key string, otherwise ...int) []int {
	t.Helper()
	words := values(d, key)
	if len(words) == 0 {
		if len(otherwise) == 0 {
			d.Fatalf(t, "%s is missing", key)
		}
		return otherwise
	}
	numbers := make([]int, len(words))
	for i, word := range words {
		numbers[i] = number(t, word)
	}
	return numbers
}

// NumberArg is an argument of one number, or otherwise if it is not given.
func NumberArg(t *testing.T, d *datadriven.TestData, key string, otherwise int) int {
	t.Helper()
	return NumbersArg(t, d, key, otherwise)[0]
}

// DurationArg is a duration, or otherwise if it is not given.
func DurationArg(t *testing.T, d *datadriven.TestData, key string, otherwise time.Duration) time.Duration {
	t.Helper()
	if text := WordArg(d, key, ""); text != "" {
		return duration(t, text)
	}
	return otherwise
}

// brokersArg is an argument such as broker=(1,3) or broker=1; nobody if it is not
// given.
func brokersArg(t *testing.T, d *datadriven.TestData, key string) []BrokerID {
	t.Helper()
	var ids []BrokerID
	for _, word := range values(d, key) {
		ids = append(ids, BrokerID(number(t, word)))
	}
	return ids
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
