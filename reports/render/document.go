package render

import (
	"strings"

	"kafkasim/reports/plot"
)

// A document is a report before it has a form: HTML and Markdown say the same.
type document struct {
	title    string
	parts    []string // what was run
	lead     string   // in a sentence, what it is about
	sections []section
}

// A section is a heading and what stands below it.
type section struct {
	id, title string
	blocks    []block
}

// A block is one thing below a heading. One of its fields is set.
type block struct {
	text     *text
	table    *table
	verdicts []verdict
	losses   []loss
	figures  []*plot.Figure
	uneven   bool      // the figures are of very different heights
	source   string    // a scenario's text, as it stands
	folded   []section // that a reader opens if he wants to
}

// text is a paragraph.
type text struct {
	lead  string // before it, in the style
	style style
	words string
}

// A verdict is what became of one objective, or of one scenario of a verification.
type verdict struct {
	word     string
	style    style
	subject  string
	evidence string
	link     string // id of the section that tells more; or ""
}

// A loss is an end of records that nobody wanted.
type loss struct {
	name    string
	figures []figure
	why     string
	cure    string
}

// A figure is a number with its name.
type figure struct{ name, value string }

func paragraph(words string) block { return block{text: &text{words: words}} }

func marked(lead string, s style, words string) block {
	return block{text: &text{lead: lead, style: s, words: words}}
}

// add appends a section unless nothing stands below its heading.
func (d *document) add(s section) {
	s.blocks = nonEmpty(s.blocks)
	if len(s.blocks) > 0 {
		d.sections = append(d.sections, s)
	}
}

// nonEmpty leaves out blocks without content.
func nonEmpty(blocks []block) []block {
	var out []block
	for _, b := range blocks {
		switch {
		case b.table != nil && len(b.table.rows) == 0:
		case b.text != nil && b.text.words == "" && b.text.lead == "":
		case b.text == nil && b.table == nil && b.source == "" && len(b.verdicts)+len(b.losses)+len(b.figures)+len(b.folded) == 0:
		default:
			out = append(out, b)
		}
	}
	return out
}

// zerosBlock lists what is 0 everywhere.
func zerosBlock(names []string) block {
	if len(names) == 0 {
		return block{}
	}
	return marked(zeroLead, faint, strings.Join(names, ", "))
}
