package render

import (
	"fmt"
	"io"
	"strings"

	"kafkasim/reports/compare"
	"kafkasim/reports/result"
)

// Markdown writes the report of a result as GitHub's Markdown, without pictures.
// The only errors are those of w.
func Markdown(w io.Writer, set *result.Set) error { return report(set).markdown(w) }

// VerificationMarkdown writes that of a verification.
func VerificationMarkdown(w io.Writer, v *compare.Verification) error {
	return verificationReport(v).markdown(w)
}

func (d *document) markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# " + plain(d.title) + "\n\n")
	for i, part := range d.parts {
		d.parts[i] = plain(part)
	}
	b.WriteString(strings.Join(d.parts, " · ") + "\n")
	if d.lead != "" {
		b.WriteString("\n" + plain(d.lead) + "\n")
	}
	for i := range d.sections {
		d.sections[i].markdown(&b, "## ")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing Markdown: %w", err)
	}
	return nil
}

func (s *section) markdown(b *strings.Builder, heading string) {
	var body strings.Builder
	for i := range s.blocks {
		s.blocks[i].markdown(&body, heading)
	}
	if strings.TrimSpace(body.String()) == "" {
		return // pictures only
	}
	b.WriteString("\n" + heading + plain(s.title) + "\n" + body.String())
}

func (k *block) markdown(b *strings.Builder, heading string) {
	switch {
	case k.text != nil:
		lead := plain(k.text.lead)
		if trimmed := strings.TrimSpace(lead); trimmed != "" {
			lead = "**" + trimmed + "** "
		}
		b.WriteString("\n" + lead + plain(k.text.words) + "\n")
	case k.table != nil:
		k.table.markdown(b)
	case len(k.verdicts) > 0:
		b.WriteString("\n| verdict | of | what it rests on |\n|---|---|---|\n")
		for _, v := range k.verdicts {
			fmt.Fprintf(b, "| **%s** | %s | %s |\n", plain(v.word), code(v.subject), plain(v.evidence))
		}
	case len(k.losses) > 0:
		for _, l := range k.losses {
			b.WriteString("\n- " + code(l.name) + ": ")
			var parts []string
			for _, f := range l.figures {
				if f.value != "" {
					parts = append(parts, f.name+" "+f.value)
				}
			}
			b.WriteString(plain(strings.Join(parts, "; ")) + ". " + plain(l.why) + " " + plain(l.cure) + "\n")
		}
	case k.source != "":
		fence := strings.Repeat("`", max(3, longestTicks(k.source)+1))
		b.WriteString("\n" + fence + "yaml\n" + strings.TrimRight(lines(k.source), "\n") + "\n" + fence + "\n")
	case len(k.folded) > 0:
		for i := range k.folded {
			k.folded[i].markdown(b, "#"+heading)
		}
	}
}

func (t *table) markdown(b *strings.Builder) {
	if len(t.rows) == 0 {
		return
	}
	b.WriteString("\n| " + plain(t.title) + " |")
	for _, h := range t.heads {
		b.WriteString(" " + plain(h.text) + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(t.heads)) + "\n")
	for _, r := range t.rows {
		b.WriteString("| " + strings.Repeat("&nbsp;", r.indent) + plain(r.name) + " |")
		for _, f := range r.figures {
			b.WriteString(" " + plain(f) + " |")
		}
		b.WriteString("\n")
	}
}

// plain makes text that Markdown shows as it is.
func plain(text string) string {
	return strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "\n", " ",
	).Replace(clean(text))
}

// code writes text as code, also in a table.
func code(text string) string {
	fence := strings.Repeat("`", longestTicks(text)+1)
	return fence + strings.ReplaceAll(clean(text), "|", `\|`) + fence
}

// longestTicks is the length of the longest run of backticks.
func longestTicks(text string) int {
	longest, n := 0, 0
	for _, r := range text {
		if r != '`' {
			n = 0
			continue
		}
		n++
		longest = max(longest, n)
	}
	return longest
}

// lines makes a text of several lines harmless: what is not printable becomes a
// question mark, a tab two spaces.
func lines(text string) string {
	all := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\t", "  "), "\n")
	for i := range all {
		all[i] = clean(all[i])
	}
	return strings.Join(all, "\n")
}
