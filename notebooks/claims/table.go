package claims

import (
	"fmt"
	"slices"
	"strings"
)

// notRun stands for the verdict of a claim without a record.
const notRun = "not run"

// Markdown is the verdicts that changed with their rule; the table of all claims, one row each for
// every model that it was judged on, with the figures that decided; and below it the rule, the
// reasons, the other figures and the warnings of those that have a record. Links are relative to
// the checkout's root.
func Markdown(records map[string][]*Record, history []Former) string {
	var b strings.Builder
	b.WriteString(changes(records, history))
	b.WriteString("| # | claim | paper | judged on | measured here | verdict | notebook |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, c := range registry {
		source := strings.Join(append([]string{c.Evidence}, c.lines()...), "<br>")
		if len(records[c.ID]) == 0 {
			fmt.Fprintf(&b, "| %s | %s | %s |  |  | **%s** |  |\n", c.ID, cell(c.Statement), cell(source), notRun)
		}
		id, statement := c.ID, c.Statement
		for _, r := range records[c.ID] {
			judged, _ := r.judged()
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | **%s** | %s |\n", id, cell(statement), cell(source), cell(r.Model),
				cell(strings.Join(judged.lines(), "<br>")), r.Verdict, cell(fmt.Sprintf("[%s](%s)", r.Notebook, r.Notebook)))
			id, statement, source = "", "", "" // said once
		}
	}
	fmt.Fprintf(&b, "\n%s.\n", summary(records))
	for _, c := range registry {
		for _, r := range records[c.ID] {
			b.WriteString(r.section())
		}
	}
	return b.String()
}

// section is all that a record says, in Markdown.
func (r *Record) section() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n**%s, %s, %s.** %s\n\n", r.ID, r.Model, r.Verdict, r.Statement)
	if r.Rule != nil {
		fmt.Fprintf(&b, "- Rule: %s\n", r.Rule.Text())
	}
	if r.Seen != "" {
		fmt.Fprintf(&b, "- Seen before the rule was fixed: %s\n", r.Seen)
	}
	if why := r.reasons(); len(why) == 1 {
		fmt.Fprintf(&b, "- Why: %s\n", why[0])
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
	return b.String()
}

// changes is the table of verdicts that a new rule changed, empty if there are none. What the
// verdict is now is read from the records.
func changes(records map[string][]*Record, history []Former) string {
	var b strings.Builder
	for _, f := range history {
		i := slices.IndexFunc(records[f.ID], func(r *Record) bool { return r.Model == f.Model })
		if i < 0 || records[f.ID][i].Verdict == f.Verdict {
			continue
		}
		if b.Len() == 0 {
			b.WriteString("Verdicts that changed when their rule, how intervals decide or the texts that are asked did:\n\n| # | judged on | old verdict | new verdict | why it was replaced | until |\n| --- | --- | --- | --- | --- | --- |\n")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | **%s** | %s | %s |\n", f.ID, cell(f.Model), f.Verdict, records[f.ID][i].Verdict, cell(f.Reason), f.Until)
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

// Text is the same for a terminal, one block a record.
func Text(records map[string][]*Record) string {
	var b strings.Builder
	item := func(name string, lines ...string) {
		for _, line := range lines {
			fmt.Fprintf(&b, "     %-8s %s\n", name, line)
			name = ""
		}
	}
	for _, c := range registry {
		list := records[c.ID]
		if len(list) == 0 {
			fmt.Fprintf(&b, "%-4s [%s] %s\n", c.ID, notRun, c.Statement)
			item("paper", append([]string{c.Evidence}, c.lines()...)...)
		}
		for i, r := range list {
			fmt.Fprintf(&b, "%-4s [%s] %s (%s)\n", c.ID, r.Verdict, c.Statement, r.Model)
			if i == 0 {
				item("paper", append([]string{c.Evidence}, c.lines()...)...)
			}
			item("ours", r.Ours.lines()...)
			item("why", r.reasons()...)
			if r.Rule != nil {
				item("rule", r.Rule.Text())
			}
			if r.Seen != "" {
				item("seen", r.Seen)
			}
			if r.Command != "" {
				item("test", r.Command)
			}
			item("warning", r.Warnings...)
		}
	}
	fmt.Fprintf(&b, "%s.\n", summary(records))
	return b.String()
}

// summary counts the verdicts.
func summary(records map[string][]*Record) string {
	count, total := map[string]int{}, 0
	for _, c := range registry {
		for _, r := range records[c.ID] {
			count[string(r.Verdict)]++
			total++
		}
		if len(records[c.ID]) == 0 {
			count[notRun]++
		}
	}
	var list []string
	for _, v := range append(slices.Clone(verdicts), notRun) {
		if count[string(v)] > 0 {
			list = append(list, fmt.Sprintf("%s: %d", v, count[string(v)]))
		}
	}
	return fmt.Sprintf("%d claims, %d records; %s", len(registry), total, strings.Join(list, ", "))
}

// judged splits the figures into those that the rule reads and the others; without any such, all
// count as judged.
func (r *Record) judged() (judged, others Figures) {
	var names []string
	if r.Rule != nil {
		names = r.Rule.names()
	}
	for _, f := range r.Ours {
		if slices.Contains(names, f.Name) {
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

// reasons lists those of a rule made of rules, one each, those that belong to one of them indented
// in brackets.
func (r *Record) reasons() []string {
	if r.Rule != nil {
		if o, err := r.Rule.outcome(r.Ours); err == nil && len(o.parts) > 0 {
			var list []string
			for _, p := range o.parts {
				list = append(list, outcome{parts: []outcome{p}}.why())
			}
			return list
		}
	}
	return []string{r.Why}
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
