package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kafkasim/scenarios"
)

// listed is one embedded scenario in `kafkasim list --json`.
type listed struct {
	Name        string `json:"name"`
	Folder      string `json:"folder"`
	Question    string `json:"question"`
	Description string `json:"description"`
}

func (s *session) listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the embedded scenarios by the question that they answer",
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			all, err := embeddedScenarios()
			if err != nil {
				return err
			}
			if asJSON {
				return s.printJSON(all)
			}
			_, err = s.stdout.Write(listText(all, s.width()))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// embeddedScenarios lists them by the question that they answer, then by folder and
// name.
func embeddedScenarios() ([]listed, error) {
	var all []listed
	for _, e := range scenarios.Embedded() {
		spec, problems := scenarios.Parse(e.Name, e.Source, nil)
		if len(problems) > 0 {
			return nil, fmt.Errorf("embedded scenario %s: %s", e.Name, problems[0].Message)
		}
		all = append(all, listed{e.Name, e.Folder, e.Question, spec.Description})
	}
	questions := scenarios.Questions()
	slices.SortStableFunc(all, func(a, b listed) int {
		return cmp.Compare(slices.Index(questions, a.Question), slices.Index(questions, b.Question))
	})
	return all, nil
}

// listText sets the scenarios out under their questions, each with the first
// sentence of its description.
func listText(all []listed, width int) []byte {
	var out bytes.Buffer
	names := 0
	for _, l := range all {
		names = max(names, len(l.Name))
	}
	question := ""
	for _, l := range all {
		if l.Question != question {
			if question != "" {
				out.WriteString("\n")
			}
			question = l.Question
			fmt.Fprintf(&out, "%s\n", question)
		}
		hang(&out, fmt.Sprintf("  %-*s  ", names, l.Name), firstSentence(l.Description), width)
	}
	return out.Bytes()
}

// firstSentence is the text up to the first full stop that ends a sentence.
func firstSentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if i := strings.Index(text, ". "); i >= 0 {
		return text[:i+1]
	}
	return text
}

// hang writes text after head, broken at spaces so that no line is wider than
// width where words allow it, with all further lines indented below the first.
// A text column narrower than 20 is not worth it and stands on its own lines.
func hang(out *bytes.Buffer, head, text string, width int) {
	indent := len([]rune(head))
	if width-indent < 20 {
		out.WriteString(strings.TrimRight(head, " ") + "\n")
		head, indent = "    ", 4
	}
	out.WriteString(head)
	column := indent
	for i, word := range strings.Fields(text) {
		length := len([]rune(word))
		switch {
		case i == 0:
		case column+1+length > width:
			out.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += length
	}
	out.WriteByte('\n')
}
