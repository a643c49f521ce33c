package pretrained

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/safetensors"
)

// quietHub points the hub at a place of the test's own, and never at the network.
func quietHub(t *testing.T, endpoint string) {
	t.Helper()
	t.Setenv("HF_ENDPOINT", endpoint)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, name := range append(tokenVariables, "http_proxy", "HTTP_PROXY") {
		t.Setenv(name, "")
	}
	old := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(old) })
}

// closedPort is an address where nothing listens.
func closedPort() string {
	s := httptest.NewServer(nil)
	defer s.Close()
	return s.URL
}

// fakeHub serves one repository, owner/tiny, and counts requests.
func fakeHub(t *testing.T, files hfFiles, breakOff *atomic.Bool) (url string, requests *atomic.Int64, stop func()) {
	t.Helper()
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		const commit = "0123456789abcdef0123456789abcdef01234567"
		if r.URL.Path == "/api/models/owner/tiny/revision/main" {
			siblings := []map[string]any{}
			for _, name := range slices.Sorted(maps.Keys(files)) {
				siblings = append(siblings, map[string]any{"rfilename": name, "size": len(files[name])})
			}
			_, _ = w.Write(jsonOf(t, map[string]any{"id": "owner/tiny", "sha": commit, "siblings": siblings}))
			return
		}
		data, ok := files[strings.TrimPrefix(r.URL.Path, "/owner/tiny/resolve/"+commit+"/")]
		if !ok {
			http.Error(w, `{"error":"Repository not found"}`, http.StatusNotFound)
			return
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(data)))
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		if r.Method == http.MethodHead {
			return
		}
		if breakOff != nil && breakOff.Load() {
			data = data[:len(data)/2] // and the connection is closed early
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests, s.Close
}

// TestDownload loads a repository, whole and in shards, and once more with the
// hub gone.
func TestDownload(t *testing.T) {
	b := goBackend(t)
	for _, shards := range []int{1, 3} {
		t.Run(fmt.Sprint(shards), func(t *testing.T) {
			tiny := newTiny(true)
			files, _ := tiny.hf(t, all(safetensors.F32), shards)
			files["README.md"] = []byte("not wanted")
			url, requests, stop := fakeHub(t, files, nil)
			quietHub(t, url)

			tok, err := LoadTokenizer("owner/tiny")
			require.NoError(t, err)
			require.Equal(t, 5, tok.VocabSize())
			afterTokenizer := requests.Load()
			m, err := Load(b, "owner/tiny", Options{})
			require.NoError(t, err)
			m.Close()
			require.Greater(t, requests.Load(), afterTokenizer, "weights were fetched before they were wanted")

			stop()
			m, err = Load(b, "owner/tiny", Options{})
			require.NoError(t, err, "from the cache")
			m.Close()
		})
	}
}

// TestDownloadRefuses: what an error about the hub must say.
func TestDownloadRefuses(t *testing.T) {
	b := goBackend(t)
	tiny := newTiny(true)
	for _, c := range []struct {
		name, ref string
		change    func(f hfFiles)
		want      []string
	}{
		{"no such repository", "owner/other", nil, []string{"Repository not found", "is the name right"}},
		{"no tokenizer", "owner/tiny", func(f hfFiles) { delete(f, vocabFile) }, []string{"the repository has no tokenizer.json"}},
		{"no weights", "owner/tiny", func(f hfFiles) { delete(f, weightsFile) }, []string{"the repository has no model.safetensors"}},
		{"shards elsewhere", "owner/tiny", func(f hfFiles) {
			delete(f, weightsFile)
			f[weightsIndex] = []byte(`{"weight_map":{"x":"../../../x"}}`)
		}, []string{`"../../../x"`, "outside the folder"}},
		{"shard not there", "owner/tiny", func(f hfFiles) {
			delete(f, weightsFile)
			f[weightsIndex] = []byte(`{"weight_map":{"x":"x.safetensors"}}`)
		}, []string{"the repository has no x.safetensors"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, _ := tiny.hf(t, all(safetensors.F32), 1)
			if c.change != nil {
				c.change(files)
			}
			url, _, _ := fakeHub(t, files, nil)
			quietHub(t, url)
			_, err := Load(b, c.ref, Options{})
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

// TestNoNetwork says what to do.
func TestNoNetwork(t *testing.T) {
	quietHub(t, closedPort())
	_, err := Load(goBackend(t), "owner/tiny", Options{})
	for _, want := range []string{`loading model "owner/tiny"`, "no file or folder of that name", "connection refused", "is there a network", "$HF_TOKEN"} {
		require.ErrorContains(t, err, want)
	}
}

// TestBrokenDownload: a connection that breaks is an error, and not for ever.
func TestBrokenDownload(t *testing.T) {
	b := goBackend(t)
	files, _ := newTiny(true).hf(t, all(safetensors.F32), 1)
	var breakOff atomic.Bool
	url, _, _ := fakeHub(t, files, &breakOff)
	quietHub(t, url)
	breakOff.Store(true)
	_, err := Load(b, "owner/tiny", Options{})
	require.ErrorContains(t, err, "not or only partly downloaded")
	require.ErrorContains(t, err, weightsFile)
	require.ErrorContains(t, err, "try again")
	breakOff.Store(false)
	m, err := Load(b, "owner/tiny", Options{})
	require.NoError(t, err)
	m.Close()
}

// TestHubRevision: the hub's answer must not lead out of the cache.
func TestHubRevision(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"id":"owner/tiny","sha":"../../../elsewhere","siblings":[]}`))
	}))
	defer s.Close()
	quietHub(t, s.URL)
	_, err := LoadTokenizer("owner/tiny")
	require.ErrorContains(t, err, `"../../../elsewhere"`)
	entries, err := os.ReadDir(os.Getenv("XDG_CACHE_HOME"))
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestIsRepo(t *testing.T) {
	for ref, want := range map[string]bool{
		"HuggingFaceTB/SmolLM2-135M": true, "a/b.c_d-e": true,
		"a": false, "a/b/c": false, "/a/b": false, "../a": false, "a/..": false, "./a/b": false, "a/": false, "a b/c": false,
	} {
		require.Equal(t, want, isRepo(ref), ref)
	}
}
