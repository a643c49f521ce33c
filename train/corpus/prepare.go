package corpus

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Prepare leaves the shards of a spec in a subfolder of dir, to be read where their text is not:
// under a name that follows from the spec alone. It makes them if [Load] has not. A synthetic task
// has none.
func Prepare(ctx context.Context, s Spec, dir string) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if kinds[s.Kind].task != nil {
		return nil
	}
	if s.Tokenizer.Kind == TokenizerPretrained {
		return fmt.Errorf("corpus: tokenizer %s: shards that travel bring only a tokenizer trained on their text (kind %q) or none (%q)",
			s.Tokenizer.Pretrained, TokenizerBPE, TokenizerBytes)
	}
	d, err := Load(ctx, s, "")
	if err != nil {
		return err
	}
	if err := d.Close(); err != nil {
		return err
	}
	to, err := s.prepared(dir)
	if err != nil {
		return err
	}
	if err := os.CopyFS(to, os.DirFS(d.folder)); err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	return nil
}

// prepared is the subfolder of dir in which Prepare leaves a spec's shards.
func (s Spec) prepared(dir string) (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("corpus: %w", err)
	}
	return filepath.Join(dir, key(shardsVersion, string(text))), nil
}

// openPrepared opens what Prepare left in dir. The error is fs.ErrNotExist where it did not.
func (s Spec) openPrepared(dir string) (*Data, error) {
	folder, err := s.prepared(dir)
	if err != nil {
		return nil, err
	}
	tok, err := s.Tokenizer.load()
	if err != nil {
		return nil, err
	}
	d, err := builder{spec: s, tok: tok, folder: folder}.open()
	if err != nil {
		return nil, fmt.Errorf("corpus: shards of this bundle, %s: %w", folder, err)
	}
	return d, nil
}
