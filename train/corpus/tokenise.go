package corpus

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"firsttoken/train/corpus/shard"
	"firsttoken/train/tokenizer"
)

// chunkBytes is how much text is tokenised at a time, on all cores: enough to keep them busy,
// little enough for any memory.
const chunkBytes = 4 << 20

// tokenise writes both sides of the source to shards in a folder.
func (b builder) tokenise(ctx context.Context, src Source, folder string) (record Provenance, err error) {
	record = Provenance{Spec: b.spec, Tokenizer: b.tok.Fingerprint(), V: b.tok.VocabSize()}
	training, err := newSide(filepath.Join(folder, trainingFile), b.tok)
	if err != nil {
		return record, err
	}
	defer func() { err = errors.Join(err, training.writer.Close()) }()
	heldOut, err := newSide(filepath.Join(folder, heldOutFile), b.tok)
	if err != nil {
		return record, err
	}
	defer func() { err = errors.Join(err, heldOut.writer.Close()) }()
	trainSource, heldSource, isHeld, err := b.spec.split(src)
	if err != nil {
		return record, err
	}
	var chunk []Document
	bytes := 0
	flush := func() error {
		held := mapParallel(len(chunk), func(i int) bool { return isHeld(chunk[i]) })
		ids := mapParallel(len(chunk), func(i int) encoded { return encode(b.tok, chunk[i].Text) })
		for i, d := range chunk {
			side := training
			if held[i] {
				side = heldOut
			}
			if err := side.add(d, ids[i]); err != nil {
				return err
			}
		}
		chunk, bytes = chunk[:0], 0
		return ctx.Err()
	}
	for d, err := range src.Documents() {
		if err != nil {
			return record, err
		}
		chunk = append(chunk, d)
		if bytes += len(d.Text); bytes >= chunkBytes {
			if err := flush(); err != nil {
				return record, err
			}
		}
	}
	if err := flush(); err != nil {
		return record, err
	}
	if record.Training, err = training.commit(trainSource); err != nil {
		return record, fmt.Errorf("corpus: training side: %w", err)
	}
	if record.HeldOut, err = heldOut.commit(heldSource); err != nil {
		return record, fmt.Errorf("corpus: held-out side: %w", err)
	}
	return record, nil
}

type encoded struct {
	ids []int32
	err error
}

func encode(t *tokenizer.Tokenizer, text string) encoded {
	ids, err := t.Encode(text, tokenizer.EncodeOptions{})
	return encoded{ids, err}
}

// sideWriter writes one side of a split.
type sideWriter struct {
	writer   *shard.Writer
	sums     *summarizer
	skipped  []string // the first names of documents left out
	nSkipped int
	reason   error // why the first was
}

func newSide(path string, t *tokenizer.Tokenizer) (*sideWriter, error) {
	w, err := shard.Create(path, t.VocabSize())
	if err != nil {
		return nil, err
	}
	return &sideWriter{writer: w, sums: newSummarizer()}, nil
}

// add appends a document, unless the tokenizer has no tokens for it: some vocabularies lack control
// characters.
func (s *sideWriter) add(d Document, e encoded) error {
	if e.err != nil {
		if s.nSkipped++; s.nSkipped <= namesShown {
			s.skipped = append(s.skipped, d.Name)
		}
		if s.reason == nil {
			s.reason = e.err
		}
		return nil
	}
	s.sums.add(d)
	return s.writer.Add(e.ids)
}

// commit completes the shard.
func (s *sideWriter) commit(src Source) (Side, error) {
	documents, tokens := s.writer.Count()
	if tokens < 2 {
		return Side{}, fmt.Errorf("%d documents, %d tokens: give more text, or another HeldOut or SplitSeed (%s)", documents, tokens, src.Recipe())
	}
	side := Side{Summary: s.sums.summary(src.Recipe(), src.Warnings()), Tokens: tokens, Digest: s.writer.Digest()}
	if s.nSkipped > 0 {
		side.Warnings = append(side.Warnings, fmt.Sprintf("left out %d documents that the tokenizer cannot encode: %s (the first: %v)",
			s.nSkipped, firstNames(s.skipped, s.nSkipped), s.reason))
	}
	return side, s.writer.Commit()
}
