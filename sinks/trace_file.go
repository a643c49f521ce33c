package sinks

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"firsttoken/internal/safetensors"
)

// traceFormat marks our files and their version.
const traceFormat = "firsttoken.trace/1"

// identity is the part of a Trace that travels in the file's metadata.
type identity struct {
	Model      string            `json:"model"`
	BOS        string            `json:"bos"`
	T          int               `json:"T"`
	L          int               `json:"L"`
	H          int               `json:"H"`
	K          int               `json:"K"`
	D          int               `json:"D"`
	Acausal    bool              `json:"acausal,omitempty"`
	Warnings   []string          `json:"warnings,omitempty"`
	Provenance map[string]string `json:"provenance,omitempty"`
	Own        map[string]*Own   `json:"own,omitempty"`
}

// Save writes the trace to one safetensors file: a tensor for each recorded
// field under its Go name, the identity as JSON in the metadata. The file at
// path is replaced as a whole or left as it was. Equal traces give equal bytes.
func (t *Trace) Save(path string) error {
	metadata, tensors, err := t.encode()
	if err != nil {
		return err
	}
	return safetensors.WriteFile(path, metadata, tensors)
}

// Load reads a trace that Save wrote.
func Load(path string) (*Trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("sinks: %w", err)
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("sinks: %w", err)
	}
	t, err := ReadTrace(f, stat.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// ReadTrace reads a trace file of size bytes. It accepts only what Save can
// have written: unknown tensors and shapes that disagree are errors. It does
// not judge the numbers; Check does.
func ReadTrace(r io.ReaderAt, size int64) (*Trace, error) {
	header, err := safetensors.ParseHeader(r, size)
	if err != nil {
		return nil, err
	}
	if format := header.Metadata["format"]; format != traceFormat {
		return nil, fmt.Errorf("sinks: not a trace: format %q instead of %q", format, traceFormat)
	}
	t, err := decodeIdentity(header.Metadata["trace"])
	if err != nil {
		return nil, err
	}
	if err := t.checkShapes(); err != nil {
		return nil, err
	}
	in := tensorReader{r: r, header: header, left: map[string]bool{}}
	for _, info := range header.Tensors {
		in.left[info.Name] = true
	}
	for _, f := range t.fields() {
		want := make([]int, len(f.dims))
		for i, d := range f.dims {
			want[i] = t.extent(d)
		}
		data, shape, err := in.take(f.name, safetensors.F32, want...)
		if err != nil {
			return nil, err
		}
		if data != nil {
			f.assign(unflatten(data, shape))
		}
	}
	if t.IDs, err = in.takeInts("IDs", t.T); err != nil {
		return nil, err
	}
	if t.Top1, err = in.takeInts("Top1", t.T); err != nil {
		return nil, err
	}
	if t.Tokens, err = in.takeTokens(t.T); err != nil {
		return nil, err
	}
	for name := range in.left {
		return nil, fmt.Errorf("sinks: unknown tensor %q in a trace", name)
	}
	return t, nil
}

// decodeIdentity reads the metadata's JSON into a trace without fields.
func decodeIdentity(text string) (*Trace, error) {
	var id identity
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&id); err != nil {
		return nil, fmt.Errorf("sinks: identity of the trace: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("sinks: identity of the trace: text after the JSON object")
	}
	for name, o := range id.Own {
		if o == nil {
			return nil, fmt.Errorf("sinks: identity of the trace: nothing is said of its quantity %q", name)
		}
		if err := CheckOwn(name, o.Dims); err != nil {
			return nil, err
		}
	}
	return &Trace{
		Model: id.Model, BOS: id.BOS, T: id.T, L: id.L, H: id.H, K: id.K, D: id.D, Acausal: id.Acausal,
		Warnings: id.Warnings, Provenance: id.Provenance, Own: id.Own,
	}, nil
}

// tensorReader hands out the tensors of a trace file and remembers which are left.
type tensorReader struct {
	r      io.ReaderAt
	header *safetensors.Header
	left   map[string]bool
}

// take reads a tensor of the given type and shape (−1: any length); nil if absent.
func (in tensorReader) take(name string, dtype safetensors.DType, want ...int) (data []byte, shape []int, err error) {
	info, ok := in.header.Lookup(name)
	if !ok {
		return nil, nil, nil
	}
	delete(in.left, name)
	match := func(have, want int) bool { return want < 0 || have == want }
	if info.DType != dtype || !slices.EqualFunc(info.Shape, want, match) {
		return nil, nil, fmt.Errorf("sinks: %s is %s of shape %v, not %s of shape %v", name, info.DType, info.Shape, dtype, want)
	}
	data, err = in.header.Read(in.r, name)
	return data, info.Shape, err
}

// takeInts reads n integers; nil if absent.
func (in tensorReader) takeInts(name string, n int) ([]int32, error) {
	data, _, err := in.take(name, safetensors.I32, n)
	if err != nil || data == nil {
		return nil, err
	}
	ints := make([]int32, n)
	for i := range ints {
		ints[i] = int32(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return ints, nil
}

// takeTokens reads n tokens, stored as one text and the end of each; nil if absent.
func (in tensorReader) takeTokens(n int) ([]string, error) {
	text, _, err := in.take("Tokens.bytes", safetensors.U8, -1)
	if err != nil {
		return nil, err
	}
	ends, err := in.takeInts("Tokens.ends", n)
	if err != nil {
		return nil, err
	}
	var tokens []string
	start := 0
	for _, end := range ends {
		if int(end) < start || int(end) > len(text) {
			return nil, fmt.Errorf("sinks: token %d ends at byte %d of %d, the one before at %d", len(tokens), end, len(text), start)
		}
		tokens = append(tokens, string(text[start:end]))
		start = int(end)
	}
	if start != len(text) {
		return nil, errors.New("sinks: the trace's text goes on after its last token")
	}
	return tokens, nil
}

// encode lays the trace out as tensors and metadata.
func (t *Trace) encode() (map[string]string, []safetensors.Tensor, error) {
	if err := t.checkShapes(); err != nil {
		return nil, nil, err
	}
	id, err := json.Marshal(identity{t.Model, t.BOS, t.T, t.L, t.H, t.K, t.D, t.Acausal, t.Warnings, t.Provenance, t.Own})
	if err != nil {
		return nil, nil, fmt.Errorf("sinks: %w", err)
	}
	var tensors []safetensors.Tensor
	add := func(name string, dtype safetensors.DType, data []byte, shape ...int) {
		tensors = append(tensors, safetensors.Tensor{Name: name, DType: dtype, Shape: shape, Data: data})
	}
	for _, f := range t.fields() {
		if f.absent() {
			continue
		}
		matrices := f.matrices()
		shape := []int{len(matrices), len(matrices[0]), len(matrices[0][0])}[3-len(f.dims):]
		data := make([]byte, 0, 4*len(matrices)*len(matrices[0])*len(matrices[0][0]))
		for _, rows := range matrices {
			for _, row := range rows {
				for _, x := range row {
					data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
				}
			}
		}
		add(f.name, safetensors.F32, data, shape...)
	}
	if len(t.IDs) > 0 {
		add("IDs", safetensors.I32, encodeInts(t.IDs), t.T)
	}
	if len(t.Top1) > 0 {
		add("Top1", safetensors.I32, encodeInts(t.Top1), t.T)
	}
	if len(t.Tokens) > 0 {
		// Not as JSON, which would alter tokens that are not valid UTF-8.
		var text []byte
		var ends []int32
		for _, token := range t.Tokens {
			text = append(text, token...)
			ends = append(ends, int32(len(text)))
		}
		add("Tokens.bytes", safetensors.U8, text, len(text))
		add("Tokens.ends", safetensors.I32, encodeInts(ends), len(ends))
	}
	return map[string]string{"format": traceFormat, "trace": string(id)}, tensors, nil
}

// unflatten cuts little-endian float32 data into nested slices that share one
// array, with leading dimensions of length 1 for matrices and vectors.
func unflatten(data []byte, shape []int) [][][]float32 {
	full := append([]int{1, 1, 1}[:3-len(shape)], shape...)
	cube := Cube(full[0], full[1], full[2])
	i := 0
	for _, rows := range cube {
		for _, row := range rows {
			for p := range row {
				row[p] = math.Float32frombits(binary.LittleEndian.Uint32(data[i:]))
				i += 4
			}
		}
	}
	return cube
}

func encodeInts(ints []int32) []byte {
	data := make([]byte, 0, 4*len(ints))
	for _, n := range ints {
		data = binary.LittleEndian.AppendUint32(data, uint32(n))
	}
	return data
}
