package render_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"kafkasim/reports/compare"
	"kafkasim/reports/render"
	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
)

// told is crash with what a report tells of its scenario, and with time lines.
func told(t *testing.T) *result.Set {
	t.Helper()
	set := crash(t)
	set.About = result.About{
		Description: "A leader dies at peak & comes back.",
		Text:        "# A leader dies.\nscenario: leader-crash-acks-1\nduration: 40 s # <not long>\n",
		Overrides:   []string{"seed=7"}, Duration: 40 * time.Second, Warmup: 5 * time.Second,
		Faults: []result.Fault{{At: 15 * time.Second, Until: 30 * time.Second, Words: "broker crash: leader of events-0"}},
	}
	set.Grid = result.Grid{Step: 10 * time.Second, Count: 5}
	for _, name := range []string{"lag.records{group=viewing-history}", "leaderless", "leaders{broker=1}", "network.in{broker=1}", "records.acked"} {
		set.Series = append(set.Series, result.SeriesSummary{
			Name: name, Mean: []float64{1, 2, 3, 4, math.NaN()}, Min: []float64{0, 1, 2, 3, math.NaN()}, Max: []float64{2, 3, 4, 5, math.NaN()},
		})
	}
	return set
}

func page(t *testing.T, set *result.Set) string {
	t.Helper()
	var b bytes.Buffer
	if err := render.HTML(&b, set); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdownGolden(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := render.Markdown(&b, told(t)); err != nil {
		t.Fatal(err)
	}
	golden(t, "crash.md", b.String())
}

// TestPageGolden shows a page without its figures' drawings and without its style:
// what is said, in which order.
func TestPageGolden(t *testing.T) {
	t.Parallel()
	text := page(t, told(t))
	text = regexp.MustCompile(`(?s)<style>.*</style>`).ReplaceAllString(text, "<style/>")
	text = regexp.MustCompile(`(?s)<svg viewBox="[^"]*"([^>]*)>.*?</svg>`).ReplaceAllString(text, "<svg$1/>")
	golden(t, "crash.html", text)
}

// TestPageStandsAlone: it opens offline, without a script, and has what design and
// law of colour ask for.
func TestPageStandsAlone(t *testing.T) {
	t.Parallel()
	text := page(t, told(t))
	for _, bad := range []string{"<script", "<link", "src=", "@import", "url(", "NaN", "%!"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, m := range regexp.MustCompile(`https?://[^"\s<]+`).FindAllString(text, -1) {
		if m != "http://www.w3.org/2000/svg" && m != "http://www.w3.org/1999/xlink" { // names, which nobody fetches
			t.Errorf("the page names %s", m)
		}
	}
	for _, want := range []string{
		"prefers-color-scheme:dark", "@media print", "max-width:640px", "<title>at 20 s\n",
		"acknowledged 3/s (2 … 4)", "broker crash: leader of events-0 ends at 30 s", "bound 5,000", "objective 50 ms",
		"&lt;not long&gt;", "peak &amp; comes", "var(--ink)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q", want)
		}
	}
}

// TestReportIsDrawnAgainFromItsFile: everything that a page shows is in the JSON.
func TestReportIsDrawnAgainFromItsFile(t *testing.T) {
	t.Parallel()
	set := told(t)
	var file bytes.Buffer
	if err := set.WriteJSON(&file); err != nil {
		t.Fatal(err)
	}
	again, err := result.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if page(t, again) != page(t, set) {
		t.Error("the page of the file is another")
	}
	v := verified(t)
	var verification bytes.Buffer
	if err := v.WriteJSON(&verification); err != nil {
		t.Fatal(err)
	}
	read, err := compare.Read(&verification)
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := errors.Join(render.VerificationHTML(&first, v), render.VerificationHTML(&second, read)); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("the page of the verification's file is another")
	}
}

// TestVerificationPage: every scenario has its verdict and its figures, predicted and
// measured over each other.
func TestVerificationPage(t *testing.T) {
	t.Parallel()
	v := verified(t)
	var b, md bytes.Buffer
	if err := errors.Join(render.VerificationHTML(&b, v), render.VerificationMarkdown(&md, v)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<li class="bad"><b class="word">fail</b>`, `href="#scenario-2"`, `id="figure-overview"`, `id="figure-produce.latency"`,
		"95 % interval for one repetition", "measured, pooled", "the load generator was 412 ms late", "Kafka 4.3.1", "more figures</summary>",
	} {
		if !strings.Contains(strings.ReplaceAll(b.String(), "\u00a0", " "), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	golden(t, "verification.md", md.String())
}

// TestNothingInAReportIsCode: what a file says is shown and not obeyed.
func TestNothingInAReportIsCode(t *testing.T) {
	t.Parallel()
	set := told(t)
	evil := `<img src=x onerror=alert(1)>"'|` + "`" + `</pre>**`
	set.Scenario, set.About.Description, set.About.Text, set.About.Overrides = evil, evil, evil+"\n```\n</pre><script>", []string{evil}
	set.Warnings, set.Plane, set.Version = []string{evil}, evil, evil
	set.Objectives[0].Expression, set.Objectives[0].Words = evil, evil
	set.About.Faults[0].Words = evil
	set.Series = append(set.Series, result.SeriesSummary{Name: "lag.time{group=" + evil + "}", Mean: make([]float64, 5), Min: make([]float64, 5), Max: make([]float64, 5)})
	text := page(t, set)
	if strings.Contains(text, "<img") || strings.Contains(text, "<script") || strings.Count(text, "</pre>") != 1 {
		t.Error("a file's text is part of the page's code")
	}
	set.Objectives = nil // in Markdown its expression is code, which shows what stands there
	var md bytes.Buffer
	if err := render.Markdown(&md, set); err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(md.String(), "\n````yaml\n")
	if !found || strings.Contains(before, "<img") || !strings.Contains(after, "<img") || !strings.HasSuffix(after, "\n````\n") {
		t.Errorf("a file's text is part of the Markdown:\n%s", md.String())
	}
}

func TestReportsTellWriteErrors(t *testing.T) {
	t.Parallel()
	set, v := calm(t), verified(t)
	for name, write := range map[string]func(io.Writer) error{
		"HTML":                     func(w io.Writer) error { return render.HTML(w, set) },
		"Markdown":                 func(w io.Writer) error { return render.Markdown(w, set) },
		"HTML of verification":     func(w io.Writer) error { return render.VerificationHTML(w, v) },
		"Markdown of verification": func(w io.Writer) error { return render.VerificationMarkdown(w, v) },
	} {
		if err := write(fullDisk{}); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReportOfNothing: a result without metrics, as an interrupted run may leave it,
// and one of an earlier version have a page.
func TestReportOfNothing(t *testing.T) {
	t.Parallel()
	for _, set := range []*result.Set{{Header: resulttest.Header(), Partial: true}, calm(t)} {
		if text := page(t, set); !strings.Contains(text, "Partial:") || !strings.Contains(text, "no objectives") {
			t.Errorf("the page of %s says:\n%s", set.Scenario, text)
		}
	}
}
