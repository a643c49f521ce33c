package corpus

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

type parquetRow struct {
	Text string `parquet:"text,zstd,dict"`
	N    int64  `parquet:"n"`
}

func smallParquet(t testing.TB) []byte {
	t.Helper()
	var rows []parquetRow
	for i := range 40 {
		rows = append(rows, parquetRow{fmt.Sprint("text ", i%7), int64(i)})
	}
	path := filepath.Join(t.TempDir(), "small.parquet")
	require.NoError(t, parquet.WriteFile(path, rows, parquet.MaxRowsPerRowGroup(15)))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

func readColumn(t testing.TB, data []byte) (texts []string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.parquet")
	require.NoError(t, os.WriteFile(path, data, 0o644))
	for text, err := range column(path, "text") {
		if err != nil {
			return texts, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

func TestColumn(t *testing.T) {
	texts, err := readColumn(t, smallParquet(t))
	require.NoError(t, err)
	require.Len(t, texts, 40)
	require.Equal(t, []string{"text 0", "text 1"}, texts[:2])
	require.Equal(t, "text 4", texts[39])
}

// A panic of the caller is the caller's.
func TestColumnLeavesPanicsOfTheCallerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	require.NoError(t, os.WriteFile(path, smallParquet(t), 0o644))
	require.PanicsWithValue(t, "mine", func() {
		for range column(path, "text") {
			panic("mine")
		}
	})
}

// Damage of a byte near the end, where a file's description stands, is an error or harmless, never
// a panic.
func TestColumnOfDamagedFiles(t *testing.T) {
	good := smallParquet(t)
	refused := 0
	for at := max(0, len(good)-700); at < len(good); at += 3 {
		bad := append([]byte{}, good...)
		bad[at] ^= 0x41
		if _, err := readColumn(t, bad); err != nil {
			refused++
		}
	}
	require.Greater(t, refused, 30)
	for n := 0; n < len(good); n += 50 {
		_, err := readColumn(t, good[:n])
		require.Error(t, err, "the first %d bytes", n)
	}
}

func FuzzColumn(f *testing.F) {
	good := smallParquet(f)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("PAR1PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		texts, err := readColumn(t, data)
		if err == nil {
			require.Less(t, len(texts), 1<<20)
		}
	})
}
