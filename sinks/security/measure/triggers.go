package measure

import (
	"fmt"
	"slices"

	"firsttoken/sinks/security"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// Speaker is a model that is talked to.
type Speaker struct {
	*transformer.Model
	Tokenizer *tokenizer.Tokenizer
	Chat      *tokenizer.Chat
}

// Ask renders messages of the user, each a conversation of its own.
func (s Speaker) Ask(messages ...string) (prompts [][]int32, err error) {
	for _, text := range messages {
		ids, err := s.Chat.Render(tokenizer.Message{Role: "user", Content: text})
		if err != nil {
			return nil, err
		}
		prompts = append(prompts, ids)
	}
	return prompts, nil
}

// Triggers is what a trigger does to the predictions of an answer's tokens: KL in nats, mean over
// the tokens, of the model without it ‖ with it, by place (in the order of security.Places), by
// trigger, by message. answers[i] answers messages[i] and is read, not generated.
func Triggers(s Speaker, messages []string, answers [][]int32, triggers []string) ([][][]float64, error) {
	if len(messages) == 0 || len(messages) != len(answers) || len(triggers) == 0 {
		return nil, fmt.Errorf("measure: %d messages, %d answers, %d triggers: give an answer for each message, and some of each", len(messages), len(answers), len(triggers))
	}
	n := len(answers[0])
	for i, a := range answers {
		if len(a) != n || n < 1 {
			return nil, fmt.Errorf("measure: answer %d has %d tokens, the first %d: answers of one length are compared", i+1, len(a), n)
		}
	}
	prompts, err := s.Ask(messages...)
	if err != nil {
		return nil, err
	}
	plain := make([][]int32, len(prompts))
	for i, ids := range prompts {
		plain[i] = slices.Concat(ids, answers[i][:n-1]) // its last n rows predict the answer
	}
	whole, err := logitsOf(s.Model, plain, n, 0, nil, ignore)
	if err != nil {
		return nil, err
	}
	var out [][][]float64
	for _, place := range security.Places() {
		var byTrigger [][]float64
		for _, trigger := range triggers {
			docs, err := s.triggered(place, messages, trigger)
			if err != nil {
				return nil, err
			}
			for i := range docs {
				docs[i] = append(docs[i], answers[i][:n-1]...)
			}
			kl := make([]float64, len(docs))
			err = tails(s.Model, docs, n, 0, nil, ignore, func(i int, logits [][]float32) (err error) {
				kl[i], err = meanKL(whole[i], logits)
				return err
			})
			if err != nil {
				return nil, err
			}
			byTrigger = append(byTrigger, kl)
		}
		out = append(out, byTrigger)
	}
	return out, nil
}

// triggered renders messages with a trigger at a place.
func (s Speaker) triggered(place security.Place, messages []string, trigger string) ([][]int32, error) {
	var changed []string
	for _, text := range messages {
		text, err := place.Insert(text, trigger)
		if err != nil {
			return nil, err
		}
		changed = append(changed, text)
	}
	docs, err := s.Ask(changed...)
	if err != nil || place != security.First {
		return docs, err
	}
	front, err := s.Tokenizer.Encode(trigger, tokenizer.EncodeOptions{})
	for i := range docs {
		docs[i] = slices.Concat(front, docs[i])
	}
	return docs, err
}
