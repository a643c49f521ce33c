package claims

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"firsttoken/train/local"
)

// Record is the verdict on one claim, on one model, and all that led to it.
type Record struct {
	ID        string       `json:"id"`
	Model     string       `json:"model"` // SmolLM2, Gemma3, Trained or another name: the column of the table
	Statement string       `json:"statement"`
	Evidence  string       `json:"evidence"`        // the paper's, in words
	Paper     []PaperValue `json:"paper,omitempty"` // the paper's, in numbers
	Ours      Figures      `json:"ours,omitempty"`  // measured here
	Rule      *Rule        `json:"rule,omitempty"`  // how figures became the verdict; nil where nothing could be measured
	// Seen says which of the data judged, or of data that should give the same, had been seen when
	// the rule was fixed. Empty: none, the rule was committed before.
	Seen       string            `json:"seen,omitempty"`
	Verdict    Verdict           `json:"verdict"`
	Why        string            `json:"why"`               // the numbers that decided, or why it is not testable
	Notebook   string            `json:"notebook"`          // path from the checkout's root
	Command    string            `json:"command,omitempty"` // what tests it, or would
	Provenance map[string]string `json:"provenance,omitempty"`
	Warnings   []string          `json:"warnings,omitempty"`
}

// Judge applies rule to the figures measured for a claim, on the claim's own model. The record
// lacks only what the rule does not know: Command, Provenance, Seen and Warnings, and Model where
// it is another.
func Judge(id, notebook string, ours []Figure, rule Rule) (*Record, error) {
	r, err := newRecord(id, notebook)
	if err != nil {
		return nil, err
	}
	r.Ours, r.Rule = slices.Clone(ours), &rule
	if err := r.Ours.check(r.Paper); err != nil {
		return nil, fmt.Errorf("%w (claim %s)", err, id)
	}
	if r.Verdict, r.Why, err = rule.Apply(r.Ours); err != nil {
		return nil, fmt.Errorf("%w (claim %s)", err, id)
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
	return &Record{ID: c.ID, Model: c.Model, Statement: c.Statement, Evidence: c.Evidence, Paper: slices.Clone(c.Figures), Notebook: notebook}, nil
}

// Validate reports a record that is incomplete, that was made when this
// package stated the claim otherwise, or whose verdict is not what its rule gives on its figures.
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
	case slug(r.Model) == "":
		return fmt.Errorf("claims: the record of %s does not name the model it is about", r.ID)
	case r.Notebook == "" || filepath.IsAbs(r.Notebook):
		return fmt.Errorf("claims: the record of %s needs its notebook's path from the root, not %q", r.ID, r.Notebook)
	case !slices.Contains(verdicts, r.Verdict):
		return fmt.Errorf("claims: unknown verdict %q of %s", r.Verdict, r.ID)
	case r.Verdict == NotTestable && r.Command == "" && !r.byConstruction():
		return fmt.Errorf("claims: %s is not testable here: give the command that would test it", r.ID)
	case r.Verdict != NotTestable && (len(r.Ours) == 0 || r.Rule == nil):
		return fmt.Errorf("claims: %s is judged %q without figures or rule", r.ID, r.Verdict)
	}
	if err := r.Ours.check(r.Paper); err != nil {
		return fmt.Errorf("%w (claim %s)", err, r.ID)
	}
	return r.reapply()
}

// byConstruction reports a record whose rule says that nothing could test the claim on this model.
func (r *Record) byConstruction() bool { return r.Rule != nil && r.Rule.Kind == never }

// reapply judges the record's figures by its rule again.
func (r *Record) reapply() error {
	if r.Rule == nil {
		return nil
	}
	verdict, why, err := r.Rule.Apply(r.Ours)
	if err != nil {
		return fmt.Errorf("%w (claim %s)", err, r.ID)
	}
	if verdict != r.Verdict || why != r.Why {
		return fmt.Errorf("claims: the record of %s on %s says %q (%s), its rule gives %q on its figures (%s): run %s again",
			r.ID, r.Model, r.Verdict, r.Why, verdict, why, r.Notebook)
	}
	return nil
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
	c, err := Find(r.ID)
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, c.fileName(r.Model))
	if err := renameio.WriteFile(path, text.Bytes(), 0o644, renameio.WithTempDir(dir)); err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	return path, nil
}

// SaveAt is Save to Dir if the settings that the reader of a notebook can change are those that the
// record in git was made with, and otherwise says on standard output that it does not save.
// Settings are compared as fmt.Sprint shows them.
func (r *Record) SaveAt(settings, shipped []any) error {
	if now, then := fmt.Sprintf("%v", settings), fmt.Sprintf("%v", shipped); now != then {
		fmt.Printf("   not saved: the settings are %s, the record is of %s\n", now, then)
		return nil
	}
	_, err := r.Save("")
	return err
}

// Load reads the record of one claim on its own model from dir ("" for Dir). A claim without a
// record gives an error that wraps fs.ErrNotExist.
func Load(dir, id string) (*Record, error) {
	c, err := Find(id)
	if err != nil {
		return nil, err
	}
	return LoadOn(dir, id, c.Model)
}

// LoadOn is Load for a model by name.
func LoadOn(dir, id, model string) (*Record, error) {
	c, err := Find(id)
	if err != nil {
		return nil, err
	}
	if dir, err = orDefault(dir); err != nil {
		return nil, err
	}
	return load(filepath.Join(dir, c.fileName(model)))
}

// load reads a record, whose file must have the name that Save gives it.
func load(path string) (*Record, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	r, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c, err := Find(r.ID)
	if err != nil {
		return nil, err
	}
	if want := c.fileName(r.Model); want != filepath.Base(path) {
		return nil, fmt.Errorf("%s: claims: the file holds %s on %s, which belongs into %s", path, r.ID, r.Model, want)
	}
	return r, nil
}

// LoadAll reads every record in dir ("" for Dir), by claim; the claim's own model comes first,
// others by name. A missing folder holds none; a JSON file that is no record of a claim is an
// error.
func LoadAll(dir string) (map[string][]*Record, error) {
	dir, err := orDefault(dir)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json")) // in order
	if err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	records := map[string][]*Record{}
	for _, path := range files {
		r, err := load(path)
		if err != nil {
			return nil, err
		}
		if c, err := Find(r.ID); err == nil && r.Model == c.Model {
			records[r.ID] = slices.Insert(records[r.ID], 0, r)
			continue
		}
		records[r.ID] = append(records[r.ID], r)
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
