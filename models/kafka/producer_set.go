package kafka

import (
	"math/bits"
	"slices"
)

// An indexSet is a set of small integers: bit i%64 of word i/64.
type indexSet []uint64

// wordsFor is how many words a set of 0..n-1 takes.
func wordsFor(n int) int { return (n + 63) / 64 }

func (s indexSet) add(i int32)      { s[i>>6] |= 1 << (uint32(i) & 63) }
func (s indexSet) remove(i int32)   { s[i>>6] &^= 1 << (uint32(i) & 63) }
func (s indexSet) has(i int32) bool { return s[i>>6]&(1<<(uint32(i)&63)) != 0 }

func (s indexSet) clear() {
	for w := range s {
		s[w] = 0
	}
}

// next is the least member ≥ from of both s and t, or -1.
func (s indexSet) next(t indexSet, from int32) int32 {
	w := int(from >> 6)
	if w >= len(s) {
		return -1
	}
	word := s[w] & t[w] &^ (1<<(uint32(from)&63) - 1)
	for word == 0 {
		w++
		if w >= len(s) {
			return -1
		}
		word = s[w] & t[w]
	}
	return int32(w<<6 + bits.TrailingZeros64(word))
}

// previous is the greatest member < before, or the greatest of all, or -1: the
// one before it in cyclic order.
func (s indexSet) previous(before int32) int32 {
	last := int32(-1)
	for w, word := range slices.Backward(s) {
		if word == 0 {
			continue
		}
		if last < 0 {
			last = int32(w<<6 + bits.Len64(word) - 1)
		}
		if int32(w<<6) >= before {
			continue
		}
		if int32(w) == before>>6 {
			word &= 1<<(uint32(before)&63) - 1
		}
		if word != 0 {
			return int32(w<<6 + bits.Len64(word) - 1)
		}
	}
	return last
}

// meets reports whether s and t have a common member.
func (s indexSet) meets(t indexSet) bool {
	for w := range s {
		if s[w]&t[w] != 0 {
			return true
		}
	}
	return false
}
