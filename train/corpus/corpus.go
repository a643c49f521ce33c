// Package corpus goes the way from text to training windows: documents, tokens, packed windows with
// their masks.
//
// A [Source] is a list of documents in a fixed order behind one iterator. Six kinds exist:
//
//   - [OpenGoDoc]: the English comments of the Go standard library, found in the user's own toolchain, so that
//     a training run needs no download;
//   - [OpenGoSource]: the Go files themselves, for models of code bytes;
//   - [OpenSpeeches]: State of the Union addresses, which come with the repository and are the same everywhere;
//   - [OpenFiles]: text files, folders and globs;
//   - [OpenJSONL]: one JSON object a line, the text in a named field;
//   - [OpenHub]: a dataset of the Hugging Face hub.
//
// [Sample], [Split], [MinRunes], [MaxRunes] and [Dedup] derive one source from another. They decide
// by hashes of the text alone, so the same seed selects the same documents whatever the order, the
// machine or the folder they lie in. [Passages] cuts them into token sequences of one length, to
// measure a model on. [Summarize] counts a source and takes its fingerprint; a result keeps that
// beside its numbers.
//
// A [Spec] says all this in JSON, and names the tokenizer, or a synthetic task instead. [Load]
// makes it [Data]: tokens in memory-mapped shards, made once, training and held-out documents
// apart. A [Stream] hands out its windows of T tokens in batches, packed as [Packing] says. Which
// windows a step reads is computed from seed and step alone.
package corpus

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"unicode/utf8"
)

// Document is one text and where it came from.
type Document struct {
	// Name is the provenance: a slash path, followed by #L and the 1-based line where the text
	// begins if the file holds several documents: "net/http/server.go#L12".
	Name string
	// Text is the document. It may hold invalid UTF-8 if the file does; see [Document.ValidUTF8].
	Text string
}

// ValidUTF8 reports whether the text is valid UTF-8. Sources over files keep invalid bytes as they
// are, since a byte-level tokenizer can train on them; [Summarize] names the documents concerned.
func (d Document) ValidUTF8() bool { return utf8.ValidString(d.Text) }

// Source is an ordered list of documents that can be read any number of times.
type Source interface {
	// Documents yields every document in the source's fixed order. An error comes with a zero
	// Document and ends the iteration.
	Documents() iter.Seq2[Document, error]
	// Recipe states in one line what is read and with which options, derivations included. It holds
	// the version of the toolchain for Go sources, but says nothing of the content of files: for
	// that, see [Summarize].
	Recipe() string
	// Warnings lists what was left out and why, known when the source was opened.
	Warnings() []string
}

// recipe states a kind of source and its configuration.
func recipe(kind string, cfg any) string {
	options, err := json.Marshal(cfg)
	if err != nil {
		panic(err) // unreachable: configurations are structs of strings, numbers and flags
	}
	return fmt.Sprintf("%s %s", kind, options)
}

// Memory is a [Source] over documents held in memory.
type Memory struct {
	recipe   string
	docs     []Document
	warnings []string
}

// NewMemory returns a source over docs; recipe says where they came from.
func NewMemory(recipe string, docs ...Document) *Memory {
	return &Memory{recipe: recipe, docs: docs}
}

// Documents implements [Source].
func (m *Memory) Documents() iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for _, d := range m.docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// Recipe implements [Source].
func (m *Memory) Recipe() string { return m.recipe }

// Warnings implements [Source].
func (m *Memory) Warnings() []string { return slices.Clone(m.warnings) }

// Collect reads a whole source into memory.
func Collect(src Source) ([]Document, error) {
	var docs []Document
	for d, err := range src.Documents() {
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}
