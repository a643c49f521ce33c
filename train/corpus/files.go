package corpus

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Cut says where a text file is cut into documents.
type Cut string

const (
	// CutNone makes the file one document.
	CutNone Cut = "none"
	// CutParagraphs makes a document of each paragraph: a run of lines that are not blank.
	CutParagraphs Cut = "paragraphs"
	// CutLines makes a document of each line.
	CutLines Cut = "lines"
	// CutSeparator cuts at every occurrence of a separator string.
	CutSeparator Cut = "separator"
)

// FilesConfig configures [OpenFiles]. Start from [DefaultFilesConfig] and set Paths.
type FilesConfig struct {
	// Paths are files, folders (read with all their subfolders, but not hidden entries) and globs
	// as [path/filepath.Match] defines them.
	Paths []string `json:"paths"`
	Cut   Cut      `json:"cut"`
	// Separator is the string between documents for [CutSeparator], such as "\n<|endoftext|>\n".
	Separator string `json:"separator,omitempty"`
	// MaxBytes is the size above which a file is left out with a warning. Each file is in memory
	// while it is read.
	MaxBytes int64 `json:"max_bytes"`
}

// DefaultFilesConfig makes each file of at most 256 MiB one document.
func DefaultFilesConfig(paths ...string) FilesConfig {
	return FilesConfig{Paths: paths, Cut: CutNone, MaxBytes: 256 << 20}
}

// Validate reports the first field that makes no sense.
func (c FilesConfig) Validate() error {
	switch {
	case !slices.Contains([]Cut{CutNone, CutParagraphs, CutLines, CutSeparator}, c.Cut):
		return fmt.Errorf("corpus: FilesConfig.Cut is %q: use %q, %q, %q or %q", c.Cut, CutNone, CutParagraphs, CutLines, CutSeparator)
	case c.Cut == CutSeparator && c.Separator == "":
		return fmt.Errorf("corpus: FilesConfig.Separator is empty: cut %q needs one", CutSeparator)
	case c.Cut != CutSeparator && c.Separator != "":
		return fmt.Errorf("corpus: FilesConfig.Separator is %q but Cut is %q: set Cut to %q", c.Separator, c.Cut, CutSeparator)
	case c.MaxBytes < 1:
		return fmt.Errorf("corpus: FilesConfig.MaxBytes is %d: give a size of at least one byte", c.MaxBytes)
	}
	return nil
}

// OpenFiles opens a source over text files. They are listed and their first bytes looked at now;
// their text is read on each pass, a file at a time.
//
// Text is kept byte by byte, invalid UTF-8 included, except that a byte order mark at the start of
// a file is dropped, and documents cut from a file lose the blank lines before and the white space
// after them (with [CutLines], the line ending alone). Documents of white space alone are left out.
// Names are the paths as given, with #L and the line for documents cut from a file.
func OpenFiles(cfg FilesConfig) (Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	l, err := list(cfg.Paths, cfg.MaxBytes)
	if err != nil {
		return nil, err
	}
	return files{cfg, l}, nil
}

type files struct {
	cfg FilesConfig
	listing
}

func (f files) Warnings() []string { return slices.Clone(f.warnings) }

func (f files) Recipe() string { return recipe("text files", f.cfg) }

func (f files) Documents() iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, p := range f.listing.files {
			data, err := os.ReadFile(p)
			if err != nil {
				yield(Document{}, fmt.Errorf("corpus: %w", unreadable(p, err)))
				return
			}
			for d := range f.cfg.cut(filepath.ToSlash(p), strings.TrimPrefix(string(data), byteOrderMark)) {
				if !yield(d, nil) {
					return
				}
			}
		}
	}
}

const byteOrderMark = "\uFEFF"

// cut yields the documents of one file.
func (c FilesConfig) cut(name, text string) iter.Seq[Document] {
	return func(yield func(Document) bool) {
		if c.Cut == CutNone {
			if strings.TrimSpace(text) != "" {
				yield(Document{name, text})
			}
			return
		}
		line := 1 // of the piece's first byte
		for piece := range c.pieces(text) {
			doc, start := strings.TrimSuffix(piece, c.Separator), line
			line += strings.Count(piece, "\n")
			if c.Cut == CutLines {
				doc = strings.TrimRight(doc, "\r\n")
			} else {
				blank := leadingBlankLines(doc)
				start += strings.Count(blank, "\n")
				doc = strings.TrimRightFunc(doc[len(blank):], unicode.IsSpace)
			}
			if strings.TrimSpace(doc) != "" && !yield(Document{fmt.Sprintf("%s#L%d", name, start), doc}) {
				return
			}
		}
	}
}

// pieces divides a text, each piece with the separator or line ends that close it, so that they add
// up to the text.
func (c FilesConfig) pieces(text string) iter.Seq[string] {
	switch c.Cut {
	case CutSeparator:
		return strings.SplitAfterSeq(text, c.Separator)
	case CutLines:
		return strings.SplitAfterSeq(text, "\n")
	default: // CutParagraphs: a piece ends with each blank line
		return func(yield func(string) bool) {
			begin, end := 0, 0
			for line := range strings.SplitAfterSeq(text, "\n") {
				end += len(line)
				if strings.TrimSpace(line) == "" || end == len(text) {
					if !yield(text[begin:end]) {
						return
					}
					begin = end
				}
			}
		}
	}
}

// leadingBlankLines is the beginning of a text up to its first line that is not blank.
func leadingBlankLines(text string) string {
	end := 0
	for line := range strings.SplitAfterSeq(text, "\n") {
		if strings.TrimSpace(line) != "" {
			break
		}
		end += len(line)
	}
	return text[:end]
}
