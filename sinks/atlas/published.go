package atlas

// Published is a sink rate that others report, % of heads.
type Published struct {
	Label   string
	Layers  int
	Heads   int // a layer; 0: not said
	Epsilon float64
	Rate    float64
	Source  string
}

// PublishedRates are rates with ⟨bos⟩ at T = 64, of sequences of other texts than those here.
func PublishedRates() []Published {
	const barbero, gu = "Barbero et al. 2025, Table 1", "Gu et al. 2025"
	return []Published{
		{"LLaMA 3.1 8B", 32, 32, 0.8, 45.97, barbero},
		{"LLaMA 3.1 70B", 80, 64, 0.8, 73.49, barbero},
		{"LLaMA 3.1 405B", 126, 128, 0.8, 78.29, barbero},
		{"GPT-2 XL", 48, 25, 0.3, 77.00, gu},
		{"Mistral 7B", 32, 32, 0.3, 97.49, gu},
		{"LLaMA 3 8B", 32, 32, 0.3, 99.02, gu},
	}
}
