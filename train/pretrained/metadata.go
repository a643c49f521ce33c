package pretrained

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"firsttoken/internal/gguf"
)

// metadata reads typed values from a GGUF header under one prefix, and remembers
// what was asked for and what was wrong.
type metadata struct {
	file     *gguf.Header
	prefix   string
	asked    map[string]bool
	problems []error
}

func readMetadata(file *gguf.Header, prefix string) *metadata {
	return &metadata{file: file, prefix: prefix, asked: map[string]bool{}}
}

func (m *metadata) bad(format string, args ...any) {
	m.problems = append(m.problems, fmt.Errorf(format, args...))
}

// raw returns a value, nil if it is absent.
func (m *metadata) raw(key string) any {
	key = m.prefix + key
	m.asked[key] = true
	return m.file.Value(key)
}

// required, for natural and real, makes an absent key a problem.
const required = -1

// natural reads an integer in [0, 2³¹).
func (m *metadata) natural(key string, fallback int) int {
	raw := m.raw(key)
	var n uint64
	switch raw := raw.(type) {
	case nil:
		if fallback == required {
			m.bad("metadata key %s%s is missing", m.prefix, key)
		}
		return fallback
	case uint8:
		n = uint64(raw)
	case uint16:
		n = uint64(raw)
	case uint32:
		n = uint64(raw)
	case uint64:
		n = raw
	// A negative number becomes a huge one, and is refused like those.
	case int8:
		n = uint64(raw)
	case int16:
		n = uint64(raw)
	case int32:
		n = uint64(raw)
	case int64:
		n = uint64(raw)
	default:
		m.bad("metadata key %s%s is a %T: must be an integer", m.prefix, key, raw)
		return fallback
	}
	if n > math.MaxInt32 {
		m.bad("metadata key %s%s = %v: must be between 0 and 2³¹−1", m.prefix, key, raw)
		return fallback
	}
	return int(n)
}

// real reads a floating-point number.
func (m *metadata) real(key string, fallback float64) float64 {
	switch raw := m.raw(key).(type) {
	case nil:
		if fallback == required {
			m.bad("metadata key %s%s is missing", m.prefix, key)
		}
	case float64:
		return raw
	case float32:
		// The shortest decimal that rounds to it, 1e-5 rather than
		// 9.99999974e-06, so that a configuration reads as its authors wrote it.
		x, _ := strconv.ParseFloat(strconv.FormatFloat(float64(raw), 'g', -1, 32), 64)
		return x
	default:
		m.bad("metadata key %s%s is a %T: must be a floating-point number", m.prefix, key, raw)
	}
	return fallback
}

// value reads a value of exactly type V; absent, it is V's zero.
func value[V any](m *metadata, key string) V {
	raw := m.raw(key)
	v, ok := raw.(V)
	if !ok && raw != nil {
		m.bad("metadata key %s%s is a %T: must be a %T", m.prefix, key, raw, v)
	}
	return v
}

// given reads a value of exactly type V; absent, it is nil.
func given[V any](m *metadata, key string) *V {
	if m.raw(key) == nil {
		return nil
	}
	v := value[V](m, key)
	return &v
}

// refuseOthers makes every key under the prefix that was not asked for a problem.
func (m *metadata) refuseOthers() {
	for _, kv := range m.file.KeyValues {
		if strings.HasPrefix(kv.Key, m.prefix) && !m.asked[kv.Key] {
			m.bad("metadata key %s is unknown: it may change the computation", kv.Key)
		}
	}
}
