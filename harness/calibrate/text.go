package calibrate

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteText writes what the calibration found for a person: the parameters before
// and after, how certain they are, how near the profile comes to each figure that
// was measured, and what to be careful about.
func (p *Profile) WriteText(w io.Writer) error {
	var out bytes.Buffer
	rows := [][]string{{"parameter", "before", "after", "95 % interval"}}
	for i := range p.Parameters {
		q := &p.Parameters[i]
		how := string(q.Source)
		switch {
		case q.Source == ReadOff:
			how = fmt.Sprintf("read %d times", q.Readings)
		case !q.Identified:
			how = "not identified"
		}
		rows = append(rows, []string{
			q.Name, quantity(q.Name, q.Before), quantity(q.Name, q.After),
			quantity(q.Name, q.After/q.Factor()) + " … " + quantity(q.Name, q.After*q.Factor()), how,
		})
	}
	table(&out, rows)
	out.WriteByte('\n')
	table(&out, p.residuals())
	for _, warning := range p.Warnings {
		fmt.Fprintf(&out, "\nwarning: %s\n", warning)
	}
	_, err := w.Write(out.Bytes())
	return err
}

// residuals are what was measured and how far off the profile is, an operating
// point a row.
func (p *Profile) residuals() [][]string {
	kinds := statistics()
	head := []string{"measured, simulated more"}
	for _, k := range kinds {
		head = append(head, k, "")
	}
	rows := [][]string{head}
	for i := 0; i < len(p.Points); {
		first := &p.Points[i]
		row := []string{first.Metric}
		for _, k := range kinds {
			if i < len(p.Points) && p.Points[i].Metric == first.Metric && p.Points[i].Scenario == first.Scenario && p.Points[i].Statistic == k {
				row = append(row, p.Points[i].text(p.Points[i].Measured), fmt.Sprintf("%+.0f %%", 100*p.Points[i].Residual()))
				i++
			} else {
				row = append(row, "–", "")
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// table sets rows out in columns, the first to the left and the others to the
// right.
func table(out *bytes.Buffer, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString(cell + gap)
			} else {
				line.WriteString("  " + gap + cell)
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
