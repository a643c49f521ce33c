package pretrained

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// What files on the hub have that is odd and does no harm: it is read, with a warning.

// wrappers are what training programs leave in front of all names of tensors.
var wrappers = map[string]string{
	"_orig_mod.": "torch.compile", "module.": "data-parallel training", "_forward_module.": "a training wrapper", "base_model.": "a training wrapper",
}

// rename makes the names of tensors those that the layout expects, where all of them have a
// wrapper's prefix or lack the family's own. The warnings say what was done.
func (f *folder) rename(lay layout) (warnings []string) {
	embed := lay.sources["embed"].tensor
	has := func(name func(string) string) bool {
		for _, p := range append(slices.Clone(lay.prefixes), "") {
			if _, ok := f.where[name(p+embed)]; ok {
				return true
			}
		}
		return false
	}
	prefix := ""
	for !has(func(name string) string { return prefix + name }) {
		next := ""
		for w := range wrappers {
			if f.allBegin(prefix + w) {
				next = w
			}
		}
		if next == "" {
			return append(warnings, f.addFamily(embed, prefix)...)
		}
		warnings = append(warnings, fmt.Sprintf("names of tensors begin with %s, as %s leaves them: read as if they did not", next, wrappers[next]))
		prefix += next
	}
	f.strip(prefix, "")
	return warnings
}

func (f *folder) allBegin(prefix string) bool {
	for name := range f.where {
		if !strings.HasPrefix(name, prefix) {
			return false
		}
	}
	return len(f.where) > 0
}

// addFamily puts the family's own prefix before names that lack it, as a base model's do
// that was saved without its output.
func (f *folder) addFamily(embed, prefix string) []string {
	family, rest, ok := strings.Cut(embed, ".")
	if _, bare := f.where[prefix+rest]; !ok || !bare {
		return nil
	}
	f.strip(prefix, family+".")
	return []string{fmt.Sprintf("names of tensors lack the prefix %s., as those of a base model: read as if they had it", family)}
}

// strip takes a prefix off all names, and puts another before those that are not an output's.
func (f *folder) strip(prefix, add string) {
	if prefix == "" && add == "" {
		return
	}
	f.stored = map[string]string{}
	where := map[string]*shard{}
	for name, s := range f.where {
		to := strings.TrimPrefix(name, prefix)
		if !strings.HasPrefix(to, "lm_head.") && !strings.HasPrefix(to, "embed_out.") {
			to = add + to
		}
		where[to], f.stored[to] = s, name
	}
	f.where = where
}

// settleOutput compares what the configuration says of the output matrix with what there
// is: a copy of the embedding is dropped, another matrix is used. The warnings say so.
func (f *folder) settleOutput(c *transformer.Config, lay layout) ([]string, error) {
	under := lay.under(f.dims())
	output, _ := under.source("output")
	embed, _ := under.source("embed")
	if !c.TiedOutput || f.where[output.tensor] == nil || f.where[embed.tensor] == nil {
		return nil, nil
	}
	same, err := f.same(embed.tensor, output.tensor)
	if err != nil {
		return nil, err
	}
	if !same {
		c.TiedOutput = false
		return []string{fmt.Sprintf("tie_word_embeddings is true, but %s is not the embedding: it is used", output.tensor)}, nil
	}
	delete(f.where, output.tensor)
	return nil, nil
}

// same reports whether two tensors hold the same numbers in the same type and shape.
func (f *folder) same(a, b string) (bool, error) {
	sa, sb := f.where[a], f.where[b]
	ia, ib := f.info(a), f.info(b)
	if ia.DType != ib.DType || !slices.Equal(ia.Shape, ib.Shape) {
		return false, nil
	}
	ra, rb := io.NewSectionReader(sa.file, ia.Offset, ia.Size), io.NewSectionReader(sb.file, ib.Offset, ib.Size)
	pa, pb := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		k, err := io.ReadFull(ra, pa)
		if _, errB := io.ReadFull(rb, pb[:k]); errB != nil {
			return false, fmt.Errorf("%s: %w", sb.path, errB)
		}
		if !bytes.Equal(pa[:k], pb[:k]) {
			return false, nil
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return true, nil
		default:
			return false, fmt.Errorf("%s: %w", sa.path, err)
		}
	}
}

// checkVocabulary compares a tokenizer with the embedding's rows. More rows are padding that
// no token reaches; added tokens beyond them can be had, but not used.
func checkVocabulary(t *tokenizer.Tokenizer, rows int) (warnings []string, err error) {
	n := t.VocabSize()
	if n <= rows {
		return nil, nil
	}
	var beyond []string
	for id := rows; id < n; id++ {
		if !t.IsAdded(int32(id)) {
			return nil, fmt.Errorf("the tokenizer has %d tokens, the embedding only %d rows: they are not of one model", n, rows)
		}
		beyond = append(beyond, t.Token(int32(id)))
	}
	if len(beyond) > 4 {
		beyond = append(beyond[:4], "…")
	}
	return []string{fmt.Sprintf("the tokenizer has %d added tokens beyond the embedding's %d rows (%s): texts that spell one are refused",
		n-rows, rows, strings.Join(beyond, ", "))}, nil
}
