package claims

import (
	"fmt"
	"strings"
)

// notRun stands for the verdict of a claim without a record.
const notRun = "not run"

// Markdown is the table of all claims, one row each, and below it the rule, the
// reason and the warnings of those that have a record. Links are relative to the
// checkout's root.
func Markdown(records map[string]*Record) string {
	var b strings.Builder
	b.WriteString("| # | claim | paper | measured here | verdict | notebook |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, c := range registry {
		ours, verdict, notebook := "", notRun, ""
		if r := records[c.ID]; r != nil {
			ours, verdict = strings.Join(r.Ours.lines(), "<br>"), string(r.Verdict)
			notebook = fmt.Sprintf("[%s](%s)", r.Notebook, r.Notebook)
		}
		paper := strings.Join(append([]string{c.Evidence}, c.lines()...), "<br>")
		fmt.Fprintf(&b, "| %s | %s | %s | %s | **%s** | %s |\n", c.ID, cell(c.Statement), cell(paper), cell(ours), verdict, cell(notebook))
	}
	fmt.Fprintf(&b, "\n%s.\n", summary(records))
	for _, c := range registry {
		r := records[c.ID]
		if r == nil {
			continue
		}
		fmt.Fprintf(&b, "\n**%s, %s.** %s\n", r.ID, r.Verdict, r.Why)
		if r.Rule != "" {
			fmt.Fprintf(&b, "\n- Rule: %s\n", r.Rule)
		} else {
			b.WriteString("\n")
		}
		if r.Command != "" {
			fmt.Fprintf(&b, "- Test it: `%s`\n", r.Command)
		}
		for _, w := range r.Warnings {
			fmt.Fprintf(&b, "- Warning: %s\n", w)
		}
	}
	return b.String()
}

// Text is the same for a terminal, one block a claim.
func Text(records map[string]*Record) string {
	var b strings.Builder
	item := func(name string, lines ...string) {
		for _, line := range lines {
			fmt.Fprintf(&b, "     %-8s %s\n", name, line)
			name = ""
		}
	}
	for _, c := range registry {
		r := records[c.ID]
		verdict := notRun
		if r != nil {
			verdict = string(r.Verdict)
		}
		fmt.Fprintf(&b, "%-4s [%s] %s\n", c.ID, verdict, c.Statement)
		item("paper", append([]string{c.Evidence}, c.lines()...)...)
		if r == nil {
			continue
		}
		item("ours", r.Ours.lines()...)
		item("why", r.Why)
		if r.Rule != "" {
			item("rule", r.Rule)
		}
		if r.Command != "" {
			item("test", r.Command)
		}
		item("warning", r.Warnings...)
	}
	fmt.Fprintf(&b, "%s.\n", summary(records))
	return b.String()
}

// summary counts the verdicts.
func summary(records map[string]*Record) string {
	count := map[string]int{}
	for _, c := range registry {
		if r := records[c.ID]; r != nil {
			count[string(r.Verdict)]++
		} else {
			count[notRun]++
		}
	}
	var parts []string
	for _, v := range []string{string(Holds), string(Mixed), string(DoesNotHold), string(NotTestable), notRun} {
		if count[v] > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", v, count[v]))
		}
	}
	return fmt.Sprintf("%d claims; %s", len(registry), strings.Join(parts, ", "))
}

// lines lists the figures, one each.
func (fs Figures) lines() []string {
	var lines []string
	for _, f := range fs {
		lines = append(lines, f.String())
	}
	return lines
}

// lines lists the paper's numbers, one each.
func (c Claim) lines() []string {
	var lines []string
	for _, p := range c.Figures {
		about := ""
		if p.About {
			about = "≈ "
		}
		lines = append(lines, fmt.Sprintf("%s: %s%s", p.Name, about, quantity(p.Value, p.Unit)))
	}
	return lines
}

// cell makes text safe inside a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}
