package tokenizer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"` // "system", "user" or "assistant"
	Content string `json:"content"`
}

// Chat writes conversations as a model was trained to read them, in the one form that is known
// here: ChatML, <|im_start|>role ⏎ content <|im_end|> ⏎ for each message.
type Chat struct {
	tok        *Tokenizer
	system     string // the system message where a conversation brings none; "": none
	start, end int32  // <|im_start|>, <|im_end|>
}

// chatML is ChatML as a Jinja template, with or without a system message of its own: what the
// files of SmolLM2 and of many others hold. A line break is written as such or as \n.
var chatML = func() *regexp.Regexp {
	q := regexp.QuoteMeta
	form := q("{% for message in messages %}") +
		"(?:" + q("{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system⏎") + `([^'{}]*)` + q("<|im_end|>⏎' }}{% endif %}") + ")?" +
		q("{{'<|im_start|>' + message['role'] + '⏎' + message['content'] + '<|im_end|>' + '⏎'}}{% endfor %}") +
		q("{% if add_generation_prompt %}{{ '<|im_start|>assistant⏎' }}{% endif %}")
	return regexp.MustCompile("^" + strings.ReplaceAll(form, "⏎", `(?:\n|\\n)`) + "$")
}()

// NewChat reads the chat template of a model's file. A template is a program, and none is run: one
// that is not ChatML, to the letter, is an error.
func NewChat(template string, tok *Tokenizer) (*Chat, error) {
	if template == "" {
		return nil, errors.New("tokenizer: the model's file holds no chat template: it was not trained to answer (a base model), or its template is elsewhere")
	}
	found := chatML.FindStringSubmatch(strings.TrimSpace(template))
	if found == nil {
		return nil, fmt.Errorf("tokenizer: the chat template is not ChatML as SmolLM2's file writes it, the one form known here; it begins %.60q", template)
	}
	c := &Chat{tok: tok, system: strings.ReplaceAll(found[1], `\n`, "\n")}
	for name, id := range map[string]*int32{"<|im_start|>": &c.start, "<|im_end|>": &c.end} {
		var ok bool
		if *id, ok = tok.ID(name); !ok || !tok.IsSpecial(*id) {
			return nil, fmt.Errorf("tokenizer: the chat template writes %s, which is no special token of the vocabulary", name)
		}
	}
	return c, nil
}

// End is the token that ends a message, and so an answer.
func (c *Chat) End() int32 { return c.end }

// Render writes a conversation up to where the answer begins. What messages say is text: one that
// spells out <|im_end|> does not end there.
func (c *Chat) Render(messages ...Message) ([]int32, error) {
	if len(messages) == 0 {
		return nil, errors.New("tokenizer: a conversation of no messages: give at least the user's")
	}
	for i, m := range messages {
		if !slices.Contains([]string{"system", "user", "assistant"}, m.Role) {
			return nil, fmt.Errorf("tokenizer: message %d is of %q: use system, user or assistant", i+1, m.Role)
		}
	}
	if c.system != "" && messages[0].Role != "system" {
		messages = append([]Message{{Role: "system", Content: c.system}}, messages...)
	}
	var ids []int32
	add := func(text string) (err error) {
		ids, err = c.tok.AppendEncode(ids, text, EncodeOptions{})
		return err
	}
	for _, m := range messages {
		ids = append(ids, c.start)
		if err := add(m.Role + "\n" + m.Content); err != nil {
			return nil, fmt.Errorf("tokenizer: a message of %s: %w", m.Role, err)
		}
		ids = append(ids, c.end)
		if err := add("\n"); err != nil {
			return nil, err
		}
	}
	ids = append(ids, c.start)
	return ids, add("assistant\n")
}
