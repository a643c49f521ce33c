package claims

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"time"
)

// Former is a verdict that was once on record and the rule that gave it. It stays on file when the
// rule, or what it is asked of, is replaced: a reader is to see which verdicts changed, and why.
type Former struct {
	ID      string  `json:"id"`
	Model   string  `json:"model"` // of the record that took its place
	Verdict Verdict `json:"verdict"`
	Rule    string  `json:"rule"`   // in words
	Until   string  `json:"until"`  // the day it was replaced, 2006-01-02
	Reason  string  `json:"reason"` // what was wrong
}

//go:embed history.json
var historyText []byte

// History lists former verdicts, in order of claims, older ones first.
func History() ([]Former, error) { return parseHistory(historyText) }

// parseHistory reads them strictly.
func parseHistory(text []byte) ([]Former, error) {
	var list []Former
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil {
		return nil, fmt.Errorf("claims: history: %w", err)
	}
	for i, f := range list {
		if _, err := Find(f.ID); err != nil {
			return nil, fmt.Errorf("history, entry %d: %w", i+1, err)
		}
		if _, err := time.Parse(time.DateOnly, f.Until); err != nil || f.Model == "" || f.Verdict == "" || f.Rule == "" || f.Reason == "" {
			return nil, fmt.Errorf("claims: history, entry %d of %s lacks a field or has no date: %+v", i+1, f.ID, f)
		}
	}
	return list, nil
}
