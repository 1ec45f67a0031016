package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kafkasim/reports/compare"
	"kafkasim/reports/plot"
	"kafkasim/reports/render"
	"kafkasim/reports/result"
)

// reportOptions are the flags of `kafkasim report`.
type reportOptions struct {
	html     string // file, or ""
	markdown string // file, "-" for stdout, or ""
	png      string // directory, or ""
	quiet    bool
}

func (s *session) reportCommand() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report RESULT.json",
		Short: "Draw a report again from the JSON that run, measure or verify wrote",
		Long: "Draw a report from the JSON of `kafkasim run`, `measure` or `verify`: everything that a report\n" +
			"shows is in it, so the page is the one that --report wrote. Without a flag the tables are\n" +
			"printed, as after the run.",
		Example: "  kafkasim run leader-crash-acks-1 --json result.json --quiet\n" +
			"  kafkasim report result.json --html report.html --png figures\n" +
			"  kafkasim report result.json --markdown - >> review.md",
		Args: arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return s.drawReport(args[0], &o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.html, "html", "", "write one HTML page with figures to `FILE`")
	flags.StringVar(&o.markdown, "markdown", "", "write Markdown to `FILE`, or to stdout if that is -")
	flags.StringVar(&o.png, "png", "", "write the figures as PNG into `DIR`")
	flags.BoolVar(&o.quiet, "quiet", false, "no words, only errors, on stderr")
	return cmd
}

// A reportable is what a report can be drawn of: a result or a verification.
type reportable struct {
	html, markdown func(io.Writer) error
	terminal       func(io.Writer, render.TerminalOptions) error
	figures        []figureFolder
}

// figureFolder are figures that stand in one directory.
type figureFolder struct {
	name    string // below the one that was asked for; "" for itself
	figures []*plot.Figure
}

// drawReport reads a file and draws it in every form that was asked for.
func (s *session) drawReport(name string, o *reportOptions) error {
	text, err := s.readResult(name)
	if err != nil {
		return err
	}
	r, err := readReportable(text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	page := pageFlag{path: o.html}
	if o.html == "-" {
		return usage(errors.New("--html -: a page goes to a file; name it"))
	}
	if err := page.claim(s); err != nil {
		return err
	}
	unwritten := page.write(s, o.quiet, r.html)
	if o.markdown != "" && o.markdown != "-" {
		unwritten = errors.Join(unwritten, s.writeMarkdown(o, r))
	}
	if o.png != "" {
		unwritten = errors.Join(unwritten, s.writePNG(o, r))
	}
	return errors.Join(unwritten, s.printReport(o, r))
}

func (s *session) writeMarkdown(o *reportOptions, r *reportable) error {
	if err := s.write(o.markdown, r.markdown); err != nil {
		return err
	}
	if !o.quiet {
		s.say("report: %s", o.markdown)
	}
	return nil
}

// writePNG writes the figures, those of each scenario of a verification into a
// directory of its own.
func (s *session) writePNG(o *reportOptions, r *reportable) error {
	for _, folder := range r.figures {
		dir := filepath.Join(o.png, fileName(folder.name))
		if err := directory(dir); err != nil {
			return err
		}
		if err := s.writeFigures(dir, folder.figures, png); err != nil {
			return err
		}
		if !o.quiet {
			s.say("figures: %d in %s", len(folder.figures), dir)
		}
	}
	return nil
}

// printReport prints what goes to stdout: Markdown, or the tables where nothing was
// asked for.
func (s *session) printReport(o *reportOptions, r *reportable) error {
	var text bytes.Buffer
	switch {
	case o.markdown == "-":
		if err := r.markdown(&text); err != nil {
			return err
		}
	case o.html == "" && o.markdown == "" && o.png == "":
		if err := r.terminal(&text, render.TerminalOptions{Width: s.width(), Colour: s.coloured()}); err != nil {
			return err
		}
	}
	_, err := s.stdout.Write(text.Bytes())
	return err
}

// maxResult is how much of a file is read, in bytes: a verification of all
// scenarios takes a few per cent of it.
const maxResult = 1 << 30

// readResult reads a file, or stdin for "-".
func (s *session) readResult(name string) ([]byte, error) {
	from := s.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("cannot read the result: %w", err)
		}
		defer func() { _ = f.Close() }() // it was only read
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxResult))
	if err != nil {
		return nil, fmt.Errorf("cannot read the result: %w", err)
	}
	return text, nil
}

// readReportable reads the JSON of a result, or that of a verification, which has
// scenarios.
func readReportable(text []byte) (*reportable, error) {
	var kind struct {
		Scenarios json.RawMessage `json:"scenarios"`
	}
	if err := json.Unmarshal(text, &kind); err == nil && kind.Scenarios != nil {
		v, err := compare.Read(bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		return reportVerification(v), nil
	}
	set, err := result.Read(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return &reportable{
		html:     htmlOf(set),
		markdown: func(w io.Writer) error { return render.Markdown(w, set) },
		terminal: func(w io.Writer, o render.TerminalOptions) error { return render.Terminal(w, set, o) },
		figures:  []figureFolder{{figures: render.ReportFigures(set)}},
	}, nil
}

func reportVerification(v *compare.Verification) *reportable {
	r := &reportable{
		html:     func(w io.Writer) error { return render.VerificationHTML(w, v) },
		markdown: func(w io.Writer) error { return render.VerificationMarkdown(w, v) },
		terminal: func(w io.Writer, o render.TerminalOptions) error { return render.Verification(w, v, o) },
	}
	for i := range v.Scenarios {
		r.figures = append(r.figures, figureFolder{v.Scenarios[i].Name, plot.Scenario(&v.Scenarios[i])})
	}
	return r
}
