package corpus_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gomlx/go-huggingface/datasets"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
)

// hubRow is a row of the tests' dataset. Text is null where it is nil.
type hubRow struct {
	ID    int64    `parquet:"id"`
	Text  *string  `parquet:"text,optional"`
	Tags  []string `parquet:"tags,list"`
	Score float64  `parquet:"score"`
}

func hubRows(texts ...string) []hubRow {
	rows := make([]hubRow, len(texts))
	for i, text := range texts {
		rows[i] = hubRow{ID: int64(i), Text: &text, Tags: []string{"a", "b"}, Score: 0.5}
		if text == "NULL" {
			rows[i].Text = nil
		}
	}
	return rows
}

// fakeHub answers for the hub and counts what it is asked for. It stands in for the network:
// nothing else is reachable.
type fakeHub struct {
	files map[string][]byte // by name
	cut   bool              // send half of each file, as if it were the whole
	drop  bool              // break connections half-way
	asked []string
	token string // of the last request
}

const hubFileURL = "https://hub.test/files/"

func (h *fakeHub) RoundTrip(r *http.Request) (*http.Response, error) {
	h.asked = append(h.asked, r.URL.String())
	h.token = r.Header.Get("Authorization")
	answer := func(status int, body []byte) (*http.Response, error) {
		return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Request: r,
			ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(string(body)))}, nil
	}
	if name, ok := strings.CutPrefix(r.URL.String(), hubFileURL); ok && h.files[name] != nil {
		body := h.files[name]
		if h.cut {
			response, _ := answer(http.StatusOK, body[:len(body)/2])
			return response, nil
		}
		if h.drop {
			response, _ := answer(http.StatusOK, body)
			response.Body = io.NopCloser(io.MultiReader(strings.NewReader(string(body[:9])), iotest.ErrReader(io.ErrUnexpectedEOF)))
			return response, nil
		}
		return answer(http.StatusOK, body)
	}
	if r.URL.String() == "https://datasets-server.huggingface.co/parquet?dataset=owner/tiny" && h.files != nil {
		var list datasets.ParquetFileResponse
		for _, split := range []string{"train", "test"} {
			for i := range 2 {
				name := fmt.Sprintf("%s-%d.parquet", split, i)
				list.ParquetFiles = append(list.ParquetFiles, datasets.ParquetFile{Dataset: "owner/tiny", Config: "default", Split: split,
					URL: hubFileURL + name, Filename: name, Size: int64(len(h.files[name]))})
			}
		}
		body, err := json.Marshal(list)
		if err != nil {
			return nil, err
		}
		return answer(http.StatusOK, body)
	}
	return nil, errors.New("no network in tests")
}

// newFakeHub serves a dataset of two files a split in place of the network.
func newFakeHub(t *testing.T) *fakeHub {
	t.Helper()
	h := &fakeHub{files: map[string][]byte{}}
	for name, rows := range map[string][]hubRow{
		"train-0.parquet": hubRows("one", "", "two\nlines", "NULL"),
		"train-1.parquet": hubRows("three é", " \n"),
		"test-0.parquet":  hubRows("held"),
		"test-1.parquet":  hubRows("out"),
	} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, parquet.WriteFile(path, rows, parquet.MaxRowsPerRowGroup(3)))
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		h.files[name] = data
	}
	offline(t, h)
	return h
}

// offline puts h in the place of the network for the length of a test.
func offline(t *testing.T, h *fakeHub) {
	network := http.DefaultTransport
	http.DefaultTransport = h
	t.Cleanup(func() { http.DefaultTransport = network })
}

func tinyConfig(t *testing.T) corpus.HubConfig {
	cfg := corpus.DefaultHubConfig("owner/tiny")
	cfg.CacheDir = t.TempDir()
	return cfg
}

func TestHub(t *testing.T) {
	t.Setenv("HF_TOKEN", "secret")
	h := newFakeHub(t)
	cfg := tinyConfig(t)
	src, err := corpus.OpenHub(cfg)
	require.NoError(t, err)
	require.Len(t, h.asked, 1, "files are not downloaded before they are read")
	require.Equal(t, "Bearer secret", h.token)
	docs, err := corpus.Collect(src)
	require.NoError(t, err)
	require.Equal(t, []corpus.Document{
		{Name: "owner/tiny/default/train/train-0.parquet#L1", Text: "one"},
		{Name: "owner/tiny/default/train/train-0.parquet#L3", Text: "two\nlines"},
		{Name: "owner/tiny/default/train/train-1.parquet#L1", Text: "three é"},
	}, docs)
	require.Len(t, h.asked, 3)
	require.NotContains(t, src.Recipe(), cfg.CacheDir)
	require.Empty(t, src.Warnings())

	// Again, and without a network, from the cache.
	offline(t, &fakeHub{})
	src, err = corpus.OpenHub(cfg)
	require.NoError(t, err)
	again, err := corpus.Collect(src)
	require.NoError(t, err)
	require.Equal(t, docs, again)

	// Another split's files are not in the cache.
	cfg.Split = "test"
	src, err = corpus.OpenHub(cfg)
	require.NoError(t, err)
	_, err = corpus.Collect(src)
	require.ErrorContains(t, err, `downloading test-0.parquet of dataset "owner/tiny"`)
	require.ErrorContains(t, err, "is there a network?")
}

// As many files are downloaded as the rows take.
func TestHubRows(t *testing.T) {
	h := newFakeHub(t)
	cfg := tinyConfig(t)
	for rows, want := range []int{3, 1, 1, 2, 2, 3, 3} {
		cfg.Rows = int64(rows)
		if rows == 1 {
			cfg.CacheDir, h.asked = t.TempDir(), nil
		}
		src, err := corpus.OpenHub(cfg)
		require.NoError(t, err)
		docs, err := corpus.Collect(src)
		require.NoError(t, err)
		require.Len(t, docs, want, "%d rows", rows)
		if rows == 4 {
			require.NotContains(t, h.asked, hubFileURL+"train-1.parquet")
		}
	}
	// A reader that has enough stops.
	src, err := corpus.OpenHub(cfg)
	require.NoError(t, err)
	for d, err := range src.Documents() {
		require.NoError(t, err)
		require.Equal(t, "one", d.Text)
		break
	}
}

func TestHubRefuses(t *testing.T) {
	h := newFakeHub(t)
	collect := func(cfg corpus.HubConfig) error {
		src, err := corpus.OpenHub(cfg)
		if err == nil {
			_, err = corpus.Collect(src)
		}
		return err
	}
	for _, c := range []struct {
		change func(*corpus.HubConfig)
		says   string
	}{
		{func(c *corpus.HubConfig) { c.Dataset = "tiny" }, `Dataset is "tiny"`},
		{func(c *corpus.HubConfig) { c.Dataset = "../../x" }, `Dataset is "../../x"`},
		{func(c *corpus.HubConfig) { c.Config = "sample-10BT" }, `no config "sample-10BT" with a split "train": it has ["default/test" "default/train"]`},
		{func(c *corpus.HubConfig) { c.Split = "validation" }, `a split "validation"`},
		{func(c *corpus.HubConfig) { c.Column = "content" }, `no column "content" of strings: set Column to one of ["id" "text" "tags.list.element" "score"]`},
		{func(c *corpus.HubConfig) { c.Column = "id" }, `no column "id" of strings`},
		{func(c *corpus.HubConfig) { c.Column = "tags" }, `no column "tags" of strings`},
	} {
		cfg := tinyConfig(t)
		c.change(&cfg)
		require.ErrorContains(t, collect(cfg), c.says)
	}

	h.files["train-0.parquet"] = []byte("<html>sign in</html>")
	require.ErrorContains(t, collect(tinyConfig(t)), "not a parquet file")

	h.cut = true
	require.ErrorContains(t, collect(tinyConfig(t)), "bytes instead of")
	h.cut, h.drop = false, true
	require.ErrorContains(t, collect(tinyConfig(t)), "the connection broke off")

	offline(t, &fakeHub{})
	err := collect(tinyConfig(t))
	require.ErrorContains(t, err, `asking the Hugging Face hub for dataset "owner/tiny", which is not in the cache`)
	require.ErrorContains(t, err, "is there a network, is the name right, and if access is restricted, is a token in $HF_TOKEN?")
}

// A listing that names a file outside the cache's folder is refused.
func TestHubRefusesHostileNames(t *testing.T) {
	cfg := tinyConfig(t)
	folder := filepath.Join(cfg.CacheDir, "datasets--owner--tiny")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	for _, name := range []string{"../../evil.parquet", "/etc/passwd", "..", ""} {
		list, err := json.Marshal(datasets.ParquetFileResponse{ParquetFiles: []datasets.ParquetFile{{Config: "default", Split: "train", Filename: name}}})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, "dataset_parquet.json"), list, 0o644))
		_, err = corpus.OpenHub(cfg)
		require.ErrorContains(t, err, "which is no file name")
	}
}

// Shards of a dataset are made once, and then need no network.
func TestLoadHub(t *testing.T) {
	h := newFakeHub(t)
	var texts []string
	for i := range 40 {
		texts = append(texts, fmt.Sprintf("Story number %d.", i))
	}
	path := filepath.Join(t.TempDir(), "x")
	require.NoError(t, parquet.WriteFile(path, hubRows(texts...)))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	h.files["train-1.parquet"] = data
	s := corpus.DefaultSpec(corpus.KindHub)
	*s.Hub = tinyConfig(t)
	s.HeldOut = 0.25
	cache := t.TempDir()
	first := load(t, s, cache).Provenance
	require.Equal(t, 42, first.Training.Documents+first.HeldOut.Documents)
	offline(t, &fakeHub{})
	require.Equal(t, first, load(t, s, cache).Provenance)
}
