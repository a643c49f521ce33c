package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"time"

	"firsttoken/sinks/cmd/internal/cli"
	"firsttoken/sinks/eviction"
	"firsttoken/sinks/probe"
	"firsttoken/train/heap/single"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
)

// result is what is printed of a document.
type result struct {
	MeanLoss        float64              `json:"mean_loss"`         // nats, over all targets
	Losses          []float32            `json:"losses"`            // by target, from token 2 on
	Kept            map[string][][]int32 `json:"kept"`              // layer, 0-based → [KV head][positions]
	KeptShareFirst4 float64              `json:"kept_share_first4"` // of tokens 1 to 4, over layers and KV heads
	KeptShareToken1 float64              `json:"kept_share_token1"`
	TokensPerSecond float64              `json:"tokens_per_s"`
	PeakBytes       int64                `json:"peak_bytes"` // of the process
	Generated       string               `json:"generated,omitempty"`
}

// stream reads the documents and prints what came of each.
func stream(o *options, stdin io.Reader, stdout io.Writer) error {
	b, _, err := backend.Open()
	if err != nil {
		return err
	}
	var docs [][]int32
	var own error // what is wrong with the texts is not the model's
	m, err := pretrained.LoadRehearsed(b, o.model, o.load, func(m *pretrained.Loaded) error {
		docs, own = o.rehearse(m, stdin)
		return own
	})
	if own != nil {
		return own
	}
	if err != nil {
		return err
	}
	defer m.Close()
	debug.FreeOSMemory() // what the files were read through
	if !o.json {
		fmt.Fprintf(stdout, "| document | tokens | loss | token 1 kept | tokens 1–4 kept | tokens/s | peak memory |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	}
	for i, ids := range docs {
		r, err := read(o, m, ids, stdout)
		if err != nil {
			return fmt.Errorf("document %d: %w", i+1, err)
		}
		if o.json {
			if err := json.NewEncoder(stdout).Encode(r); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(stdout, "| %d | %d | %.4f | %.0f %% | %.0f %% | %.0f | %.0f MiB |\n", i+1, len(ids), r.MeanLoss,
			100*r.KeptShareToken1, 100*r.KeptShareFirst4, r.TokensPerSecond, float64(r.PeakBytes)/(1<<20))
	}
	return nil
}

// rehearse reads what there is to read, and compiles what the longest text needs.
func (o *options) rehearse(m *pretrained.Loaded, stdin io.Reader) ([][]int32, error) {
	docs, err := documents(o, m, stdin)
	if err != nil || o.policy == nil {
		return docs, err
	}
	longest := 0
	for i, ids := range docs {
		if len(ids) > len(docs[longest]) {
			longest = i
		}
	}
	if err := probe.RehearseStream(m.Model, docs[longest], o.reading(docs[longest])); err != nil {
		return nil, fmt.Errorf("document %d: %w", longest+1, err)
	}
	single.GiveBack()
	return docs, nil
}

func documents(o *options, m *pretrained.Loaded, stdin io.Reader) ([][]int32, error) {
	if o.ids != "" {
		data, err := cli.ReadFile(o.ids, stdin)
		if err != nil {
			return nil, err
		}
		if one := []any{}; json.Unmarshal(data, &one) == nil && len(one) > 0 {
			if _, flat := one[0].(float64); flat { // one document
				data = slices.Concat([]byte("["), data, []byte("]"))
			}
		}
		docs, err := cli.ParseIDs(o.ids, data)
		if err != nil {
			return nil, fmt.Errorf("neither a list of token ids nor a list of such lists: %w", err)
		}
		for i, d := range docs {
			if len(d) < 2 {
				return nil, fmt.Errorf("document %d has %d tokens: a loss needs two", i+1, len(d))
			}
		}
		return docs, nil
	}
	text, err := cli.ReadText(o.text, stdin)
	if err != nil {
		return nil, err
	}
	ids, err := m.Tokenizer.Encode(text, tokenizer.EncodeOptions{})
	if err == nil && o.bos {
		ids, err = m.Tokenizer.ApplyBOS(ids, tokenizer.BOSAdd)
	}
	if err == nil && len(ids) < 2 {
		err = fmt.Errorf("%s has %d tokens: a loss needs two", o.text, len(ids))
	}
	return [][]int32{ids}, err
}

// reading is how a document is read.
func (o *options) reading(ids []int32) probe.StreamOptions {
	so := probe.StreamOptions{Policy: o.policy, Entries: o.cache, Block: o.block, Shifted: o.shifted, Generate: o.generate}
	if o.policy == nil {
		so.Policy, so.Entries = eviction.Window{}, len(ids)+o.generate
	}
	return so
}

// read is one document through a cache of its own.
func read(o *options, m *pretrained.Loaded, ids []int32, stdout io.Writer) (*result, error) {
	so := o.reading(ids)
	if o.generate > 0 && !o.json {
		so.OnToken = func(id int32) error {
			text, err := m.Tokenizer.Decode([]int32{id})
			if err == nil {
				fmt.Fprintf(stdout, "%s", text)
			}
			return err
		}
	}
	started := time.Now()
	s, err := probe.Stream(m.Model, ids, so)
	if err != nil {
		return nil, err
	}
	r := &result{
		MeanLoss: s.MeanLoss(), Losses: s.Loss, Kept: map[string][][]int32{}, PeakBytes: peak(),
		TokensPerSecond: float64(len(ids)+len(s.Generated)) / time.Since(started).Seconds(),
		KeptShareToken1: s.KeptShare(1), KeptShareFirst4: s.KeptShare(4),
	}
	for l, heads := range s.Kept {
		r.Kept[fmt.Sprint(l)] = heads
	}
	if len(s.Generated) > 0 {
		text, err := m.Tokenizer.Decode(s.Generated)
		if err != nil {
			return nil, err
		}
		r.Generated = string(text)
		if !o.json {
			fmt.Fprintln(stdout)
		}
	}
	return r, nil
}
