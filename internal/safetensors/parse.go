package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"unicode/utf8"
)

// metadataKey is the header entry that holds strings instead of a tensor.
const metadataKey = "__metadata__"

// parseTable reads the JSON header. Offsets in the result are still relative
// to the start of the data.
func parseTable(text []byte) (*Header, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not valid UTF-8")
	}
	h := &Header{}
	err := entries(text, func(name string, value json.RawMessage) error {
		if name == metadataKey {
			h.Metadata = map[string]string{}
			return entries(value, func(key string, value json.RawMessage) error {
				var s *string
				if err := json.Unmarshal(value, &s); err != nil || s == nil {
					return errors.New("metadata must be a string")
				}
				h.Metadata[key] = *s
				return nil
			})
		}
		info, err := parseInfo(name, value)
		h.Tensors = append(h.Tensors, info)
		return err
	})
	return h, err
}

// parseInfo reads {"dtype": …, "shape": […], "data_offsets": [begin, end]}.
func parseInfo(name string, value json.RawMessage) (Info, error) {
	info := Info{Name: name}
	var shape, offsets []uint64
	seen := 0
	err := entries(value, func(key string, value json.RawMessage) (err error) {
		seen++
		switch key {
		case "dtype":
			return json.Unmarshal(value, &info.DType)
		case "shape":
			shape, err = naturals(value)
		case "data_offsets":
			offsets, err = naturals(value)
		default:
			err = errors.New("unknown field")
		}
		return err
	})
	switch {
	case err != nil:
		return info, err
	case seen != 3:
		return info, errors.New("dtype, shape and data_offsets are all needed")
	case info.DType.Size() == 0:
		return info, fmt.Errorf("unknown dtype %q", info.DType)
	case len(offsets) != 2:
		return info, fmt.Errorf("data_offsets has %d numbers, not 2", len(offsets))
	case offsets[0] > offsets[1] || offsets[1] > math.MaxInt64:
		return info, fmt.Errorf("data_offsets %v are out of order or range", offsets)
	}
	info.Shape = make([]int, len(shape))
	need := uint64(info.DType.Size())
	for i, n := range shape {
		high, low := bits.Mul64(need, n)
		if high != 0 || low > math.MaxInt64 || n > math.MaxInt {
			return info, fmt.Errorf("shape %v overflows", shape)
		}
		need, info.Shape[i] = low, int(n)
	}
	if have := offsets[1] - offsets[0]; have != need {
		return info, fmt.Errorf("shape %v of %s needs %d bytes, data_offsets hold %d", shape, info.DType, need, have)
	}
	info.Offset, info.Size = int64(offsets[0]), int64(need)
	return info, nil
}

// naturals reads an array of non-negative integers. Pointers tell null, which
// encoding/json would take for zero.
func naturals(value json.RawMessage) ([]uint64, error) {
	var numbers []*uint64
	if err := json.Unmarshal(value, &numbers); err != nil || numbers == nil {
		return nil, fmt.Errorf("%.40s is not an array of natural numbers", value)
	}
	out := make([]uint64, len(numbers))
	for i, n := range numbers {
		if n == nil {
			return nil, fmt.Errorf("%.40s is not an array of natural numbers", value)
		}
		out[i] = *n
	}
	return out, nil
}

// entries visits the members of one JSON object in order. Unlike decoding into
// a map or struct it refuses duplicate names and does not ignore their case.
func entries(text []byte, visit func(name string, value json.RawMessage) error) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		name := token.(string) // the decoder only yields strings as member names
		if seen[name] {
			return fmt.Errorf("duplicate name %q", name)
		}
		seen[name] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		if err := visit(name, value); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("text after the JSON object")
	}
	return nil
}
