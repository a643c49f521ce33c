package corpus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"firsttoken/train/corpus/speeches"
	"firsttoken/train/corpus/synthetic"
)

// Kind names what a [Spec] reads.
type Kind string

const (
	KindGoDoc    Kind = "godoc"
	KindGoSource Kind = "gosource"
	KindSpeeches Kind = "speeches"
	KindFiles    Kind = "files"
	KindJSONL    Kind = "jsonl"
	KindHub      Kind = "hub"
	// The synthetic tasks have no documents, so nothing is derived from them or tokenised.
	KindBackcopy    Kind = "backcopy"
	KindTriggerMean Kind = "trigger-mean"
)

// Spec describes the text that a model is trained and evaluated on, down to its tokens: the source,
// what is derived from it, and the tokenizer. Start from [DefaultSpec]; JSON does so itself, so
// that a file names only what differs:
//
//	{"kind": "godoc", "godoc": {"unit": "block"}, "held_out": 0.1, "tokenizer": {"kind": "bpe", "bpe": {"vocab": 2048}}}
//
// Unknown fields are errors.
type Spec struct {
	Kind Kind `json:"kind"`

	// The options of the kind; those of all others are nil.
	GoDoc    *GoDocConfig    `json:"godoc,omitempty"`
	GoSource *GoSourceConfig `json:"gosource,omitempty"`
	Speeches *SpeechesConfig `json:"speeches,omitempty"`
	Files    *FilesConfig    `json:"files,omitempty"`
	JSONL    *JSONLConfig    `json:"jsonl,omitempty"`
	Hub      *HubConfig      `json:"hub,omitempty"`

	Backcopy    *synthetic.BackcopyConfig    `json:"backcopy,omitempty"`
	TriggerMean *synthetic.TriggerMeanConfig `json:"trigger_mean,omitempty"`

	// MinRunes and MaxRunes keep the documents of so many characters: see [MinRunes], [MaxRunes].
	// 0: no limit.
	MinRunes int `json:"min_runes"`
	MaxRunes int `json:"max_runes"`
	// Dedup keeps one document of each normal form: see [Dedup].
	Dedup bool `json:"dedup"`
	// Sample draws so many documents at random: see [Sample]. 0: all of them.
	Sample     int    `json:"sample"`
	SampleSeed uint64 `json:"sample_seed"`
	// HeldOut is the share of the documents that is kept from training, and SplitSeed draws them:
	// see [Split].
	HeldOut   float64 `json:"held_out"`
	SplitSeed uint64  `json:"split_seed"`
	// NearDuplicates puts documents that share more than this part of their lines, such as 0.5, on
	// one side of the split: see [SplitGroups]. 0: only those of the same words.
	NearDuplicates float64 `json:"near_duplicates,omitempty"`

	Tokenizer TokenizerSpec `json:"tokenizer,omitzero"`
}

// DefaultSpec holds 5 % of the documents out and reads bytes. Kinds that read something named by
// the user need its name filled in. An unknown kind is left for Validate to report.
func DefaultSpec(kind Kind) Spec {
	k, ok := kinds[kind]
	if ok && k.task != nil {
		s := Spec{Kind: kind}
		k.reset(&s)
		return s
	}
	s := Spec{Kind: kind, SampleSeed: 1, HeldOut: 0.05, SplitSeed: 1, Tokenizer: DefaultTokenizerSpec(TokenizerBytes)}
	if ok {
		k.reset(&s)
	}
	return s
}

// sourceKind is what a Spec needs to know of a kind.
type sourceKind struct {
	// reset sets the kind's options to their default.
	reset func(*Spec)
	// options returns the kind's options, nil if they are not set.
	options func(*Spec) validator
	// open opens the documents; nil for synthetic tasks.
	open func(*Spec) (Source, error)
	// identity tells states of what the source reads apart without reading its text: see
	// [Spec.identity].
	identity func(*Spec) (string, error)
	// task makes a synthetic task; nil for documents.
	task func(*Spec) (synthetic.Task, error)
}

type validator interface{ Validate() error }

// kinds is filled in by init, since the functions refer to Spec's methods.
var kinds map[Kind]sourceKind

func init() {
	kinds = map[Kind]sourceKind{
		KindGoDoc: {
			reset:    func(s *Spec) { s.GoDoc = new(DefaultGoDocConfig()) },
			options:  func(s *Spec) validator { return orNil(s.GoDoc) },
			open:     func(s *Spec) (Source, error) { return OpenGoDoc(*s.GoDoc) },
			identity: func(s *Spec) (string, error) { return s.GoDoc.identity() },
		},
		KindGoSource: {
			reset:    func(s *Spec) { s.GoSource = new(DefaultGoSourceConfig()) },
			options:  func(s *Spec) validator { return orNil(s.GoSource) },
			open:     func(s *Spec) (Source, error) { return OpenGoSource(*s.GoSource) },
			identity: func(s *Spec) (string, error) { return s.GoSource.identity() },
		},
		KindSpeeches: {
			reset:    func(s *Spec) { s.Speeches = &SpeechesConfig{} },
			options:  func(s *Spec) validator { return orNil(s.Speeches) },
			open:     func(s *Spec) (Source, error) { return OpenSpeeches(*s.Speeches) },
			identity: func(*Spec) (string, error) { return speeches.Digest() },
		},
		KindFiles: {
			reset:    func(s *Spec) { s.Files = new(DefaultFilesConfig()) },
			options:  func(s *Spec) validator { return orNil(s.Files) },
			open:     func(s *Spec) (Source, error) { return OpenFiles(*s.Files) },
			identity: func(s *Spec) (string, error) { return pathsIdentity(s.Files.Paths, s.Files.MaxBytes) },
		},
		KindJSONL: {
			reset:    func(s *Spec) { s.JSONL = new(DefaultJSONLConfig()) },
			options:  func(s *Spec) validator { return orNil(s.JSONL) },
			open:     func(s *Spec) (Source, error) { return OpenJSONL(*s.JSONL) },
			identity: func(s *Spec) (string, error) { return pathsIdentity(s.JSONL.Paths, maxFileSize) },
		},
		KindHub: {
			reset:    func(s *Spec) { s.Hub = new(DefaultHubConfig("")) },
			options:  func(s *Spec) validator { return orNil(s.Hub) },
			open:     func(s *Spec) (Source, error) { return OpenHub(*s.Hub) },
			identity: func(s *Spec) (string, error) { return s.Hub.identity() },
		},
		KindBackcopy: {
			reset:   func(s *Spec) { s.Backcopy = new(synthetic.DefaultBackcopyConfig()) },
			options: func(s *Spec) validator { return orNil(s.Backcopy) },
			task:    func(s *Spec) (synthetic.Task, error) { return synthetic.NewBackcopy(*s.Backcopy) },
		},
		KindTriggerMean: {
			reset:   func(s *Spec) { s.TriggerMean = new(synthetic.DefaultTriggerMeanConfig()) },
			options: func(s *Spec) validator { return orNil(s.TriggerMean) },
			task:    func(s *Spec) (synthetic.Task, error) { return synthetic.NewTriggerMean(*s.TriggerMean) },
		},
	}
}

// orNil returns a nil interface for a nil pointer.
func orNil[T validator](options *T) validator {
	if options == nil {
		return nil
	}
	return *options
}

// UnmarshalJSON reads a spec on top of the default of its kind. Unknown fields are errors.
func (s *Spec) UnmarshalJSON(data []byte) error {
	var head struct {
		Kind Kind `json:"kind"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return fmt.Errorf("corpus: Spec: %w", err)
	}
	type plain Spec // without this method
	filled := plain(DefaultSpec(head.Kind))
	if err := strictJSON(data, &filled); err != nil {
		return fmt.Errorf("corpus: Spec: %w", err)
	}
	*s = Spec(filled)
	return nil
}

// strictJSON decodes one JSON value on top of what v holds. Fields that v does not have are errors.
func strictJSON(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// ParseSpec reads a spec from a JSON file and validates it.
func ParseSpec(r io.Reader) (Spec, error) {
	dec := json.NewDecoder(r)
	var s Spec
	if err := dec.Decode(&s); err != nil {
		return Spec{}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Spec{}, errors.New("corpus: Spec: there is more behind the closing brace: a file holds one spec")
	}
	return s, s.Validate()
}

// Validate reports the first field that makes no sense.
func (s Spec) Validate() error {
	own, ok := kinds[s.Kind]
	if !ok {
		return fmt.Errorf("corpus: Spec.Kind is %q: use one of %q", s.Kind, kindNames())
	}
	for _, kind := range kindNames() {
		if kind != s.Kind && kinds[kind].options(&s) != nil {
			return fmt.Errorf("corpus: Spec has options of kind %q, but its kind is %q: remove them", kind, s.Kind)
		}
	}
	options := own.options(&s)
	if options == nil {
		return fmt.Errorf("corpus: Spec of kind %q has no options: start from DefaultSpec(%[1]q)", s.Kind)
	}
	if err := options.Validate(); err != nil {
		return err
	}
	if own.task != nil {
		bare := Spec{Kind: s.Kind, Backcopy: s.Backcopy, TriggerMean: s.TriggerMean}
		if s != bare {
			return fmt.Errorf("corpus: Spec of kind %q has fields for documents: a synthetic task has none to select, split or tokenise, so start from DefaultSpec(%[1]q)", s.Kind)
		}
		return nil
	}
	switch {
	case s.MinRunes < 0 || s.MaxRunes < 0:
		return fmt.Errorf("corpus: Spec.MinRunes is %d and MaxRunes %d: use 0 for no limit", s.MinRunes, s.MaxRunes)
	case s.MaxRunes > 0 && s.MaxRunes < s.MinRunes:
		return fmt.Errorf("corpus: Spec.MaxRunes is %d, below MinRunes = %d: no document is both", s.MaxRunes, s.MinRunes)
	case s.Sample < 0:
		return fmt.Errorf("corpus: Spec.Sample is %d: use 0 for all documents", s.Sample)
	case !(s.NearDuplicates >= 0 && s.NearDuplicates < 1):
		return fmt.Errorf("corpus: Spec.NearDuplicates is %v: give a share of lines below 1, such as 0.5, or 0 to split document by document", s.NearDuplicates)
	case !(s.HeldOut > 0 && s.HeldOut < 1):
		return fmt.Errorf("corpus: Spec.HeldOut is %v: give a share between 0 and 1, such as 0.05", s.HeldOut)
	}
	return s.Tokenizer.Validate()
}

func kindNames() []Kind {
	var names []Kind
	for k := range kinds {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

// Open opens the documents that a spec describes, before they are split and tokenised.
func Open(s Spec) (Source, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if kinds[s.Kind].open == nil {
		return nil, fmt.Errorf("corpus: kind %q is a synthetic task and has no documents: use Load", s.Kind)
	}
	src, err := kinds[s.Kind].open(&s)
	if err != nil {
		return nil, err
	}
	if s.MinRunes > 0 {
		src = MinRunes(src, s.MinRunes)
	}
	if s.MaxRunes > 0 {
		src = MaxRunes(src, s.MaxRunes)
	}
	if s.Dedup {
		src = Dedup(src)
	}
	if s.Sample > 0 {
		return Sample(src, s.Sample, s.SampleSeed)
	}
	return src, nil
}
