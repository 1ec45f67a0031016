package result_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
)

// sample is a set with something of everything.
func sample(t *testing.T) *result.Set {
	t.Helper()
	h := resulttest.Header()
	h.Seed = math.MaxUint64
	h.Grid = result.Grid{Step: 250 * time.Millisecond, Count: 2}
	h.About = result.About{
		Description: "A leader dies.", Text: "scenario: leader-crash-acks-1\nduration: 40 s\n", Overrides: []string{"seed=7"},
		Duration: 40 * time.Second, Warmup: 5 * time.Second,
		Faults: []result.Fault{
			{At: 15 * time.Second, Until: 30 * time.Second, Words: "broker crash: leader of events-0"},
			{At: 20 * time.Second, Until: result.NotHealed, Words: "disk loss: broker 2"},
		},
	}
	run := func(lost float64) *resulttest.Run {
		return resulttest.NewRun().
			Count("acked", 1000).Count("delivered", 1000-lost).Count("lost.acked", lost).
			Value("loss.bound.acked", 50).
			Value("lag.drain", math.NaN()).
			Ratio("produce.availability", 2, 3).
			Distribution("produce.latency", 1500000, 2500000).
			Series("lag.records{group=g}", 3, math.NaN()).
			Warn("fault 1 (broker_crash of \"leader of t-0\") was skipped: <none>")
	}
	s := resulttest.Set(t, h, run(0), run(7))
	s.Partial = true
	s.Objectives = []result.ObjectiveResult{
		{
			Expression: "durability.acked.nines >= 5", Metric: "durability.acked.nines", Limit: 5, Verdict: result.Fail, Observed: 2.4559,
			CI95: result.Interval{Low: 1.5, High: math.NaN()}, Unit: "nines",
		},
		{Expression: "P(lag.time > 5 min) < 1 %", Metric: "lag.time", Limit: math.NaN(), Observed: math.NaN(), CI95: result.NoInterval(), Words: "no replication had anything to observe"},
	}
	return s
}

func written(t *testing.T, s *result.Set) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestJSONGolden(t *testing.T) {
	t.Parallel()
	got := written(t, sample(t))
	const path = "testdata/result.json"
	if os.Getenv("GOLDEN") == "update" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the JSON differs from %s (GOLDEN=update rewrites it):\n%s", path, got)
	}
}

func TestJSONIsReadBackAndWrittenAlike(t *testing.T) {
	t.Parallel()
	first := written(t, sample(t))
	s, err := result.Read(strings.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if second := written(t, s); second != first {
		t.Errorf("read and written again:\n%s\nwas:\n%s", second, first)
	}
	m := metricOf(t, s, "produce.latency")
	if e := s.Greatest(m); e.Value != 0.0025 || e.Replications != 2 {
		t.Errorf("greatest latency of a set read back: %+v", e)
	}
	if e := s.Quantile(m, 0.99); e.Replications != 2 || e.CI95.Known() {
		t.Errorf("listed quantile of a set read back: %+v", e)
	}
	if e := s.Quantile(m, 0.123); e.Replications != 0 {
		t.Errorf("a quantile that the file does not list: %+v", e)
	}
	if s.About.Faults[1].Until != result.NotHealed || s.Objectives[0].Limit != 5 || !math.IsNaN(s.Objectives[1].Limit) {
		t.Errorf("read back as %+v, %+v", s.About, s.Objectives)
	}
	if h := m.Histogram; h == nil || h.Edges[0] != 0.0015 {
		t.Errorf("the histogram is read back as %+v", h)
	}
	empty, err := result.Read(strings.NewReader(written(t, &result.Set{Header: resulttest.Header()})))
	if err != nil || len(empty.Metrics) != 0 {
		t.Errorf("an empty set reads back as %+v, %v", empty, err)
	}
}

func TestEqualRunsGiveEqualBytes(t *testing.T) {
	t.Parallel()
	first := written(t, sample(t))
	for range 5 {
		if again := written(t, sample(t)); again != first {
			t.Fatalf("differs:\n%s\n%s", again, first)
		}
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	whole := written(t, sample(t))
	for _, c := range []struct{ name, from, to, want string }{
		{"nothing", whole, "", "not a result file: it is empty"},
		{"half a file", whole, whole[:len(whole)/2], "not a result file: it ends too early"},
		{"other text", whole, "records: 5", "not a result file: invalid character"},
		{"other JSON", whole, `{"a": 1}`, "version or metrics is missing"},
		{"a list", whole, `[]`, "not a result file"},
		{"two files", whole, whole + whole, "something follows after its end"},
		{"an origin", `"simulated"`, `"guessed"`, `origin is "guessed"`},
		{"a kind", `"kind": "ratio"`, `"kind": "rato"`, `the kind is "rato"`},
		{"a verdict", `"verdict": "fail"`, `"verdict": "maybe"`, `the verdict is "maybe"`},
		{"too few samples", `"value": [1000, 993]`, `"value": [1000]`, "records.delivered: samples.value has 1 values for 2 replications"},
		{"a number that is none", `"value": [1000, 993]`, `"value": [1000, "x"]`, `"x" is not a number`},
		{"an interval upside down", `"ci95": [50, 50]`, `"ci95": [60, 50]`, "loss.bound.acked: ci95 ends below where it begins: 60, 50"},
		{"a quantile", `"0.9999":`, `"1.9999":`, `the quantile "1.9999" is not a number from 0 to 1`},
		{"a fingerprint", `"00000000feed0000"`, `"feed!"`, `"feed!" is not a number of 16 hexadecimal digits`},
		{"no grid", `"grid"`, `"mesh"`, "the grid is missing"},
		{"a grid of another size", `"count": 2`, `"count": 3`, "lag.records{group=g} has 2, 2 and 2 values on a grid of 3"},
		{"a duration", `"duration": 40`, `"duration": -40`, "about: the duration or the warmup is no time"},
		{"a fault upside down", `"until": 30`, `"until": 3`, "about: fault 1 begins at 15 and ends at 3"},
		{"edges in disorder", `"edges": [0.0015, `, `"edges": [0.5, `, "produce.latency: the histogram has"},
		{"an unknown count", `"records.phantom": {` + "\n      \"mean\"", `"records.fantom": {` + "\n      \"mean\"", "ledger: records.fantom is not one of its counts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			broken := strings.Replace(whole, c.from, c.to, 1)
			if broken == whole {
				t.Fatalf("the file has no %q", c.from)
			}
			_, err := result.Read(strings.NewReader(broken))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %q", err, c.want)
			}
		})
	}
}

// A fullDisk takes nothing.
type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorsAreTold(t *testing.T) {
	t.Parallel()
	if err := sample(t).WriteJSON(fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("error = %v, want %v", err, errFull)
	}
}
