package render_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"kafkasim/reports/compare/contrast"
	"kafkasim/reports/render"
	"kafkasim/reports/result"
	"kafkasim/reports/result/resulttest"
)

// pairOf is twenty replications of a leader that falls silent, with acks=1 and with
// acks=all, as they might come out.
func pairOf(t *testing.T) (a, b *result.Set) {
	t.Helper()
	side := func(all bool) *result.Set {
		var runs []*resulttest.Run
		for i := range 20 {
			wave := float64(i * 7 % 20) // the same for both
			lost, slow, stall := 3000+10*wave, 5.2, 15+0.001*wave
			if all {
				lost, slow, stall = 0, 6.1+0.01*wave, stall+0.1
			}
			r := resulttest.NewRun().Count("acked", 36_000).Count("delivered", 36_000-lost).Count("lost.acked", lost).
				Count("truncated", lost).Count("duplicated.consumed", float64(i%3)*100).
				Value("produce.stall", stall).Value("leaderless.time", 0).
				Value("loss.bound.acked", lost*2).
				Ratio("produce.availability", 95-slow+0.02*wave, 100).
				Value("elections.clean", 1).Value("lag.drain", float64((i*13+int(lost))%7)).
				Distribution("produce.latency", int64(slow*1e6), int64(slow*1e6), int64(1e9*stall)).
				Distribution("network.in", int64(4e5+1e3*wave+3e4*slow)).
				Distribution("leader.failover")
			runs = append(runs, r)
		}
		h := resulttest.Header()
		h.Scenario = "leader-pause-15s"
		if all {
			h.SpecSHA256 = "00" + h.SpecSHA256[2:]
		}
		return resulttest.Set(t, h, runs...)
	}
	return side(false), side(true)
}

func contrasted(t *testing.T, a, b *result.Set, o contrast.Options) *contrast.Comparison {
	t.Helper()
	o.Alpha, o.Version = 0.05, "0.1.0"
	c, err := contrast.Compare(contrast.Input{Set: a}, contrast.Input{Set: b, Changes: []string{"producers.playback.config.acks=all"}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func contrastText(t *testing.T, c *contrast.Comparison, options render.TerminalOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := render.Contrast(&b, c, options); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestContrastGoldens(t *testing.T) {
	t.Parallel()
	a, b := pairOf(t)
	c := contrasted(t, a, b, contrast.Options{Gate: true, Percent: 1})
	for _, width := range []int{40, 80, 120} {
		golden(t, fmt.Sprintf("contrast-%d.txt", width), contrastText(t, c, render.TerminalOptions{Width: width}))
	}
	coloured := contrastText(t, c, render.TerminalOptions{Width: 80, Colour: true})
	golden(t, "contrast-colour-80.txt", coloured)
	plain := coloured
	for _, code := range []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"} {
		plain = strings.ReplaceAll(plain, code, "")
	}
	if plain != contrastText(t, c, render.TerminalOptions{Width: 80}) {
		t.Error("without its colours the comparison is another")
	}
	b.Seed, b.Plane, b.Partial = 2, "flow", true
	golden(t, "contrast-unpaired-80.txt", contrastText(t, contrasted(t, a, b, contrast.Options{}), render.TerminalOptions{Width: 80}))
	var markdown bytes.Buffer
	if err := render.ContrastMarkdown(&markdown, c); err != nil {
		t.Fatal(err)
	}
	golden(t, "contrast.md", markdown.String())
}

func TestNoLineOfAContrastIsLongerThanTheWidth(t *testing.T) {
	t.Parallel()
	a, b := pairOf(t)
	c := contrasted(t, a, b, contrast.Options{Gate: true})
	c.A.Scenario = strings.Repeat("a-very-long-name", 20)
	c.B.Changes = []string{strings.Repeat("x", 300) + "=1"}
	c.Warnings = append(c.Warnings, strings.Repeat("y", 300)+strings.Repeat(" word", 100))
	c.Rows[len(c.Rows)-1].Metric += "{group=" + strings.Repeat("g", 249) + "}"
	for width := 40; width <= 200; width++ {
		for i, line := range strings.Split(contrastText(t, c, render.TerminalOptions{Width: width}), "\n") {
			if n := utf8.RuneCountInString(line); n > width {
				t.Fatalf("width %d, line %d has %d columns: %s", width, i+1, n, line)
			}
		}
	}
}

// TestMarkdownIsNoMarkup: names may hold what Markdown or a terminal would act upon.
func TestMarkdownIsNoMarkup(t *testing.T) {
	t.Parallel()
	a, b := pairOf(t)
	c := contrasted(t, a, b, contrast.Options{})
	c.A.Scenario = "a|b <script> *c* \x1b[2J"
	var markdown bytes.Buffer
	if err := render.ContrastMarkdown(&markdown, c); err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(markdown.String(), "\n"); !strings.Contains(first, `a\|b &lt;script> \*c\* ?\[2J`) {
		t.Errorf("the name came through as %s", first)
	}
	if strings.Contains(contrastText(t, c, render.TerminalOptions{}), "\x1b") {
		t.Error("control characters came through to the terminal")
	}
}
