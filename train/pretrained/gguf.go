package pretrained

import (
	"fmt"

	"github.com/gomlx/compute"

	"firsttoken/train/tokenizer"
)

// ropeFreqs is the tensor that ropeFactors reads.
const ropeFreqs = "rope_freqs.weight"

// loadGGUF reads a GGUF file.
func loadGGUF(backend compute.Backend, path string, o Options, rehearse func(*Loaded) error) (*Loaded, error) {
	g, err := openGGUF(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer g.close()
	if backend.HasSharedBuffers() {
		// Read straight into memory that the device uses. Elsewhere the library
		// would move a tensor to the device, only for us to fetch it back.
		g.backend = backend
	}
	c, err := g.config()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	vocabulary := func() (*tokenizer.Tokenizer, error) { return g.tokenizer(o.Pre) }
	m, err := assemble(backend, c, o, g, ggufLayout(g.file.Architecture()), vocabulary, rehearse)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.Format, m.Files = "GGUF", []string{path}
	return m, nil
}
