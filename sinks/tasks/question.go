package tasks

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"firsttoken/train/tokenizer"
)

// Question is a text to be continued and its possible continuations.
type Question struct {
	Text    string
	Answers []string // at least two, all different
	Right   int      // index of the right one
}

//go:embed questions.txt
var builtin string

// Questions are the built-in ones: facts and grammar, four answers each.
func Questions() ([]Question, error) { return ParseQuestions(strings.NewReader(builtin)) }

// ParseQuestions reads the form that questions.txt explains: a line of text, then lines of answers,
// "+ " before the right one and "- " before the others; a blank line ends a question, "#" starts a
// comment line. Errors name the line.
func ParseQuestions(r io.Reader) ([]Question, error) {
	var p questionParser
	lines := bufio.NewScanner(r)
	number := 0
	for lines.Scan() {
		number++
		if err := p.line(strings.TrimSpace(lines.Text())); err != nil {
			return nil, fmt.Errorf("tasks: line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("tasks: after line %d: %w", number, err)
	}
	if err := p.end(); err != nil {
		return nil, fmt.Errorf("tasks: at the end: %w", err)
	}
	if len(p.done) == 0 {
		return nil, errors.New("tasks: no questions")
	}
	return p.done, nil
}

// questionParser collects questions line by line.
type questionParser struct {
	done []Question
	open *Question
	plus int // right answers so far
}

func (p *questionParser) line(s string) error {
	mark, answer, _ := strings.Cut(s, " ")
	switch {
	case strings.HasPrefix(s, "#"):
		return nil
	case s == "":
		return p.end()
	case mark != "+" && mark != "-":
		if p.open != nil {
			return fmt.Errorf("%q: an answer begins with %q or %q; a blank line must precede the next question", s, "+ ", "- ")
		}
		p.open, p.plus = &Question{Text: s}, 0
		return nil
	case p.open == nil:
		return fmt.Errorf("%q: an answer without a question", s)
	}
	if answer = strings.TrimSpace(answer); answer == "" {
		return fmt.Errorf("an empty answer to %q", p.open.Text)
	}
	for _, other := range p.open.Answers {
		if other == answer {
			return fmt.Errorf("answer %q is there twice", answer)
		}
	}
	if mark == "+" {
		p.open.Right = len(p.open.Answers)
		p.plus++
	}
	p.open.Answers = append(p.open.Answers, answer)
	return nil
}

// end closes the open question, if there is one.
func (p *questionParser) end() error {
	switch {
	case p.open == nil:
		return nil
	case p.plus != 1:
		return fmt.Errorf("%q has %d right answers: mark exactly one with +", p.open.Text, p.plus)
	case len(p.open.Answers) < 2:
		return fmt.Errorf("%q needs two answers at least", p.open.Text)
	}
	p.done, p.open = append(p.done, *p.open), nil
	return nil
}

// Prompt is the question in a model's tokens; an answer is a space and its text.
func (q Question) Prompt(tok *tokenizer.Tokenizer) (Prompt, error) {
	return encode(tok, q.Text, q.Answers, q.Right)
}

// encode makes a prompt of a text and the answers that may follow it.
func encode(tok *tokenizer.Tokenizer, text string, answers []string, right int) (p Prompt, err error) {
	if p.IDs, err = tok.Encode(text, tokenizer.EncodeOptions{}); err != nil {
		return Prompt{}, fmt.Errorf("tasks: %w", err)
	}
	for _, a := range answers {
		ids, err := tok.Encode(" "+a, tokenizer.EncodeOptions{})
		if err != nil {
			return Prompt{}, fmt.Errorf("tasks: %w", err)
		}
		p.Answers = append(p.Answers, ids)
	}
	p.Right = right
	return p, nil
}
