package tokenizer

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	cacheSlots = 1 << 15
	// cacheMaxWord bounds the memory of a slot. Longer words are rare, and
	// rarely seen twice.
	cacheMaxWord = 48
)

// wordCache remembers the ids of pre-tokens. Natural text repeats its words,
// so most are never merged twice. Each word has one slot, which a later word
// with the same slot takes over: memory is bounded and readers never wait.
type wordCache struct {
	make  sync.Once // when the first word comes: many a tokenizer is only asked about its tokens
	slots *[cacheSlots]atomic.Pointer[cachedWord]
}

type cachedWord struct {
	word string
	ids  []int32
}

func (c *wordCache) slot(seed maphash.Seed, word string) *atomic.Pointer[cachedWord] {
	c.make.Do(func() { c.slots = new([cacheSlots]atomic.Pointer[cachedWord]) })
	return &c.slots[maphash.String(seed, word)%cacheSlots]
}

func newCachedWord(word string, ids []int32) *cachedWord {
	// Clones: the word must not keep the whole text alive.
	return &cachedWord{word: strings.Clone(word), ids: slices.Clone(ids)}
}
