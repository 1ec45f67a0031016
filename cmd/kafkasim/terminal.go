package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// plainWidth is the width of tables that no terminal shows, so that the same
// command writes the same text everywhere.
const plainWidth = 100

// terminal reports whether w is one, and how many columns it has.
func terminal(w io.Writer) (columns int, is bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		columns = plainWidth
	}
	return columns, true
}

// width is how many columns the result may take: COLUMNS where that is given,
// else the terminal's, else plainWidth.
func (s *session) width() int {
	if columns, err := strconv.Atoi(s.getenv("COLUMNS")); err == nil && columns > 0 {
		return columns
	}
	if columns, is := terminal(s.stdout.to); is {
		return columns
	}
	return plainWidth
}

// coloured reports whether the result may have colour (https://no-color.org).
func (s *session) coloured() bool {
	_, is := terminal(s.stdout.to)
	return is && s.getenv("NO_COLOR") == "" && s.getenv("TERM") != "dumb"
}

// progress shows on stderr how far a run is.
type progress struct {
	update func(done, total int)
	end    func() // after the last update, finished or not
}

// silence is progress that nobody sees.
func silence() progress {
	return progress{update: func(int, int) {}, end: func() {}}
}

// bar is progress as a bar, for a terminal; it goes away at the end.
func bar(w io.Writer, name string, total int) progress {
	container := mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	shown := container.New(int64(total), mpb.BarStyle(), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(name+" ")),
		mpb.AppendDecorators(decor.CountersNoUnit("%d of %d replications")))
	return progress{
		update: func(done, total int) {
			shown.SetTotal(int64(total), false)
			shown.SetCurrent(int64(done))
		},
		end: func() {
			shown.Abort(true)
			container.Wait()
		},
	}
}

// lineEvery is the time between two lines of progress where there is no terminal.
const lineEvery = 10 * time.Second

// lines is progress as plain lines, few enough for a log.
func (s *session) lines(name string, total int) progress {
	begun := time.Now()
	last := begun
	done := 0
	return progress{
		update: func(d, t int) {
			done, total = d, t
			if now := time.Now(); now.Sub(last) >= lineEvery {
				last = now
				s.say("%s: %s so far", name, replications(done, total))
			}
		},
		end: func() {
			if done == 0 {
				return // the error says why
			}
			s.say("%s: %s in %.1f s", name, replications(done, total), time.Since(begun).Seconds())
		},
	}
}

// replications says how many of how many.
func replications(done, total int) string {
	if total == 1 {
		return fmt.Sprintf("%d of 1 replication", done)
	}
	return fmt.Sprintf("%d of %d replications", done, total)
}
