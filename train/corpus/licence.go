package corpus

import "strings"

// licenceMarks are phrases that stand in licence and copyright notices and, in a Go tree, nowhere
// else.
var licenceMarks = []string{
	"copyright (c)", "copyright ©", "copyright 19", "copyright 20",
	"all rights reserved", "governed by a bsd", "spdx-license-identifier",
	"permission is hereby granted", "permission to use, copy", "redistribution and use in source",
}

// isLicence reports whether the text of a comment is a licence or copyright notice. Files with
// ported code have a second one further down, so every comment is asked, not just the first.
func isLicence(comment string) bool {
	text := strings.ToLower(comment)
	for _, mark := range licenceMarks {
		if strings.Contains(text, mark) {
			return true
		}
	}
	return false
}
