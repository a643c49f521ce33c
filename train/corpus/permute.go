package corpus

import "math/bits"

// permutation is a random order of 0 … n−1 that takes no memory: any place of it is computed on its
// own. So a trainer enters the order of a billion windows anywhere, at once.
//
// It is a Feistel network, which permutes 0 … 4^h−1, with places at or above n walked through to
// the next (Black and Rogaway 2002, "Ciphers with arbitrary finite domains"). Eight rounds: with
// four, small n come out visibly uneven.
type permutation struct {
	n    uint64
	half uint // bits of each half
	keys [8]uint64
}

func newPermutation(n int64, seed, epoch uint64) permutation {
	p := permutation{n: uint64(n), half: uint(bits.Len64(uint64(n)-1)+1) / 2}
	key := mix64(seed) ^ mix64(^epoch)
	for i := range p.keys {
		key = mix64(key + uint64(i))
		p.keys[i] = key
	}
	return p
}

// at returns place i of the order, i in [0, n).
func (p permutation) at(i int64) int64 {
	x := uint64(i)
	mask := uint64(1)<<p.half - 1
	for {
		left, right := x>>p.half, x&mask
		for _, key := range p.keys {
			left, right = right, left^(mix64(right^key)&mask)
		}
		x = left<<p.half | right
		if x < p.n {
			return int64(x)
		}
	}
}

// mix64 is the output function of SplitMix64 (Steele, Lea and Flood 2014) on the state x.
func mix64(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
