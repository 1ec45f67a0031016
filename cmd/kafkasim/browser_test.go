package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kafkasim/models"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
)

// browser is Debian's chromium. Without it the test is skipped, or fails where
// KAFKASIM_REQUIRE_CHROMIUM=1 says that it must be there.
func browser(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("KAFKASIM_REQUIRE_CHROMIUM") == "1" {
			t.Fatal("chromium is not installed, so no page can be looked at")
		}
		t.Skip("chromium is not installed, so no page can be looked at")
	}
	return path
}

// look is what a browser's eye finds in a page: it is added to a copy of the page,
// which stands in a frame, for no window of chromium is narrower than 500. Its
// findings are read from the page around the frame.
const look = `<script>
const found = [];
const name = e => e.tagName + (e.id ? "#" + e.id : "") + " " + JSON.stringify((e.textContent || "").trim().slice(0, 60));
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > width) found.push("the page is " + document.documentElement.scrollWidth + " wide, its window " + width);
for (const e of document.querySelectorAll("details")) e.open = true;
for (const e of document.querySelectorAll("body *:not(svg *):not(script)")) {
  const box = e.getBoundingClientRect();
  if (box.width === 0) continue;
  if (box.right > width + 1 || box.left < -1) found.push(name(e) + " reaches from " + box.left + " to " + box.right + " in a window of " + width);
  if (e.tagName !== "svg" && getComputedStyle(e).display !== "inline" && e.scrollWidth > e.clientWidth + 1) found.push(name(e) + " needs " + e.scrollWidth + " and has " + e.clientWidth);
}
let texts = 0;
for (const svg of document.querySelectorAll("svg")) {
  const paper = svg.getBoundingClientRect();
  if (paper.width === 0) found.push("a figure without a width");
  for (const e of svg.querySelectorAll("text")) {
    const box = e.getBoundingClientRect();
    texts++;
    if (box.left < paper.left - 1 || box.right > paper.right + 1 || box.top < paper.top - 1 || box.bottom > paper.bottom + 1) found.push("in a figure, " + name(e) + " leaves the paper");
  }
}
parent.document.getElementById("found").textContent = JSON.stringify({width: width, figures: document.querySelectorAll("svg").length, texts: texts, spots: document.querySelectorAll(".spots title").length, found: found.slice(0, 20)});
</script>
`

// A sight is what look found.
type sight struct {
	Width, Figures, Texts, Spots int
	Found                        []string
}

// seen shows a page in a window of a width, and returns what is wrong with it.
func seen(t *testing.T, chromium, page string, width int) sight {
	t.Helper()
	text := content(t, page)
	if strings.Contains(text, "<script") {
		t.Errorf("%s has a script", page)
	}
	path := filepath.Join(t.TempDir(), "page.html")
	around := fmt.Sprintf("<!DOCTYPE html><meta charset=\"utf-8\"><pre id=\"found\"></pre><iframe style=\"width:%dpx;height:1000px;border:0\" srcdoc=\"%s\"></iframe>",
		width, html.EscapeString(strings.Replace(text, "</body>", look+"</body>", 1)))
	if err := os.WriteFile(path, []byte(around), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr",
		"--user-data-dir="+t.TempDir(), "--window-size=1400,1100", "--dump-dom", "file://"+path)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, stderr.String())
	}
	for line := range strings.Lines(stderr.String()) {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("%s, %d wide: the console says: %s", page, width, line)
		}
	}
	_, after, there := strings.Cut(stdout.String(), `<pre id="found">`)
	told, _, _ := strings.Cut(after, "</pre>")
	var s sight
	if err := json.Unmarshal([]byte(html.UnescapeString(told)), &s); err != nil || !there {
		t.Fatalf("the page tells nothing: %v\n%s", err, told)
	}
	return s
}

// likeKafka is a program whose real Kafka is the model with other random numbers.
func likeKafka() program {
	p := fakeProgram()
	p.simulate = models.Simulate
	p.measure = func(ctx context.Context, spec *scenarios.Spec, o kafkaOptions) (*result.Set, error) {
		own := *spec
		own.Replications, own.Seed = o.repetitions, o.seed
		set, err := models.Simulate(ctx, &own, models.Options{Plane: "auto", Workers: 1, Version: version})
		set.Origin, set.Plane, set.Fingerprints = result.Measured, "kafka", nil
		return set, err
	}
	p.getenv = func(string) string { return "" }
	return p
}

// crowded is a scenario with long names, several groups, many faults of which some
// find nobody, and objectives of every verdict.
const crowded = `scenario: a-scenario-with-a-name-that-is-much-longer-than-anybody-would-like-to-read-on-a-telephone
description: Everything breaks, one after the other, and several times.
duration: 30 s
drain: 20 s
warmup: 2 s
replications: 3
cluster: {brokers: 5, racks: 3, controllers: 1, hardware: container}
topics:
  - {name: events-of-the-european-playback-service-in-its-second-version, partitions: 10, replication_factor: 3}
  - {name: audit, partitions: 2, replication_factor: 1}
producers:
  - {name: playback, topic: events-of-the-european-playback-service-in-its-second-version, rate: 300/s, record_size: 1 KiB, client: franz-go, config: {acks: 1}}
  - {name: audit, topic: audit, rate: 20/s, record_size: 1 KiB, client: franz-go, config: {acks: 0}}
consumers:
  - {group: viewing-history-of-everybody-who-ever-watched-anything, topics: [events-of-the-european-playback-service-in-its-second-version], members: 2, client: franz-go, processing: {time: 0.5 ms, distribution: fixed}}
  - {group: search, topics: [events-of-the-european-playback-service-in-its-second-version, audit], members: 2, client: franz-go, processing: {time: 0.5 ms, distribution: fixed}}
faults:
  - {at: 5 s, kind: broker_crash, target: leader of audit-0, duration: 5 s}
  - {at: 6 s, kind: broker_crash, target: leader of audit-0, duration: 5 s}
  - {at: 7 s, kind: machine_loss, target: broker 2, duration: 4 s}
  - {at: 8 s, kind: consumer_crash, target: member 1 of search}
  - {at: 14 s, kind: broker_pause, target: random, duration: 12 s}
  - {at: 29 s, kind: controller_crash, target: active controller, duration: 1 s}
objectives:
  - records.lost.acked == 0
  - durability.acked.nines >= 12
  - p99(produce.latency) < 1 ms
  - max(produce.latency) < 5 min
  - max(lag.drain{group=viewing-history-of-everybody-who-ever-watched-anything}) < 1 ms
`

// TestPagesInABrowser shows every kind of page to a browser, on a desktop and on a
// telephone: nothing is written to the console, nothing reaches out of the window or
// out of what it stands in, and no text of a figure leaves its paper.
func TestPagesInABrowser(t *testing.T) {
	chromium := browser(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "crowded.yaml")
	if err := os.WriteFile(path, []byte(crowded), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		figures int // at least
		args    []string
	}{
		{"loss", 15, []string{"run", "leader-pause-15s", "--replications", "3"}},
		{"one", 10, []string{"run", "healthy-baseline", "--replications", "1"}},
		{"crowded", 15, []string{"run", path}},
		{"measured", 10, []string{"measure", "consumer-crash-eager", "--repetitions", "2"}},
		{"verified", 20, []string{"verify", "leader-crash-acks-1", "leader-kill-acks-1-2000", "--replications", "40", "--repetitions", "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			page := filepath.Join(dir, c.name+".html")
			var stdout, stderr strings.Builder
			code := likeKafka().run(t.Context(), append(c.args, "--report", page, "--quiet"), strings.NewReader(""), &stdout, &stderr)
			if code == exitBroken || code == exitUsage || code == exitInvalid {
				t.Fatalf("exit code %d: %s", code, stderr.String())
			}
			keepPage(t, page)
			for _, width := range []int{400, 1280} {
				s := seen(t, chromium, page, width)
				if s.Width != width || s.Figures < c.figures || s.Texts < 10*s.Figures || s.Spots < 10 {
					t.Errorf("a window of %d shows %d figures with %d texts and %d values to point at, %d wide", width, s.Figures, s.Texts, s.Spots, s.Width)
				}
				for _, wrong := range s.Found {
					t.Errorf("%d wide: %s", width, wrong)
				}
			}
		})
	}
}

// keepPage leaves a page in $PAGES for a person to look at.
func keepPage(t *testing.T, page string) {
	t.Helper()
	if dir := os.Getenv("PAGES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(page)), []byte(content(t, page)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheEyeSeesWhatIsWrong: a page with a script that fails, a word that is too
// long, and a text outside of its figure are found out.
func TestTheEyeSeesWhatIsWrong(t *testing.T) {
	chromium := browser(t)
	page := filepath.Join(t.TempDir(), "bad.html")
	bad := `<!DOCTYPE html><meta name="viewport" content="width=device-width"><body><p style="white-space:nowrap">` + strings.Repeat("wide ", 200) +
		`</p><svg viewBox="0 0 100 20" width="100"><text x="90" y="10">outside</text></svg></body>`
	if err := os.WriteFile(page, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(seen(t, chromium, page, 400).Found, "\n")
	for _, want := range []string{`the page is \d+ wide, its window 400`, `P "wide .* needs`, `"outside" leaves the paper`} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("nobody saw %s in:\n%s", want, text)
		}
	}
}
