// Package tables writes tables of notebooks as Markdown.
package tables

import "strings"

// Markdown is a table of a head and rows, whose cells are separated by " | ".
func Markdown(head string, rows []string) string {
	text := "| " + head + " |\n|" + strings.Repeat(" --- |", strings.Count(head, " | ")+1) + "\n"
	for _, row := range rows {
		text += "| " + row + " |\n"
	}
	return text
}
