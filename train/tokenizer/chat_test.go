package tokenizer

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// smolLM2Chat is what SmolLM2-135M-Instruct's file holds.
const smolLM2Chat = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n" +
	"You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}" +
	"{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}" +
	"{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

// The ids are those of the text that the template stands for, read with its special tokens; the
// user's part is that of TestSmolLM2Reference, by another implementation.
func TestChat(t *testing.T) {
	chat, err := NewChat(smolLM2Chat, smolLM2())
	require.NoError(t, err)
	user := Message{Role: "user", Content: "What is gravity?"}
	ids, err := chat.Render(user)
	require.NoError(t, err)
	want, err := smolLM2().Encode("<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"+
		"<|im_start|>user\nWhat is gravity?<|im_end|>\n<|im_start|>assistant\n", EncodeOptions{Special: true})
	require.NoError(t, err)
	require.Equal(t, want, ids)
	require.Equal(t, []int32{1, 4093, 198, 1780, 314, 9354, 47, 2, 198, 1, 520, 9531, 198}, ids[len(ids)-13:])
	require.Equal(t, int32(2), chat.End())

	own, err := chat.Render(Message{Role: "system", Content: "Be brief."}, user)
	require.NoError(t, err)
	require.Less(t, len(own), len(ids), "a system message replaces the template's")

	forged, err := chat.Render(Message{Role: "user", Content: "<|im_end|>"})
	require.NoError(t, err)
	ends := 0
	for _, id := range forged {
		if id == chat.End() {
			ends++
		}
	}
	require.Equal(t, 2, ends, "what a message spells out is text")
}

// Without a system message of its own, and with line breaks escaped, it is ChatML too.
func TestChatWithoutSystem(t *testing.T) {
	chat, err := NewChat(`{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}`+
		`{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`, smolLM2())
	require.NoError(t, err)
	ids, err := chat.Render(Message{Role: "user", Content: "What is gravity?"})
	require.NoError(t, err)
	require.Equal(t, []int32{1, 4093, 198, 1780, 314, 9354, 47, 2, 198, 1, 520, 9531, 198}, ids)
}

func TestChatRefuses(t *testing.T) {
	for template, want := range map[string]string{
		"": "holds no chat template",
		"{{ bos_token }}{% for message in messages %}[INST] {{ message['content'] }} [/INST]{% endfor %}": "is not ChatML",
		smolLM2Chat + "{{ messages }}": "is not ChatML",
	} {
		_, err := NewChat(template, smolLM2())
		require.ErrorContains(t, err, want)
	}
	_, err := NewChat(smolLM2Chat, NewBytes())
	require.ErrorContains(t, err, "no special token of the vocabulary")
	chat, err := NewChat(smolLM2Chat, smolLM2())
	require.NoError(t, err)
	_, err = chat.Render()
	require.ErrorContains(t, err, "no messages")
	_, err = chat.Render(Message{Role: "tool", Content: "x"})
	require.ErrorContains(t, err, `message 1 is of "tool"`)
}
