package corpus_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
)

// inFolder makes a temporary folder with files the current one.
func inFolder(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
}

var library = map[string]string{
	"books/b.txt": "b", "books/a.txt": "\uFEFFa", "books/old/c.txt": "caf\xe9", "books/.git/config": "hidden",
	"books/cover.png": "\x89PNG\x00", "books/[1].txt": "one", "notes.md": "n", "blank.txt": "\n",
}

func openFiles(t *testing.T, paths ...string) corpus.Source {
	t.Helper()
	src, err := corpus.OpenFiles(corpus.DefaultFilesConfig(paths...))
	require.NoError(t, err)
	return src
}

func TestFilesPaths(t *testing.T) {
	inFolder(t, library)
	for _, test := range []struct{ paths, want []string }{
		{[]string{"books"}, []string{"books/[1].txt", "books/a.txt", "books/b.txt", "books/old/c.txt"}},
		{[]string{"notes.md", "books/b.txt"}, []string{"notes.md", "books/b.txt"}},
		{[]string{"books/?.txt"}, []string{"books/a.txt", "books/b.txt"}},
		{[]string{"books/[1].txt"}, []string{"books/[1].txt"}},
		{[]string{"books/b.txt", "books/*", "./books"}, []string{"books/b.txt", "books/[1].txt", "books/a.txt", "books/old/c.txt"}},
		{[]string{"./books/.g*/*"}, []string{"books/.git/config"}},
		{[]string{"books/.git"}, []string{"books/.git/config"}},
	} {
		require.Equal(t, test.want, names(t, openFiles(t, test.paths...)), test.paths)
	}
}

func TestFilesKeepBytesAndWarn(t *testing.T) {
	inFolder(t, library)
	src := openFiles(t, "books")
	require.Equal(t, []string{"one", "a", "b", "caf\xe9"}, texts(t, src))
	s, err := corpus.Summarize(src)
	require.NoError(t, err)
	require.Equal(t, []string{
		"left out books/cover.png: a binary file (it has a zero byte near its start)",
		"invalid UTF-8, kept as bytes, in 1 of 4 documents: books/old/c.txt",
	}, s.Warnings)
	require.Equal(t, `text files {"paths":["books"],"cut":"none","max_bytes":268435456}`, s.Recipe)
}

func TestFilesFingerprintIgnoresTheFolder(t *testing.T) {
	inFolder(t, map[string]string{"here/a": "1", "here/b": "2", "there/x": "1", "there/y": "2", "other/a": "12", "other/b": " \n"})
	fingerprint := func(path string) string {
		s, err := corpus.Summarize(openFiles(t, path))
		require.NoError(t, err)
		return s.Fingerprint
	}
	require.Equal(t, fingerprint("here"), fingerprint("there"))
	require.NotEqual(t, fingerprint("here"), fingerprint("other"), "where documents end matters")
}

func TestFilesLinks(t *testing.T) {
	inFolder(t, library)
	require.NoError(t, os.Symlink("books/old", "link"))
	require.NoError(t, os.Symlink(filepath.Join("..", "notes.md"), "books/linked.md"))
	require.Equal(t, []string{"link/c.txt"}, names(t, openFiles(t, "link")))
	require.Equal(t, []string{"link/c.txt", "books/[1].txt", "books/a.txt", "books/b.txt", "books/linked.md"},
		names(t, openFiles(t, "link", "books")), "a file reached twice counts once")
}

func TestFilesErrors(t *testing.T) {
	inFolder(t, library)
	require.NoError(t, os.Mkdir("empty", 0o755))
	require.NoError(t, os.MkdirAll("loop/inner", 0o755))
	require.NoError(t, os.Symlink(filepath.Join("..", "..", "loop"), "loop/inner/back"))
	require.NoError(t, os.Symlink("itself", "itself"))
	require.NoError(t, os.Symlink("nowhere", "dangling"))
	for _, test := range []struct{ path, want string }{
		{"nothing.txt", `no file or folder "nothing.txt": check the spelling`},
		{"*.csv", `glob "*.csv" matches no file: ** is not supported`},
		{"books/[a", `glob "books/[a": syntax error in pattern: a [ needs its ]`},
		{"empty", "no text file in empty: check the paths"},
		{"books/cover.png", "no text file in books/cover.png: check the paths (hidden files in folders are passed over); left out books/cover.png: a binary file"},
		{"loop", `symlink loop: "loop/inner/back" leads back to`},
		{"itself", `following "itself"`},
		{"dangling", `following "dangling"`},
	} {
		_, err := corpus.OpenFiles(corpus.DefaultFilesConfig(test.path))
		require.ErrorContains(t, err, test.want)
	}
	_, err := corpus.OpenFiles(corpus.DefaultFilesConfig())
	require.ErrorContains(t, err, "name at least one file, folder or glob in Paths")
}

func TestFilesTooLarge(t *testing.T) {
	inFolder(t, map[string]string{"in/big.txt": "12345", "in/small.txt": "1234"})
	cfg := corpus.DefaultFilesConfig("in")
	cfg.MaxBytes = 4
	src, err := corpus.OpenFiles(cfg)
	require.NoError(t, err)
	require.Equal(t, []string{"in/small.txt"}, names(t, src))
	require.Equal(t, []string{"left out in/big.txt: 5 bytes, more than MaxBytes = 4"}, src.Warnings())
}

func TestFilesUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("the superuser may read every file")
	}
	inFolder(t, map[string]string{"secret.txt": "s"})
	require.NoError(t, os.Chmod("secret.txt", 0))
	_, err := corpus.OpenFiles(corpus.DefaultFilesConfig("secret.txt"))
	require.ErrorContains(t, err, `make "secret.txt" readable for you`)
}

func TestFilesGoneBetweenOpeningAndReading(t *testing.T) {
	inFolder(t, map[string]string{"a.txt": "a", "a.jsonl": `{"text":"a"}`})
	text := openFiles(t, "a.txt")
	lines, err := corpus.OpenJSONL(corpus.DefaultJSONLConfig("a.jsonl"))
	require.NoError(t, err)
	require.NoError(t, os.Remove("a.txt"))
	require.NoError(t, os.Remove("a.jsonl"))
	for _, src := range []corpus.Source{text, lines} {
		_, err := corpus.Collect(src)
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}

func TestJSONLFiles(t *testing.T) {
	inFolder(t, map[string]string{"in/b.jsonl": `{"body":"3"}`, "in/a.jsonl": "{\"body\":\"1\"}\n{\"body\":\"2\"}\n"})
	cfg := corpus.DefaultJSONLConfig("in")
	cfg.Field = "body"
	src, err := corpus.OpenJSONL(cfg)
	require.NoError(t, err)
	docs, err := corpus.Collect(src)
	require.NoError(t, err)
	require.Equal(t, []corpus.Document{{"in/a.jsonl#L1", "1"}, {"in/a.jsonl#L2", "2"}, {"in/b.jsonl#L1", "3"}}, docs)
	for range src.Documents() {
		break // stopping within a file must end the pass
	}
	require.Equal(t, `JSON lines {"paths":["in"],"field":"body","max_line_bytes":67108864}`, src.Recipe())
}

func TestFileConfigsValidate(t *testing.T) {
	files := func(change func(*corpus.FilesConfig)) error {
		c := corpus.DefaultFilesConfig("x")
		change(&c)
		return c.Validate()
	}
	require.NoError(t, files(func(c *corpus.FilesConfig) {}))
	require.ErrorContains(t, files(func(c *corpus.FilesConfig) { c.Cut = "pages" }), `Cut is "pages"`)
	require.ErrorContains(t, files(func(c *corpus.FilesConfig) { c.Cut = corpus.CutSeparator }), "Separator is empty")
	require.ErrorContains(t, files(func(c *corpus.FilesConfig) { c.Separator = "%" }), `set Cut to "separator"`)
	require.ErrorContains(t, files(func(c *corpus.FilesConfig) { c.MaxBytes = 0 }), "MaxBytes is 0")

	lines := corpus.DefaultJSONLConfig("x")
	lines.Field = ""
	require.ErrorContains(t, lines.Validate(), "Field is empty")
	lines = corpus.DefaultJSONLConfig("x")
	lines.MaxLineBytes = 0
	require.ErrorContains(t, lines.Validate(), "MaxLineBytes is 0")
}
