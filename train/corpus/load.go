package corpus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"firsttoken/train/corpus/shard"
	"firsttoken/train/corpus/synthetic"
	"firsttoken/train/local"
	"firsttoken/train/tokenizer"
)

// shardsVersion enters the key of shards. It changes when the same spec would give other tokens.
const shardsVersion = "1"

// Files of a folder of shards.
const (
	trainingFile   = "training.tokens"
	heldOutFile    = "held-out.tokens"
	provenanceFile = "provenance.json"
	tokenizerDir   = "tokenizer" // of a BPE trained here
)

// Data is what a model is trained and evaluated on: a corpus as tokens, or a synthetic task.
type Data struct {
	// Tokenizer made the tokens; nil for synthetic tasks.
	Tokenizer *tokenizer.Tokenizer
	// Task is the synthetic task; nil for documents.
	Task synthetic.Task
	// Provenance is what a result keeps of its data.
	Provenance Provenance

	folder            string // of the shards
	training, heldOut *shard.File
}

// Provenance says what shards hold and how they were made.
type Provenance struct {
	Spec Spec `json:"spec"`
	// Tokenizer is the tokenizer's fingerprint, V the size of its vocabulary.
	Tokenizer string `json:"tokenizer,omitempty"`
	V         int    `json:"vocab"`
	Training  Side   `json:"training,omitzero"`
	HeldOut   Side   `json:"held_out,omitzero"`
}

// Side is one side of a split corpus.
type Side struct {
	Summary
	Tokens int64 `json:"tokens"`
	// Digest is the SHA-256 of the tokens and of where documents start: see [shard.Writer.Digest].
	Digest string `json:"digest"`
}

// Load returns the data of a spec. The first time, its documents are tokenised into shards under
// the folder cache (empty: .data/shards of the checkout), which later calls map into memory: a
// subfolder for each combination of spec, state of the source, and tokenizer. Files count as
// changed when their size or time of change differs.
//
// In a bundle, the shards that it brings along for the spec (see [Prepare]) come first: their text
// is not there.
//
// Processes that want the same shards at once wait for the one that makes them. What an
// interruption leaves behind is never taken for whole, and is removed by the next attempt.
func Load(ctx context.Context, s Spec, cache string) (*Data, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if task := kinds[s.Kind].task; task != nil {
		t, err := task(&s)
		if err != nil {
			return nil, err
		}
		return &Data{Task: t, Provenance: Provenance{Spec: s, V: t.V()}}, nil
	}
	if bundled := local.BundledShards(); bundled != "" {
		if d, err := s.openPrepared(bundled); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return d, err
		}
	}
	if cache == "" {
		var err error
		if cache, err = local.DataDir("shards"); err != nil {
			return nil, err
		}
	}
	source, err := s.identity()
	if err != nil {
		return nil, err
	}
	tok, err := s.Tokenizer.load()
	if err != nil {
		return nil, err
	}
	made := "trained here" // how is in the spec
	if tok != nil {
		made = tok.Fingerprint()
	}
	b := builder{spec: s, tok: tok, folder: filepath.Join(cache, key(shardsVersion, source, made))}
	if d, err := b.open(); err == nil {
		return d, nil
	}
	unlock, err := b.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	d, err := b.open() // another process may have made them meanwhile
	if err == nil {
		return d, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		slog.Warn("making shards anew", "folder", b.folder, "because", err)
	}
	if err := b.build(ctx); err != nil {
		return nil, err
	}
	return b.open()
}

// builder makes and opens the shards of a spec.
type builder struct {
	spec   Spec
	tok    *tokenizer.Tokenizer // nil: trained while building
	folder string
}

// open opens shards that are there.
func (b builder) open() (*Data, error) {
	record, err := os.ReadFile(filepath.Join(b.folder, provenanceFile))
	if err != nil {
		return nil, err
	}
	d := &Data{Tokenizer: b.tok, folder: b.folder}
	if err := strictJSON(record, &d.Provenance); err != nil {
		return nil, fmt.Errorf("%s: %w", provenanceFile, err)
	}
	if d.Tokenizer == nil {
		if d.Tokenizer, err = (TokenizerSpec{Kind: TokenizerPretrained, Pretrained: filepath.Join(b.folder, tokenizerDir)}).load(); err != nil {
			return nil, err
		}
	}
	if d.Tokenizer.Fingerprint() != d.Provenance.Tokenizer || d.Tokenizer.VocabSize() != d.Provenance.V {
		return nil, fmt.Errorf("made with another tokenizer, %s", d.Provenance.Tokenizer)
	}
	if d.training, err = shard.Open(filepath.Join(b.folder, trainingFile)); err != nil {
		return nil, err
	}
	if d.heldOut, err = shard.Open(filepath.Join(b.folder, heldOutFile)); err != nil {
		return nil, errors.Join(err, d.training.Close())
	}
	for _, side := range []struct {
		file *shard.File
		want Side
	}{{d.training, d.Provenance.Training}, {d.heldOut, d.Provenance.HeldOut}} {
		if side.file.V() != d.Tokenizer.VocabSize() || side.file.Tokens() != side.want.Tokens {
			return nil, errors.Join(fmt.Errorf("%d tokens of %d instead of %d of %d", side.file.Tokens(), side.file.V(), side.want.Tokens, d.Tokenizer.VocabSize()), d.Close())
		}
	}
	return d, nil
}

// lock waits until no other process makes these shards.
func (b builder) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(b.folder), 0o755); err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	// The operating system lets go of the lock when a process dies. The file stays: removing it
	// could hand two processes a lock each.
	l := flock.New(b.folder+".lock", flock.SetPermissions(0o644))
	got, err := l.TryLock()
	if err == nil && !got {
		slog.Info("waiting for another process that makes the same shards", "folder", b.folder)
		_, err = l.TryLockContext(ctx, 100*time.Millisecond)
	}
	if err != nil {
		return nil, fmt.Errorf("corpus: locking %s: %w", l.Path(), err)
	}
	return func() { _ = l.Close() }, nil
}

// build makes the shards in a folder of another name, and gives it its name when all is there.
func (b builder) build(ctx context.Context) error {
	began := time.Now()
	partial := b.folder + ".partial"
	for _, leftover := range []string{partial, b.folder} {
		if err := os.RemoveAll(leftover); err != nil {
			return fmt.Errorf("corpus: removing what an earlier attempt left: %w", err)
		}
	}
	if err := os.Mkdir(partial, 0o755); err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	defer os.RemoveAll(partial)
	src, err := Open(b.spec)
	if err != nil {
		return err
	}
	slog.Info("tokenising, once", "source", src.Recipe())
	if b.tok == nil {
		if b.tok, err = b.trainBPE(src, partial); err != nil {
			return err
		}
	}
	record, err := b.tokenise(ctx, src, partial)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	if err := os.WriteFile(filepath.Join(partial, provenanceFile), data, 0o644); err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	if err := os.Rename(partial, b.folder); err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	slog.Info("tokenised", "training tokens", record.Training.Tokens, "held-out tokens", record.HeldOut.Tokens,
		"seconds", time.Since(began).Round(time.Second/10).Seconds())
	return nil
}

// trainBPE trains the spec's BPE on the training side, and keeps it in the folder.
func (b builder) trainBPE(src Source, folder string) (*tokenizer.Tokenizer, error) {
	training, _, _, err := b.spec.split(src)
	if err != nil {
		return nil, err
	}
	t, err := b.spec.Tokenizer.BPE.train(training.Documents())
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(folder, tokenizerDir)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	return t, t.Save(dir)
}

// specials are the ids that packing puts in, −1 where the tokenizer has none.
func (d *Data) specials() Specials {
	s := Specials{-1, -1}
	if id, ok := d.Tokenizer.BOS(); ok {
		s.BOS = id
	}
	if id, ok := d.Tokenizer.EOS(); ok {
		s.EOS = id
	}
	return s
}

// Training returns the windows to train on: t tokens each, packed as p says, in an order that the
// seed decides.
func (d *Data) Training(p Packing, t int, seed uint64) (Stream, error) {
	if d.Task != nil {
		return newTaskStream(d.Task, p, t, true, seed)
	}
	return TrainingWindows(d.training, p, d.specials(), t, seed)
}

// HeldOut returns the windows to evaluate on, in fixed order. They share no document with the
// training windows.
func (d *Data) HeldOut(p Packing, t int) (Stream, error) {
	if d.Task != nil {
		return newTaskStream(d.Task, p, t, false, 0)
	}
	return HeldOutWindows(d.heldOut, p, d.specials(), t)
}

// HeldOutDocuments returns the first n held-out documents of at least t tokens, whole, without
// ⟨bos⟩ or ⟨eos⟩. It is an error if there are fewer, or none because the data are a synthetic task.
func (d *Data) HeldOutDocuments(n, t int) ([][]int32, error) {
	if d.Task != nil {
		return nil, fmt.Errorf("corpus: kind %q is a synthetic task and has no documents: read HeldOut", d.Provenance.Spec.Kind)
	}
	var docs [][]int32
	for i := range d.heldOut.Documents() {
		if len(docs) == n {
			break
		}
		if size := d.heldOut.Len(i); size >= int64(t) {
			doc := make([]int32, size)
			if err := d.heldOut.Read(doc, i, 0); err != nil {
				return nil, err
			}
			docs = append(docs, doc)
		}
	}
	if len(docs) < n {
		return nil, fmt.Errorf("corpus: %d of %d held-out documents have %d tokens or more: %d are wanted, so ask for shorter ones or hold more out", len(docs), d.heldOut.Documents(), t, n)
	}
	return docs, nil
}

// V is the size of the vocabulary.
func (d *Data) V() int { return d.Provenance.V }

// Close lets go of the shards. No windows of theirs may be read afterwards.
func (d *Data) Close() error {
	if d.Task != nil {
		return nil
	}
	return errors.Join(d.training.Close(), d.heldOut.Close())
}
