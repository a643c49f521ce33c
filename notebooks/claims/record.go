package claims

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"firsttoken/train/local"
)

// Record is the verdict on one claim and all that led to it.
type Record struct {
	ID         string            `json:"id"`
	Statement  string            `json:"statement"`
	Evidence   string            `json:"evidence"`        // the paper's, in words
	Paper      []PaperValue      `json:"paper,omitempty"` // the paper's, in numbers
	Ours       Figures           `json:"ours,omitempty"`  // measured here
	Rule       string            `json:"rule,omitempty"`  // how figures became the verdict
	Verdict    Verdict           `json:"verdict"`
	Why        string            `json:"why"`               // the numbers that decided, or why it is not testable
	Notebook   string            `json:"notebook"`          // path from the checkout's root
	Command    string            `json:"command,omitempty"` // what tests it, or would
	Provenance map[string]string `json:"provenance,omitempty"`
	Warnings   []string          `json:"warnings,omitempty"`
}

// Judge applies rule to the figures measured for a claim. The record lacks only
// what the rule does not know: Command, Provenance and further Warnings.
func Judge(id, notebook string, ours []Figure, rule Rule) (*Record, error) {
	r, err := newRecord(id, notebook)
	if err != nil {
		return nil, err
	}
	r.Ours, r.Rule = slices.Clone(ours), rule.Text
	if err := r.Ours.check(r.Paper); err != nil {
		return nil, fmt.Errorf("%w (claim %s)", err, id)
	}
	if r.Verdict, r.Why, err = rule.Apply(r.Ours); err != nil {
		return nil, fmt.Errorf("%w (claim %s)", err, id)
	}
	for _, f := range r.Ours {
		if f.CI == nil {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s has no interval (n = %d)", f.Name, f.N))
		}
	}
	if r.Verdict == NotTestable {
		return r, nil // it needs a Command yet
	}
	return r, r.Validate()
}

// Untestable records that a claim cannot be tested here: why, and the command
// that would test it where it can.
func Untestable(id, notebook, why, command string) (*Record, error) {
	r, err := newRecord(id, notebook)
	if err != nil {
		return nil, err
	}
	r.Verdict, r.Why, r.Command = NotTestable, why, command
	return r, r.Validate()
}

// newRecord copies what the paper says.
func newRecord(id, notebook string) (*Record, error) {
	c, err := Find(id)
	if err != nil {
		return nil, err
	}
	return &Record{ID: c.ID, Statement: c.Statement, Evidence: c.Evidence, Paper: slices.Clone(c.Figures), Notebook: notebook}, nil
}

// Validate reports a record that is incomplete, or that was made when this
// package stated the claim otherwise.
func (r *Record) Validate() error {
	c, err := Find(r.ID)
	if err != nil {
		return err
	}
	switch {
	case r.Statement != c.Statement || r.Evidence != c.Evidence || !slices.Equal(r.Paper, c.Figures):
		return fmt.Errorf("claims: the record of %s was made for another wording or other figures of the claim: run %s again", r.ID, r.Notebook)
	case r.Why == "":
		return fmt.Errorf("claims: the record of %s does not say why", r.ID)
	case r.Notebook == "" || filepath.IsAbs(r.Notebook):
		return fmt.Errorf("claims: the record of %s needs its notebook's path from the root, not %q", r.ID, r.Notebook)
	}
	switch r.Verdict {
	case NotTestable:
		if r.Command == "" {
			return fmt.Errorf("claims: %s is not testable here: give the command that would test it", r.ID)
		}
		return nil
	case Holds, DoesNotHold, Mixed:
		if len(r.Ours) == 0 || r.Rule == "" {
			return fmt.Errorf("claims: %s is judged %q without figures or rule", r.ID, r.Verdict)
		}
		return r.Ours.check(r.Paper)
	}
	return fmt.Errorf("claims: unknown verdict %q of %s", r.Verdict, r.ID)
}

// DirEnv names the environment variable that, when set, is where records are kept.
// The notebook runner sets it when it only checks, so that a check on another
// toolchain, whose texts differ, leaves the records in git as they are.
const DirEnv = "FIRSTTOKEN_CLAIMS"

// Dir is where records are kept: $FIRSTTOKEN_CLAIMS if set, else
// notebooks/results/claims in the checkout.
func Dir() (string, error) {
	if dir := os.Getenv(DirEnv); dir != "" {
		return dir, nil
	}
	root, err := local.Root()
	if err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	return filepath.Join(root, "notebooks", "results", "claims"), nil
}

// fileName is "C07.json" for C7, so that a folder lists in order.
func fileName(id string) string {
	return fmt.Sprintf("C%02s.json", strings.TrimPrefix(id, "C"))
}

// Save writes the record as JSON into dir ("" for Dir) and returns the file's
// path. Equal records give equal bytes; the file is replaced as a whole.
func (r *Record) Save(dir string) (path string, err error) {
	if err := r.Validate(); err != nil {
		return "", err
	}
	if dir, err = orDefault(dir); err != nil {
		return "", err
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return "", fmt.Errorf("claims: %s: %w", r.ID, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	path = filepath.Join(dir, fileName(r.ID))
	if err := renameio.WriteFile(path, text.Bytes(), 0o644, renameio.WithTempDir(dir)); err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	return path, nil
}

// SaveAt is Save to Dir if the settings that the reader of a notebook can change are those that the record in git was made with,
// and otherwise says on standard output that it does not save. Settings are compared as fmt.Sprint shows them.
func (r *Record) SaveAt(settings, shipped []any) error {
	if now, then := fmt.Sprintf("%v", settings), fmt.Sprintf("%v", shipped); now != then {
		fmt.Printf("   not saved: the settings are %s, the record is of %s\n", now, then)
		return nil
	}
	_, err := r.Save("")
	return err
}

// Load reads the record of one claim from dir ("" for Dir). A claim without a
// record gives an error that wraps fs.ErrNotExist.
func Load(dir, id string) (*Record, error) {
	if _, err := Find(id); err != nil {
		return nil, err
	}
	dir, err := orDefault(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, fileName(id))
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	r, err := parse(text)
	if err == nil && r.ID != id {
		err = fmt.Errorf("claims: the file holds %s", r.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// LoadAll reads every record in dir ("" for Dir), by claim. A missing folder
// holds none; a JSON file that is no record of a claim is an error.
func LoadAll(dir string) (map[string]*Record, error) {
	dir, err := orDefault(dir)
	if err != nil {
		return nil, err
	}
	records := map[string]*Record{}
	expected := map[string]bool{}
	for _, c := range registry {
		expected[fileName(c.ID)] = true
		r, err := Load(dir, c.ID)
		switch {
		case err == nil:
			records[c.ID] = r
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	for _, f := range files {
		if !expected[filepath.Base(f)] {
			return nil, fmt.Errorf("claims: %s is the record of no claim: remove it", f)
		}
	}
	return records, nil
}

// parse reads one record strictly.
func parse(text []byte) (*Record, error) {
	var r Record
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("claims: text after the record")
	}
	return &r, r.Validate()
}

// orDefault is dir, or Dir where it is empty.
func orDefault(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	return Dir()
}
