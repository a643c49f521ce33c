package corpus

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// column yields one column of a parquet file, "" where it is null, and reads no other. It ends at
// the first error.
func column(path, name string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield("", err)
			return
		}
		defer file.Close()
		c := columnReader{file: file, values: make([]parquet.Value, 256)}
		err = c.guard(func() error { return c.find(name) })
		for more := true; more && err == nil; {
			var texts []string
			err = c.guard(func() (err error) {
				texts, more, err = c.next()
				return err
			})
			for _, text := range texts {
				if !yield(text, nil) {
					_ = c.guard(c.close)
					return
				}
			}
		}
		if err = errors.Join(err, c.guard(c.close)); err != nil {
			yield("", err)
		}
	}
}

// columnReader reads a column in steps.
type columnReader struct {
	file   *os.File
	chunks []parquet.ColumnChunk // the column's, one for each row group left
	pages  parquet.Pages         // of the chunk being read, nil between chunks
	page   parquet.ValueReader   // being read, nil between pages
	values []parquet.Value
}

// guard makes an error of a panic: the library panics on some damaged files. Callers of column stay
// outside, so that a panic of theirs is not taken for one of the library.
func (c *columnReader) guard(step func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("damaged: %v", r)
		}
	}()
	return step()
}

// find looks for the column.
func (c *columnReader) find(name string) error {
	info, err := c.file.Stat()
	if err != nil {
		return err
	}
	table, err := parquet.OpenFile(c.file, info.Size())
	if err != nil {
		return fmt.Errorf("not a parquet file: %w", err)
	}
	leaf, ok := table.Schema().Lookup(name)
	if !ok || leaf.Node.Type().Kind() != parquet.ByteArray || leaf.MaxRepetitionLevel > 0 {
		var columns []string
		for _, path := range table.Schema().Columns() {
			columns = append(columns, strings.Join(path, "."))
		}
		return fmt.Errorf("no column %q of strings: set Column to one of %q", name, columns)
	}
	for _, group := range table.RowGroups() {
		c.chunks = append(c.chunks, group.ColumnChunks()[leaf.ColumnIndex])
	}
	return nil
}

// next returns the next values, and whether there may be more.
func (c *columnReader) next() (texts []string, more bool, err error) {
	switch {
	case c.page != nil:
	case c.pages != nil:
		page, err := c.pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil, true, c.close()
		}
		if err != nil {
			return nil, false, err
		}
		c.page = page.Values()
	case len(c.chunks) > 0:
		c.pages, c.chunks = c.chunks[0].Pages(), c.chunks[1:]
		return nil, true, nil
	default:
		return nil, false, nil
	}
	n, err := c.page.ReadValues(c.values)
	for _, v := range c.values[:n] {
		text := ""
		if !v.IsNull() {
			text = string(v.ByteArray())
		}
		texts = append(texts, text)
	}
	switch {
	case errors.Is(err, io.EOF):
		c.page, err = nil, nil
	case n == 0 && err == nil:
		err = errors.New("damaged: a page without an end")
	}
	return texts, true, err
}

// close closes the chunk being read, if any.
func (c *columnReader) close() error {
	if c.pages == nil {
		return nil
	}
	pages := c.pages
	c.pages = nil
	return pages.Close()
}
