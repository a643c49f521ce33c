package corpus

import (
	"fmt"

	"firsttoken/train/corpus/speeches"
)

// SpeechesConfig configures [OpenSpeeches]. The zero value reads them all.
type SpeechesConfig struct {
	// From and To are the first and the last year read, both included; 0: no limit.
	From int `json:"from,omitempty"`
	To   int `json:"to,omitempty"`
}

// Validate reports years between which there can be no speech.
func (c SpeechesConfig) Validate() error {
	if c.From < 0 || c.To < 0 || c.To > 0 && c.To < c.From {
		return fmt.Errorf("corpus: SpeechesConfig: from %d to %d: give years in order, 0 for no limit", c.From, c.To)
	}
	return nil
}

// OpenSpeeches opens the State of the Union addresses that come with the repository, one document
// an address, in order of years; names are such as "speeches/1961-john-f-kennedy".
func OpenSpeeches(cfg SpeechesConfig) (*Memory, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	all, err := speeches.All()
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	m := &Memory{recipe: recipe("State of the Union addresses", cfg)}
	for _, s := range all {
		if s.Year >= cfg.From && (cfg.To == 0 || s.Year <= cfg.To) {
			m.docs = append(m.docs, Document{Name: "speeches/" + s.Name(), Text: s.Text})
		}
	}
	if len(m.docs) == 0 {
		return nil, fmt.Errorf("corpus: no speech from %d to %d: there are some from %d to %d", cfg.From, cfg.To, all[0].Year, all[len(all)-1].Year)
	}
	return m, nil
}
