package scenarios

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSettingsAreKeptAsWrittenAndStayOutOfTheHash(t *testing.T) {
	t.Parallel()
	const plain = `scenario: settings
duration: 1 s
cluster: {brokers: 1}
topics: [{name: events, partitions: 1, replication_factor: 1}]
`
	const withDefaults = `scenario: settings
duration: 1 s
cluster: {brokers: 1, config: {broker.session.timeout.ms: "9000", log.flush.interval.messages: 9223372036854775807}}
topics: [{name: events, partitions: 1, replication_factor: 1, config: {min.insync.replicas: 1}}]
`
	without, problems := Parse("settings.yaml", []byte(plain), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	with, problems := Parse("settings.yaml", []byte(withDefaults), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	positions := cmpopts.IgnoreFields(Setting{}, "Line", "Column", "ValueLine", "ValueColumn")
	want := []Setting{{Name: "broker.session.timeout.ms", Value: "9000"}, {Name: "log.flush.interval.messages", Value: "9223372036854775807"}}
	if diff := cmp.Diff(want, with.Clusters[0].Settings, positions); diff != "" {
		t.Errorf("the cluster's settings (-want +got):\n%s", diff)
	}
	want = []Setting{{Name: "min.insync.replicas", Value: "1"}}
	if diff := cmp.Diff(want, with.Topics[0].Settings, positions); diff != "" {
		t.Errorf("the topic's settings (-want +got):\n%s", diff)
	}
	if with.SHA256 != without.SHA256 {
		t.Error("settings that mean what is the default change the hash of the scenario")
	}
}
