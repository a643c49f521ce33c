package pretrained

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/tokenizer"
)

// SmolLM2's file says how it is talked to; it has a system message of its own.
func TestLoadChat(t *testing.T) {
	smollm2Path(t)
	chat, err := LoadChat("smollm2")
	require.NoError(t, err)
	ids, err := chat.Render(tokenizer.Message{Role: "user", Content: "What is gravity?"})
	require.NoError(t, err)
	require.Equal(t, []int32{1, 9690, 198}, ids[:3], "<|im_start|>, system, a line break")
	require.Equal(t, []int32{1, 4093, 198, 1780, 314, 9354, 47, 2, 198, 1, 520, 9531, 198}, ids[len(ids)-13:])
}

func TestFolderChat(t *testing.T) {
	folder := t.TempDir()
	template, err := folderChat(folder)
	require.NoError(t, err)
	require.Empty(t, template, "no file")
	for text, want := range map[string]string{`{"chat_template":"{{ x }}"}`: "{{ x }}", `{"bos_token":"<s>"}`: ""} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, vocabConfig), []byte(text), 0o600))
		template, err = folderChat(folder)
		require.NoError(t, err)
		require.Equal(t, want, template)
	}
	for _, text := range []string{`{"chat_template":[{"name":"default","template":"x"}]}`, `{`} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, vocabConfig), []byte(text), 0o600))
		_, err = folderChat(folder)
		require.Error(t, err, text)
	}
}
