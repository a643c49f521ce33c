// Package branches draws and judges if–else heads: heads that attend to a pattern where it is there
// and to token 1 where it is not (claim C4 of Barbero et al., arXiv 2504.02732). Package find
// searches and measures them; nothing here loads a model.
package branches

import (
	"fmt"
	"strings"

	"firsttoken/notebooks/branches/find"
	"firsttoken/sinks/stats"
)

// percent writes a share and its interval.
func percent(e stats.Estimate) string { return e.Scale(100).PlusMinus("%.0f") + " %" }

// Table lists the heads that were found, as they are on texts that the search has not seen.
func Table(f find.Findings) string {
	text := "| head | trigger X | moved, searched | moved, unseen | queries | sink without X | sink with X | X | same place without X | write with / without |\n" + strings.Repeat("| --- ", 10) + "|\n"
	escape := strings.NewReplacer("|", `\|`, "`", "'", "\n", "⏎").Replace
	for i, h := range f.Held {
		x, searched := h.Found, "–"
		if i < len(f.Held)-1 {
			searched = fmt.Sprintf("%.0f %%", 100*f.Best[i].Response.Score())
		}
		text += fmt.Sprintf("| layer %d, head %d | `%s` %s | %s | %s | %d | %s | %s | %s | %s | %.1f |\n", x.Layer+1, x.Head+1, escape(x.Trigger.Class.Name), x.Trigger.Place(),
			searched, percent(h.Moved), x.Response.Present, percent(h.SinkAbsent), percent(h.SinkPresent), percent(h.Trigger), percent(h.Baseline), h.Write.Value)
	}
	return text + "\nThe last row is the best head for an apostrophe just before. 95 % intervals over the unseen texts that have the trigger, which are also those of the columns without X.\n"
}
