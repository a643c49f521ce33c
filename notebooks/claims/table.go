package claims

import (
	"fmt"
	"regexp"
	"strings"
)

// notRun stands for the verdict of a claim without a record.
const notRun = "not run"

// Markdown is the table of all claims, one row each with the figures that decided, and
// below it the rule, the reasons, the other figures and the warnings of those that have a
// record. Links are relative to the checkout's root.
func Markdown(records map[string]*Record) string {
	var b strings.Builder
	b.WriteString("| # | claim | paper | measured here | verdict | notebook |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, c := range registry {
		ours, verdict, notebook := "", notRun, ""
		if r := records[c.ID]; r != nil {
			judged, _ := r.judged()
			ours, verdict = strings.Join(judged.lines(), "<br>"), string(r.Verdict)
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
		fmt.Fprintf(&b, "\n**%s, %s.** %s\n\n", r.ID, r.Verdict, r.Statement)
		if r.Rule != "" {
			fmt.Fprintf(&b, "- Rule: %s\n", r.Rule)
		}
		if why := reasons(r.Why); len(why) == 1 {
			fmt.Fprintf(&b, "- Why: %s\n", r.Why)
		} else {
			fmt.Fprintf(&b, "- Why:\n  - %s\n", strings.Join(why, "\n  - "))
		}
		if _, others := r.judged(); len(others) > 0 {
			fmt.Fprintf(&b, "- Beside it: %s\n", strings.Join(others.lines(), "; "))
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
		item("why", reasons(r.Why)...)
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

// judged splits the figures into those that the reason names and the others; without any such, all count as judged.
func (r *Record) judged() (judged, others Figures) {
	for _, f := range r.Ours {
		if strings.Contains(r.Why, f.String()) {
			judged = append(judged, f)
		} else {
			others = append(others, f)
		}
	}
	if len(judged) == 0 {
		return r.Ours, nil
	}
	return judged, others
}

// begins finds where a reason made of several has the next one; those in brackets belong to one.
var begins = regexp.MustCompile(`; (?:holds|mixed|does not hold|not testable)(?:: | \()`)

// reasons splits the reasons of a rule made of rules.
func reasons(why string) []string {
	var list []string
	last := 0
	for _, at := range begins.FindAllStringIndex(why, -1) {
		if head := why[last:at[0]]; strings.Count(head, " (") == strings.Count(head, ")") {
			list, last = append(list, head), at[0]+len("; ")
		}
	}
	return append(list, why[last:])
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
