package pretrained

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"firsttoken/train/tokenizer"
)

// chatTemplate is the key of a chat template, in GGUF files behind "tokenizer.".
const chatTemplate = "chat_template"

// LoadChat reads how the model that Load would read is talked to, from its GGUF file or its
// folder's tokenizer_config.json. Without a template, or with one of another form than ChatML, it
// is an error that says so.
func LoadChat(ref string, options ...Options) (*tokenizer.Chat, error) {
	tok, err := LoadTokenizer(ref, options...)
	if err != nil {
		return nil, err
	}
	path, err := resolve(ref, false)
	if err != nil {
		return nil, err
	}
	read := ggufChat
	if isFolder(path) {
		read = folderChat
	}
	template, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("loading the chat template of %q: %s: %w", ref, path, err)
	}
	chat, err := tokenizer.NewChat(template, tok)
	if err != nil {
		return nil, fmt.Errorf("loading the chat template of %q: %w", ref, err)
	}
	return chat, nil
}

// ggufChat is the template of a GGUF file, "" where there is none.
func ggufChat(path string) (string, error) {
	g, err := openGGUF(path)
	if err != nil {
		return "", err
	}
	defer g.close()
	template, _ := g.file.Value("tokenizer." + chatTemplate).(string)
	return template, nil
}

// folderChat is the template of a folder, "" where there is none.
func folderChat(folder string) (string, error) {
	path := filepath.Join(folder, vocabConfig)
	if !exists(path) {
		return "", nil
	}
	text, err := readLimited(path, maxJSONConfig)
	if err != nil {
		return "", err
	}
	var c struct {
		Template json.RawMessage `json:"chat_template"` // a list of named ones in some files
	}
	var template string
	if err := json.Unmarshal(text, &c); err != nil || len(c.Template) == 0 {
		return "", err
	}
	if err := json.Unmarshal(c.Template, &template); err != nil {
		return "", fmt.Errorf("%s: %s is no single template: %w", vocabConfig, chatTemplate, err)
	}
	return template, nil
}
