package render

import (
	_ "embed"
	"fmt"
	"html"
	"io"
	"strings"

	"kafkasim/reports/compare"
	"kafkasim/reports/plot"
	"kafkasim/reports/result"
)

//go:embed report.css
var stylesheet string

// HTML writes the report of a result as one page that needs nothing else: no
// script, no font and no file of another's. Equal results give equal bytes. The
// only errors are those of w.
func HTML(w io.Writer, set *result.Set) error { return report(set).html(w) }

// VerificationHTML writes that of a verification, predicted and measured over each
// other.
func VerificationHTML(w io.Writer, v *compare.Verification) error {
	return verificationReport(v).html(w)
}

// An htmlWriter writes a page.
type htmlWriter struct{ strings.Builder }

// f writes format with its arguments made harmless.
func (h *htmlWriter) f(format string, args ...any) {
	for i, a := range args {
		if text, is := a.(string); is {
			words := strings.Join(phrases(clean(text), "\u00a0"), " ")
			args[i] = html.EscapeString(strings.ReplaceAll(words, " … ", "\u00a0…\u00a0"))
		}
	}
	h.WriteString(fmt.Sprintf(format, args...))
}

func (d *document) html(w io.Writer) error {
	h := &htmlWriter{}
	h.f("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
	h.f("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n")
	h.f("<title>%s · kafkasim</title>\n<style>\n", d.title)
	h.WriteString(colours() + stylesheet)
	h.f("</style>\n</head>\n<body>\n<header>\n<h1>%s</h1>\n", d.title)
	h.f("<p class=\"parts\">")
	for i, part := range d.parts {
		if i > 0 {
			h.f(" · ")
		}
		h.f("<span>%s</span>", part)
	}
	h.f("</p>\n")
	if d.lead != "" {
		h.f("<p class=\"lead\">%s</p>\n", d.lead)
	}
	h.f("<nav>")
	for i := range d.sections {
		h.f("<a href=\"#%s\">%s</a> ", d.sections[i].id, d.sections[i].title)
	}
	h.f("</nav>\n</header>\n<main>\n")
	for i := range d.sections {
		d.sections[i].html(h, 2)
	}
	h.f("</main>\n</body>\n</html>\n")
	if _, err := io.WriteString(w, h.String()); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// colours are those of figures, in the style sheet's words.
func colours() string {
	var light, dark strings.Builder
	for _, v := range plot.Variables() {
		fmt.Fprintf(&light, "--%s:%s;", v.Name, v.Light)
		fmt.Fprintf(&dark, "--%s:%s;", v.Name, v.Dark)
	}
	return ":root{" + light.String() + "}\n@media screen and (prefers-color-scheme:dark){:root{" + dark.String() + "}}\n"
}

func (s *section) html(h *htmlWriter, level int) {
	h.f("<section id=\"%s\">\n<h%d>%s</h%d>\n", s.id, level, s.title, level)
	for i := range s.blocks {
		s.blocks[i].html(h, level)
	}
	h.f("</section>\n")
}

func (k *block) html(h *htmlWriter, level int) {
	switch {
	case k.text != nil:
		h.f("<p class=\"%s\">", k.text.style.class())
		if k.text.lead != "" {
			h.f("<b>%s</b> ", k.text.lead)
		}
		h.f("%s</p>\n", k.text.words)
	case k.table != nil:
		k.table.html(h)
	case len(k.verdicts) > 0:
		verdictsHTML(h, k.verdicts)
	case len(k.losses) > 0:
		for i := range k.losses {
			k.losses[i].html(h, level+1)
		}
	case len(k.figures) > 0:
		figuresHTML(h, k.figures, k.uneven)
	case k.source != "":
		h.f("<pre>")
		h.WriteString(html.EscapeString(lines(k.source)))
		h.f("</pre>\n")
	case len(k.folded) > 0:
		for i := range k.folded {
			s := &k.folded[i]
			h.f("<details>\n<summary>%s</summary>\n", s.title)
			for i := range s.blocks {
				s.blocks[i].html(h, level+1)
			}
			h.f("</details>\n")
		}
	}
}

// class is a style's class in the style sheet.
func (s style) class() string {
	switch s {
	case bold:
		return "bold"
	case faint:
		return "faint"
	case good:
		return "good"
	case bad:
		return "bad"
	case unsure:
		return "unsure"
	case normal:
	}
	return "normal"
}

func verdictsHTML(h *htmlWriter, verdicts []verdict) {
	h.f("<ul class=\"verdicts\">\n")
	for _, v := range verdicts {
		h.f("<li class=\"%s\"><b class=\"word\">%s</b><div>", v.style.class(), v.word)
		if v.link != "" {
			h.f("<a href=\"#%s\"><code>%s</code></a>", v.link, v.subject)
		} else {
			h.f("<code>%s</code>", v.subject)
		}
		if v.evidence != "" {
			h.f("<p>%s</p>", v.evidence)
		}
		h.f("</div></li>\n")
	}
	h.f("</ul>\n")
}

func (l *loss) html(h *htmlWriter, level int) {
	h.f("<article class=\"loss\">\n<h%d><code>%s</code></h%d>\n<dl>", level, l.name, level)
	for _, f := range l.figures {
		if f.value != "" {
			h.f("<div><dt>%s</dt><dd>%s</dd></div>", f.name, f.value)
		}
	}
	h.f("</dl>\n<p>%s</p>\n<p><b>What would keep them:</b> %s</p>\n</article>\n", l.why, l.cure)
}

func (t *table) html(h *htmlWriter) {
	h.f("<table>\n<thead><tr><th>%s</th>", t.title)
	for _, head := range t.heads {
		h.f("<th>%s</th>", head.text)
	}
	h.f("</tr></thead>\n<tbody>\n")
	for _, r := range t.rows {
		h.f("<tr class=\"%s\"><th", r.style.class())
		if r.indent > 0 {
			h.f(" class=\"indent\"")
		}
		h.f(">%s</th>", r.name)
		for i, f := range r.figures {
			h.f("<td data-of=\"%s\">%s</td>", t.heads[i].text, f)
		}
		h.f("</tr>\n")
	}
	h.f("</tbody>\n</table>\n")
}

// figuresHTML sets figures side by side where there is room: in lines, or uneven ones
// in columns.
func figuresHTML(h *htmlWriter, figures []*plot.Figure, uneven bool) {
	class := "figures"
	if uneven {
		class = "uneven"
	}
	h.f("<div class=\"%s\">\n", class)
	for _, f := range figures {
		h.f("<figure id=\"%s\">\n<figcaption><b>%s</b>", "figure-"+f.Name, f.Title)
		if f.Note != "" {
			h.f(" <span>%s</span>", f.Note)
		}
		h.f("</figcaption>\n")
		if err := f.WriteInline(h); err != nil {
			panic(fmt.Sprintf("render: drawing into memory: %v", err))
		}
		h.f("</figure>\n")
	}
	h.f("</div>\n")
}
