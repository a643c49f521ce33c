package pretrained

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	neturl "net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gomlx/go-huggingface/models/gguf"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/safetensors"
)

// quietHub points the hub at a place of the test's own, and never at the network.
func quietHub(t *testing.T, endpoint string) {
	t.Helper()
	t.Setenv("HF_ENDPOINT", endpoint)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, name := range append(tokenVariables, "http_proxy", "HTTP_PROXY", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") {
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

// fakeHub serves the main branch of one repository, owner/tiny, and counts requests.
func fakeHub(t *testing.T, files hfFiles, breakOff *atomic.Bool) (url string, requests *atomic.Int64, stop func()) {
	t.Helper()
	return fakeHubOf(t, map[string]hfFiles{"main": files}, breakOff)
}

// commitOf is the commit that the fake hub says a revision is.
func commitOf(revision string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(revision)))[:40] }

// fakeHubOf serves several revisions.
func fakeHubOf(t *testing.T, revisions map[string]hfFiles, breakOff *atomic.Bool) (url string, requests *atomic.Int64, stop func()) {
	t.Helper()
	requests = new(atomic.Int64)
	commits := map[string]hfFiles{}
	for name, files := range revisions {
		commits[commitOf(name)] = files
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		// A branch's slashes are escaped, or it would be another address.
		escaped, isInfo := strings.CutPrefix(r.URL.EscapedPath(), "/api/models/owner/tiny/revision/")
		revision, _ := neturl.PathUnescape(escaped)
		if files, ok := revisions[revision]; isInfo && ok && !strings.Contains(escaped, "/") {
			commit := commitOf(revision)
			siblings := []map[string]any{}
			for _, name := range slices.Sorted(maps.Keys(files)) {
				siblings = append(siblings, map[string]any{"rfilename": name, "size": len(files[name])})
			}
			_, _ = w.Write(jsonOf(t, map[string]any{"id": "owner/tiny", "sha": commit, "siblings": siblings}))
			return
		}
		commit, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/owner/tiny/resolve/"), "/")
		data, ok := commits[commit][name]
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
		{"no such repository", "owner/other", nil, []string{"Repository not found", "are name and revision right"}},
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

func TestParseHubName(t *testing.T) {
	for ref, want := range map[string]hubName{
		"HuggingFaceTB/SmolLM2-135M":     {"HuggingFaceTB/SmolLM2-135M", "", "main"},
		"a/b.c_d-e":                      {"a/b.c_d-e", "", "main"},
		"EleutherAI/pythia-70m@step3000": {"EleutherAI/pythia-70m", "", "step3000"},
		"a/b@refs/pr/1":                  {"a/b", "", "refs/pr/1"},
		"a/b/checkpoints/10@0123abc":     {"a/b", "checkpoints/10", "0123abc"},
		"bartowski/X-GGUF/X-Q4_K_M.gguf": {"bartowski/X-GGUF", "X-Q4_K_M.gguf", "main"},
		"a/b/c":                          {"a/b", "c", "main"},
		"a":                              {}, "/a/b": {}, "../a": {}, "a/..": {}, "./a/b": {}, "a/": {}, "a b/c": {}, "a/b/../c": {}, "a/b/..": {}, "a/b@": {}, "a/b@../c": {},
		"a/b@x/../../y": {}, "a/b//c": {}, "a/b/": {},
	} {
		got, ok := parseHubName(ref)
		require.Equal(t, want.id != "", ok, ref)
		if ok {
			require.Equal(t, want, got, ref)
		}
	}
}

// TestHubRevisions: branches, whose names may hold slashes, folders that share the
// tokenizer at the top, and single GGUF files.
func TestHubRevisions(t *testing.T) {
	b := goBackend(t)
	tiny, step := newTiny(true), newTiny(true)
	step.config.Layers = 1
	step = newTinyOf(step.config)
	main, _ := tiny.hf(t, all(safetensors.F32), 1)
	early, _ := step.hf(t, all(safetensors.F32), 1)
	sharded, _ := step.hf(t, all(safetensors.F32), 2)
	for name, data := range sharded {
		if name != vocabFile {
			main["checkpoints/10/"+name] = data
		}
	}
	g, _ := step.gguf(all(gguf.TensorTypeF32))
	main["tiny-f32.gguf"] = g.bytes()
	url, _, stop := fakeHubOf(t, map[string]hfFiles{"main": main, "step-48000": early, "refs/pr/1": early}, nil)
	quietHub(t, url)
	load := func() {
		for ref, layers := range map[string]int{
			"owner/tiny": 2, "owner/tiny@step-48000": 1, "owner/tiny@refs/pr/1": 1, "owner/tiny/checkpoints/10": 1, "owner/tiny/tiny-f32.gguf": 1,
		} {
			tok, err := LoadTokenizer(ref)
			require.NoError(t, err, ref)
			require.Equal(t, 5, tok.VocabSize())
			m, err := Load(b, ref, Options{})
			require.NoError(t, err, ref)
			require.Equal(t, layers, m.Config.Layers, ref)
			m.Close()
			_, err = Version(ref)
			require.NoError(t, err, ref)
		}
	}
	load()
	stop()
	load() // from the cache

	_, err := Load(b, "owner/tiny@step-1", Options{})
	require.ErrorContains(t, err, "are name and revision right")
	url, _, _ = fakeHub(t, hfFiles{"README.md": nil, "tiny-q8_0.gguf": g.bytes()}, nil)
	quietHub(t, url)
	_, err = Load(b, "owner/tiny", Options{})
	require.ErrorContains(t, err, "the repository has no tokenizer.json: it has GGUF files, name one: owner/tiny/tiny-q8_0.gguf")
}

// TestHubVariables: the hub's own environment variables mean here what they mean there.
func TestHubVariables(t *testing.T) {
	b := goBackend(t)
	files, _ := newTiny(true).hf(t, all(safetensors.F32), 2)
	url, requests, stop := fakeHub(t, files, nil)
	quietHub(t, url)
	for _, c := range []struct{ variable, folder string }{{"HF_HOME", "hub"}, {"HF_HUB_CACHE", ""}} {
		home := t.TempDir()
		t.Setenv(c.variable, home)
		t.Setenv("HF_HUB_OFFLINE", "1")
		before := requests.Load()
		_, err := Load(b, "owner/tiny", Options{})
		require.ErrorContains(t, err, "the hub's cache does not have it whole, and $HF_HUB_OFFLINE is set")
		require.Equal(t, before, requests.Load())
		t.Setenv("HF_HUB_OFFLINE", "0")
		m, err := Load(b, "owner/tiny", Options{})
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(m.Files[0], filepath.Join(home, c.folder, "models--owner--tiny")), m.Files[0])
		m.Close()
		t.Setenv("HF_HUB_OFFLINE", "true")
		m, err = Load(b, "owner/tiny", Options{})
		require.NoError(t, err, "from the cache")
		m.Close()
	}

	// A cache as Python's library leaves it: a ref and a snapshot, no list of files.
	stop()
	cache := t.TempDir()
	t.Setenv("HF_HUB_CACHE", cache)
	repo := filepath.Join(cache, "models--owner--tiny")
	commit := commitOf("main")
	for name, data := range files {
		path := filepath.Join(repo, "snapshots", commit, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o644))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(repo, "refs"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(repo, "refs", "main"), []byte(commit), 0o644))
	for _, ref := range []string{"owner/tiny", "owner/tiny@" + commit} {
		m, err := Load(b, ref, Options{})
		require.NoError(t, err, ref)
		m.Close()
	}
	_, err := Load(b, "owner/tiny@other", Options{})
	require.ErrorContains(t, err, "$HF_HUB_OFFLINE is set")
}
