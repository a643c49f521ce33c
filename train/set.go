package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Set returns the configuration with fields changed by name, each given as
// "field=value": the field by its path in the JSON form ("model.layers"), the
// value in JSON, or as plain text for a string ("packing.mask=intra-document"). An
// unknown field, or a value of the wrong type, is an error that names it.
func (c Config) Set(changes ...string) (Config, error) {
	for _, change := range changes {
		path, value, ok := strings.Cut(change, "=")
		if !ok {
			return c, fmt.Errorf("train config: %q: must be field=value, such as optimizer.learning_rate=0.001", change)
		}
		var err error
		if c, err = c.with(path, value); err != nil {
			return c, fmt.Errorf("train config: set %s: %w", change, err)
		}
	}
	return c, c.Validate()
}

// with changes one field.
func (c Config) with(path, value string) (Config, error) {
	var tree map[string]any
	dec := json.NewDecoder(bytes.NewReader(c.canonical()))
	dec.UseNumber() // a seed may not fit a float64
	if err := dec.Decode(&tree); err != nil {
		return c, err
	}
	at, keys := tree, strings.Split(path, ".")
	for i, key := range keys[:len(keys)-1] {
		next, ok := at[key].(map[string]any)
		if !ok && at[key] != nil {
			return c, fmt.Errorf("%s is not an object", strings.Join(keys[:i+1], "."))
		}
		if !ok {
			next = map[string]any{} // left out while empty; unknown names show below
			at[key] = next
		}
		at = next
	}
	last := keys[len(keys)-1]
	_, isText := at[last].(string)
	if json.Valid([]byte(value)) && (!isText || strings.HasPrefix(value, `"`)) {
		at[last] = json.RawMessage(value)
	} else {
		at[last] = value
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return c, err
	}
	var changed Config
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&changed); err != nil {
		return c, err
	}
	return changed, nil
}

// Changes lists the fields in which another configuration differs from this one,
// as Set takes them, by name.
func (c Config) Changes(other Config) []string {
	from, to := c.fields(), other.fields()
	var names []string
	for name := range from {
		names = append(names, name)
	}
	for name := range to {
		if _, ok := from[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var changes []string
	for _, name := range names {
		if from[name] != to[name] {
			changes = append(changes, name+"="+to[name])
		}
	}
	return changes
}

// fields flattens the JSON form: values by path.
func (c Config) fields() map[string]string {
	var tree any
	dec := json.NewDecoder(bytes.NewReader(c.canonical()))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		panic(err) // unreachable: canonical has just made it
	}
	flat := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		object, ok := v.(map[string]any)
		if !ok {
			text, _ := json.Marshal(v)
			flat[path] = strings.Trim(string(text), `"`)
			return
		}
		for key, v := range object {
			walk(strings.TrimPrefix(path+"."+key, "."), v)
		}
	}
	walk("", tree)
	return flat
}

// Field is the value of a field by its name, as Changes writes it.
func (c Config) Field(name string) (value string, ok bool) {
	value, ok = c.fields()[name]
	return value, ok
}
