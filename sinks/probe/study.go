package probe

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"firsttoken/internal/codehash"
	"firsttoken/sinks"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
)

// Study is a measurement that is done once: its traces stay on disk under its
// name, and come from there as long as the inputs are the same, and so is the code. A notebook cell
// that only plots reads them from there with sinks.LoadAll and never loads XLA.
type Study struct {
	Name  string             // a path below .data/traces, such as "01/with-bos"
	Model string             // what pretrained.Load takes
	Load  pretrained.Options // how it is loaded
	Docs  [][]int32          // token ids, fed as they are
	// Options of the run. Model and Tokenizer are filled in.
	Options Options
}

// key is what the traces depend on, apart from the documents, which it hashes.
type key struct {
	Code          string             `json:"code"` // see [Study.code]
	Model         string             `json:"model"`
	Weights       []string           `json:"weights"` // see pretrained.Version
	Load          pretrained.Options `json:"load"`
	Documents     string             `json:"documents"` // SHA-256
	Metrics       any                `json:"metrics"`
	MetricsOnly   bool               `json:"metrics_only"`
	SkipLoss      bool               `json:"skip_loss,omitempty"`
	Interventions []string           `json:"interventions"`
	Provenance    map[string]string  `json:"provenance"`
	Backend       string             `json:"backend"` // as the environment asks for it, without the plugin's folder
}

// Run returns the study's traces in the documents' order, from disk if they are
// there, and says which.
func (s Study) Run() (traces []*sinks.Trace, fromDisk bool, err error) {
	if len(s.Options.Own) > 0 {
		return nil, false, fmt.Errorf("study %s: a metric of your own may change without its name: measure it with Run and keep it with keep.Result", s.Name)
	}
	folder, err := local.DataDir("traces", s.Name)
	if err != nil {
		return nil, false, err
	}
	want, err := s.key()
	if err != nil {
		return nil, false, fmt.Errorf("study %s: %w", s.Name, err)
	}
	keyFile := folder + ".json"
	if have, err := os.ReadFile(keyFile); err == nil && string(have) == string(want) {
		// A damaged file is measured again rather than reported: nothing is lost.
		if traces, err := sinks.LoadAll(folder); err == nil && len(traces) == len(s.Docs) {
			return traces, true, nil
		}
	}
	if traces, err = measure(s.Model, s.Load, s.Docs, s.Options); err != nil {
		return nil, false, fmt.Errorf("study %s: %w", s.Name, err)
	}
	// The key goes first and comes back last: whatever happens in between, no key
	// ever describes other traces than those beside it.
	if err := os.Remove(keyFile); err != nil && !os.IsNotExist(err) {
		return nil, false, err
	}
	if err := sinks.SaveAll(folder, traces); err != nil {
		return nil, false, err
	}
	if err := os.WriteFile(keyFile, want, 0o644); err != nil {
		return nil, false, fmt.Errorf("study %s: %w", s.Name, err)
	}
	return traces, false, nil
}

// measure loads a model and runs it. It is what a study's code begins with.
func measure(model string, load pretrained.Options, docs [][]int32, o Options) ([]*sinks.Trace, error) {
	b, warnings, err := backend.Open()
	if err != nil {
		return nil, err
	}
	m, err := pretrained.Load(b, model, load)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	provenance, err := m.Provenance()
	if err != nil {
		return nil, err
	}
	maps.Copy(provenance, backend.Provenance())
	maps.Copy(provenance, o.Provenance)
	o.Model, o.Tokenizer, o.Provenance = model, m.Tokenizer, provenance
	traces, err := Run(m.Model, docs, o)
	for _, t := range traces {
		t.Warnings = append(t.Warnings, warnings...)
	}
	return traces, err
}

// code is the hash of what measures, with the interventions that are made elsewhere.
func (s Study) code() (string, error) {
	names := []string{"firsttoken/sinks/probe.measure"}
	for _, v := range s.Options.Interventions {
		t := reflect.TypeOf(v)
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if strings.HasPrefix(t.PkgPath(), "firsttoken/") { // one of a cell says by its name all of what it does
			names = append(names, t.PkgPath()+"."+t.Name())
		}
	}
	return codehash.Of(names...)
}

func (s Study) key() ([]byte, error) {
	weights, err := pretrained.Version(s.Model)
	if err != nil {
		return nil, err
	}
	code, err := s.code()
	if err != nil {
		return nil, err
	}
	docs, err := json.Marshal(s.Docs)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(docs)
	k := key{
		Code: code, Model: s.Model, Weights: weights, Load: s.Load, Documents: hex.EncodeToString(sum[:]),
		Metrics: s.Options.Metrics, MetricsOnly: s.Options.MetricsOnly, SkipLoss: s.Options.SkipLoss,
		Provenance: s.Options.Provenance, Backend: filepath.Base(os.Getenv("GOMLX_BACKEND")),
	}
	for _, v := range s.Options.Interventions {
		k.Interventions = append(k.Interventions, v.String())
	}
	return json.MarshalIndent(k, "", "  ")
}
