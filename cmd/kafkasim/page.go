package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"kafkasim/reports/plot"
	"kafkasim/reports/render"
	"kafkasim/reports/result"
)

// A pageFlag is --report of a subcommand and the file that it names.
type pageFlag struct {
	path string
	file *file // claimed before anything runs; nil without the flag
}

func (p *pageFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.path, "report", "", "write a report with figures as one HTML page to `FILE`")
}

// check refuses one page for several scenarios, and one in the place of the JSON.
func (p *pageFlag) check(scenarioCount int, json string) error {
	switch {
	case p.path == "":
	case scenarioCount > 1:
		return usage(errors.New("--report shows one scenario; run them one at a time"))
	case filepath.Clean(p.path) == filepath.Clean(json):
		return usage(fmt.Errorf("--report and --json both name %s", json))
	}
	return nil
}

// claim begins the file, because nobody wants to hear after a long run that it
// cannot be written.
func (p *pageFlag) claim(s *session) (err error) {
	switch p.path {
	case "":
		return nil
	case "-":
		return usage(errors.New("--report -: a page goes to a file; name it"))
	}
	p.file, err = s.files.create(p.path)
	return err
}

// write writes the page and says where it is.
func (p *pageFlag) write(s *session, quiet bool, page func(io.Writer) error) error {
	if p.file == nil {
		return nil
	}
	var text bytes.Buffer
	if err := page(&text); err != nil {
		return fmt.Errorf("draw the report: %w", err)
	}
	if err := p.file.commit(text.Bytes()); err != nil {
		return err
	}
	if !quiet {
		s.say("report: %s", p.path)
	}
	return nil
}

// htmlOf draws a result's page.
func htmlOf(set *result.Set) func(io.Writer) error {
	return func(w io.Writer) error { return render.HTML(w, set) }
}

// Forms of a figure.
type figureForms uint8

const (
	svg figureForms = 1 << iota
	png
)

// writeFigures writes each figure into a directory that exists.
func (s *session) writeFigures(dir string, figures []*plot.Figure, forms figureForms) error {
	for _, figure := range figures {
		path := filepath.Join(dir, fileName(figure.Name))
		if forms&svg != 0 {
			if err := s.write(path+".svg", figure.WriteSVG); err != nil {
				return err
			}
		}
		if forms&png != 0 {
			if err := s.write(path+".png", figure.WritePNG); err != nil {
				return err
			}
		}
	}
	return nil
}
