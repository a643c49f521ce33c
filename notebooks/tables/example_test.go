package tables_test

import (
	"fmt"

	"firsttoken/notebooks/tables"
)

func ExampleMarkdown() {
	fmt.Print(tables.Markdown("head | sink rate (%)", []string{"1 | 90.1", "2 | 3.4"}))
	// Output:
	// | head | sink rate (%) |
	// | --- | --- |
	// | 1 | 90.1 |
	// | 2 | 3.4 |
}
