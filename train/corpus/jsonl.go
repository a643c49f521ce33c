package corpus

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// JSONLConfig configures [OpenJSONL]. Start from [DefaultJSONLConfig] and set Paths.
type JSONLConfig struct {
	// Paths are files, folders and globs, as in [FilesConfig].
	Paths []string `json:"paths"`
	// Field is the name of the string field that holds the text.
	Field string `json:"field"`
	// MaxLineBytes is the length of a line above which reading stops with an error.
	MaxLineBytes int `json:"max_line_bytes"`
}

// DefaultJSONLConfig reads the field "text" of lines of at most 64 MiB.
func DefaultJSONLConfig(paths ...string) JSONLConfig {
	return JSONLConfig{Paths: paths, Field: "text", MaxLineBytes: 64 << 20}
}

// Validate reports the first field that makes no sense.
func (c JSONLConfig) Validate() error {
	switch {
	case c.Field == "":
		return errors.New(`corpus: JSONLConfig.Field is empty: name the field that holds the text, such as "text"`)
	case c.MaxLineBytes < 1:
		return fmt.Errorf("corpus: JSONLConfig.MaxLineBytes is %d: give a length of at least one byte", c.MaxLineBytes)
	}
	return nil
}

// OpenJSONL opens a source over files of JSON objects, one a line, each with its text in a field.
// Files are listed now and streamed on each pass, so they may be larger than memory. Blank lines
// and texts of white space alone are left out; a line that is no object, or lacks the field, is an
// error that names file and line. Names are path#Lline.
//
// JSON is UTF-8: the decoder replaces invalid bytes and lone surrogates by U+FFFD.
func OpenJSONL(cfg JSONLConfig) (Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	l, err := list(cfg.Paths, maxFileSize)
	if err != nil {
		return nil, err
	}
	return jsonl{cfg, l}, nil
}

// maxFileSize is no limit: lines are streamed.
const maxFileSize = math.MaxInt64

type jsonl struct {
	cfg JSONLConfig
	listing
}

func (j jsonl) Warnings() []string { return slices.Clone(j.warnings) }

func (j jsonl) Recipe() string { return recipe("JSON lines", j.cfg) }

func (j jsonl) Documents() iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, p := range j.files {
			if !j.readFile(p, yield) {
				return
			}
		}
	}
}

// readFile yields a file's documents and reports whether to go on.
func (j jsonl) readFile(p string, yield func(Document, error) bool) bool {
	f, err := os.Open(p)
	if err != nil {
		yield(Document{}, fmt.Errorf("corpus: %w", unreadable(p, err)))
		return false
	}
	defer f.Close()
	for d, err := range j.cfg.parse(filepath.ToSlash(p), f) {
		if !yield(d, err) || err != nil {
			return false
		}
	}
	return true
}

// parse yields the documents of one stream, ending at the first error.
func (c JSONLConfig) parse(name string, r io.Reader) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		lines := bufio.NewScanner(r)
		// Scanner's limit includes the line ending, of one or two bytes.
		lines.Buffer(nil, c.MaxLineBytes+len("\r\n"))
		n := 0
		for lines.Scan() {
			n++
			line := lines.Bytes()
			if len(line) > c.MaxLineBytes {
				yield(Document{}, c.tooLong(name, n))
				return
			}
			if n == 1 {
				line = bytes.TrimPrefix(line, []byte(byteOrderMark))
			}
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			where := fmt.Sprintf("%s#L%d", name, n)
			text, err := c.text(line)
			if err != nil {
				yield(Document{}, fmt.Errorf("corpus: %s: %w", where, err))
				return
			}
			if strings.TrimSpace(text) != "" && !yield(Document{where, text}, nil) {
				return
			}
		}
		if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
			yield(Document{}, c.tooLong(name, n+1))
		} else if err != nil {
			yield(Document{}, fmt.Errorf("corpus: reading %s: %w", name, err))
		}
	}
}

func (c JSONLConfig) tooLong(name string, line int) error {
	return fmt.Errorf("corpus: %s#L%d: the line is longer than MaxLineBytes = %d: is this a file of one JSON object a line?",
		name, line, c.MaxLineBytes)
}

// text decodes one line.
func (c JSONLConfig) text(line []byte) (string, error) {
	var object map[string]json.RawMessage
	err := json.Unmarshal(line, &object)
	if err == nil && object == nil {
		err = errors.New("it is null")
	}
	if err != nil {
		return "", fmt.Errorf("not a JSON object: %w: for a file of plain text lines, use OpenFiles with cut %q", err, CutLines)
	}
	raw, ok := object[c.Field]
	if !ok {
		fields := slices.Sorted(maps.Keys(object))
		return "", fmt.Errorf("no field %q: set Field to one of %q", c.Field, fields)
	}
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil || text == nil {
		return "", fmt.Errorf("field %q is %.40s: it must be a string", c.Field, raw)
	}
	return *text, nil
}
