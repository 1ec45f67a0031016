package workload

import (
	"fmt"
	"math"
	"strconv"

	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// Keys draws keys 0..count-1 of which key k has probability ∝ 1/(k+1)^skew
// (Zipf). It is read-only once made, so that all instances share one; it takes
// 12 bytes a key.
type Keys struct {
	keep  []float64 // probability of keeping the column drawn
	other []int32   // else this one
}

// NewKeys returns the law of k's keys, as a table of Walker's alias method in
// Vose's form (Vose, A linear algorithm for generating random numbers with a
// given distribution, IEEE Trans. Software Eng. 17(9), 1991): a draw takes one
// random word whatever the skew. It panics if there are no keys.
func NewKeys(k scenarios.Keys) *Keys {
	if k.Count < 1 || k.Count > math.MaxInt32 || k.Skew < 0 {
		panic(fmt.Sprintf("workload: %d keys of skew %g", k.Count, k.Skew))
	}
	keys := &Keys{keep: make([]float64, k.Count), other: make([]int32, k.Count)}
	sum := 0.0
	for i := k.Count - 1; i >= 0; i-- { // the small ones first: no digits lost
		keys.keep[i] = math.Pow(float64(i+1), -k.Skew)
		sum += keys.keep[i]
	}
	small, large := make([]int32, 0, k.Count), make([]int32, 0, k.Count)
	for i := range keys.keep {
		keys.keep[i] *= float64(k.Count) / sum
		keys.other[i] = int32(i)
		if keys.keep[i] < 1 {
			small = append(small, int32(i))
		} else {
			large = append(large, int32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		keys.other[s] = l
		keys.keep[l] -= 1 - keys.keep[s]
		if keys.keep[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range small { // left over by rounding
		keys.keep[i] = 1
	}
	return keys
}

// Len is the number of keys.
func (k *Keys) Len() int { return len(k.keep) }

// Next draws a key.
func (k *Keys) Next(stream *rng.Stream) int32 {
	x := stream.Float64() * float64(len(k.keep))
	i := min(int(x), len(k.keep)-1)
	if x-float64(i) < k.keep[i] {
		return int32(i)
	}
	return k.other[i]
}

// PartitionOfKey is where both clients put the records of a key whose bytes are
// its decimal digits: murmur2 without its sign bit, modulo the number of partitions
// (BuiltInPartitioner.partitionForKey; kgo KafkaHasher).
func PartitionOfKey(key int32, partitions int) int32 {
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], int64(key), 10)
	return int32((murmur2(text) & 0x7fffffff) % uint32(partitions))
}

// murmur2 is MurmurHash2 with Kafka's seed (clients/.../common/utils/Utils.java;
// Appleby's algorithm is in the public domain).
func murmur2(data []byte) uint32 {
	const seed, m, r = 0x9747b28c, 0x5bd1e995, 24
	h := uint32(seed) ^ uint32(len(data))
	for ; len(data) >= 4; data = data[4:] {
		k := uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16 | uint32(data[3])<<24
		k *= m
		k ^= k >> r
		k *= m
		h = h*m ^ k
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h ^= uint32(data[0])
		h *= m
	}
	h ^= h >> 13
	h *= m
	h ^= h >> 15
	return h
}
